#include "base/nearest.h"

#include <ctype.h>
#include <stdbool.h>
#include <string.h>

enum { LONGEST = 64 }; /* longer text is no typo of any name we have */

static bool same_letter(char a, char b) {
  return tolower((unsigned char)a) == tolower((unsigned char)b);
}

static bool contains(const char *name, const char *text, size_t length) {
  size_t i, start, name_length = strlen(name);
  for (start = 0; start + length <= name_length; start++) {
    for (i = 0; i < length && same_letter(name[start + i], text[i]); i++) {}
    if (i == length) return true;
  }
  return false;
}

static size_t smallest(size_t a, size_t b, size_t c) {
  size_t ab = a < b ? a : b;
  return ab < c ? ab : c;
}

/* Levenshtein distance, ignoring case. */
static size_t distance(const char *name, const char *text, size_t length) {
  size_t row[LONGEST + 1], i, j, name_length = strlen(name);
  for (j = 0; j <= length; j++) row[j] = j;
  for (i = 1; i <= name_length; i++) {
    size_t diagonal = row[0];
    row[0] = i;
    for (j = 1; j <= length; j++) {
      size_t above = row[j], change = same_letter(name[i - 1], text[j - 1]) ? 0 : 1;
      row[j] = smallest(above + 1, row[j - 1] + 1, diagonal + change);
      diagonal = above;
    }
  }
  return row[length];
}

/* The distance of a name from `text`; lower is nearer. The distance is at most 1
** if the name contains the whole text ("agents" in "convai_agents"). */
static size_t cost(const char *name, const char *text, size_t length) {
  size_t slips = distance(name, text, length);
  return slips > 1 && length >= 4 && contains(name, text, length) ? 1 : slips;
}

const char *ew_nearest(const char *const *names, const char *text, size_t length) {
  const char *best = NULL;
  size_t best_cost = length / 3 > 2 ? length / 3 : 2;
  if (length == 0 || length > LONGEST) return NULL;
  for (; *names; names++) {
    size_t c = cost(*names, text, length);
    bool shorter = best && c == best_cost && strlen(*names) < strlen(best);
    if (c < best_cost || (!best && c == best_cost) || shorter) {
      best = *names;
      best_cost = c;
    }
  }
  return best;
}
