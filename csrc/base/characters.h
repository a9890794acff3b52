/*
** characters.h - the characters that no id and no address holds. Web pages, word processors and
** spreadsheets put them into files. Most of them are invisible.
** Source of the names: the Unicode Character Database 15.
*/
#ifndef EW_CHARACTERS_H
#define EW_CHARACTERS_H

#include <stdbool.h>
#include <stddef.h>

typedef enum {
  EW_TEXT,      /* control characters are refused */
  EW_IDENTIFIER /* spaces, quotes, separators and invisible characters too */
} ew_text_kind;

typedef struct {
  size_t number; /* the character's place in the text, counted in characters from 1 */
  char name[56]; /* "a space", "U+00A0 NO-BREAK SPACE"; "" if the bytes are no UTF-8 */
} ew_character;

/* True if all bytes are ASCII that any identifier may hold. Almost every identifier is such a
** text: this check costs one look-up a byte. */
bool ew_characters_are_plain(const char *bytes, size_t length);

/* True if the text holds a character that a text of this kind must not hold. Describes the first
** one. */
bool ew_characters_refused(const char *bytes, size_t length, ew_text_kind kind,
                           ew_character *first);

/* The number of characters that begin in these bytes. */
size_t ew_characters_count(const char *bytes, size_t length);

#endif
