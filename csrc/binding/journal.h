/*
** journal.h - the journal's file, as Lua sees it.
**
**   journal:next() -> text | nil (the end) | nil, failure
**   journal:append(text) -> true | nil, failure
**   journal:record(names, values, ...) -> true | nil, failure    see json_object.h
**   journal:sync() -> true | nil, failure      nothing counts before it
**   journal:is_new() -> true if the file held no record when it was opened
**   journal:is_in_use() -> true if it was opened by read_journal while a run had it
**   journal:close()                            drops what was not synced
*/
#ifndef LEW_JOURNAL_H
#define LEW_JOURNAL_H

#include "binding/compat.h"

/* Make the metatable; once per Lua state. */
void lew_register_journal(lua_State *L);

/* core.open_journal(path, create, kind) -> journal | nil (there is none) | nil, failure.
** The kind is "journal" (default), "plan" or "case". */
int lew_open_journal(lua_State *L);

/* core.read_journal(path) -> journal that can only be read | nil (there is none) | nil, failure.
** A run may write to it meanwhile. */
int lew_read_journal(lua_State *L);

/* core.make_folder(path) -> true | nil, failure */
int lew_make_folder(lua_State *L);

/* core.check_folder(path) -> true | nil, failure */
int lew_check_folder(lua_State *L);

/* core.make_file(path) -> true | nil, failure. The file is empty, and its owner's alone. */
int lew_make_file(lua_State *L);

/* core.rename(from, to) -> true | nil, failure. The new name is then on the disk. */
int lew_rename(lua_State *L);

#endif
