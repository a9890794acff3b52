#include "binding/journal.h"

#include <string.h>

#include "base/folder.h"
#include "binding/class.h"
#include "binding/json_object.h"
#include "binding/result.h"
#include "journal/journal.h"

#define JOURNAL "elevenlabs.workspace.journal"

static ew_journal *check_journal(lua_State *L) {
  return luaL_checkudata(L, 1, JOURNAL);
}

/* Reads a path. EW_EINVAL: the system would end it at a NUL. */
static ew_status read_path(lua_State *L, int index, const char *field, const char **path,
                           ew_error *error) {
  size_t length;
  *path = luaL_checklstring(L, index, &length);
  if (strlen(*path) != length)
    return ew_fail(error, EW_EINVAL, field, "the %s's path must not hold NUL", field);
  return EW_OK;
}

static int open_journal(lua_State *L, ew_journal_access access, ew_journal_kind kind) {
  const char *path;
  bool found;
  ew_journal *journal;
  ew_error error;
  if (read_path(L, 1, "journal", &path, &error) != EW_OK) return lew_push_failure(L, &error);
  lua_settop(L, 1);
  journal = lua_newuserdata(L, sizeof *journal);
  ew_journal_init(journal);
  luaL_getmetatable(L, JOURNAL);
  lua_setmetatable(L, -2);
  if (ew_journal_open(journal, path, kind, access, &found, &error) != EW_OK)
    return lew_push_failure(L, &error);
  return found ? 1 : 0;
}

int lew_open_journal(lua_State *L) {
  int kind = luaL_checkoption(L, 3, ew_journal_kinds[EW_JOURNAL_OF_RUN], ew_journal_kinds);
  ew_journal_access access = lua_toboolean(L, 2) ? EW_JOURNAL_CREATE : EW_JOURNAL_WRITE;
  return open_journal(L, access, (ew_journal_kind)kind);
}

int lew_read_journal(lua_State *L) {
  return open_journal(L, EW_JOURNAL_READ, EW_JOURNAL_OF_RUN);
}

int lew_make_folder(lua_State *L) {
  const char *path;
  ew_error error;
  ew_status status = read_path(L, 1, "folder", &path, &error);
  return lew_push_done(L, status != EW_OK ? status : ew_folder_make(path, &error), &error);
}

int lew_check_folder(lua_State *L) {
  const char *path;
  ew_error error;
  ew_status status = read_path(L, 1, "folder", &path, &error);
  return lew_push_done(L, status != EW_OK ? status : ew_folder_check(path, &error), &error);
}

int lew_make_file(lua_State *L) {
  const char *path;
  ew_error error;
  ew_status status = read_path(L, 1, "folder", &path, &error);
  return lew_push_done(L, status != EW_OK ? status : ew_folder_make_file(path, &error), &error);
}

int lew_rename(lua_State *L) {
  const char *from, *to;
  ew_error error;
  ew_status status = read_path(L, 1, "folder", &from, &error);
  if (status == EW_OK) status = read_path(L, 2, "folder", &to, &error);
  return lew_push_done(L, status != EW_OK ? status : ew_folder_rename(from, to, &error), &error);
}

static int journal_next(lua_State *L) {
  ew_journal *journal = check_journal(L);
  const char *text;
  size_t length;
  ew_error error;
  if (ew_journal_next(journal, &text, &length, &error) != EW_OK) return lew_push_failure(L, &error);
  if (!text) return 0;
  lua_pushlstring(L, text, length);
  ew_journal_pass(journal); /* not before: pushing may raise */
  return 1;
}

static int journal_append(lua_State *L) {
  ew_journal *journal = check_journal(L);
  size_t length;
  const char *text = luaL_checklstring(L, 2, &length);
  ew_error error;
  return lew_push_done(L, ew_journal_append(journal, text, length, &error), &error);
}

/* file:record(names, values, ...) appends an object of these fields */
static int journal_record(lua_State *L) {
  ew_journal *journal = check_journal(L);
  char small[1024];
  size_t length;
  const char *text = lew_json_object(L, small, sizeof small, &length);
  ew_error error;
  return lew_push_done(L, ew_journal_append(journal, text, length, &error), &error);
}

static int journal_sync(lua_State *L) {
  ew_journal *journal = check_journal(L);
  ew_error error;
  return lew_push_done(L, ew_journal_sync(journal, &error), &error);
}

static int journal_begin_sync(lua_State *L) {
  ew_journal *journal = check_journal(L);
  ew_error error;
  return lew_push_done(L, ew_journal_begin_sync(journal, &error), &error);
}

/* -> false while a sync is under way | true | nil, failure */
static int journal_has_synced(lua_State *L) {
  ew_journal *journal = check_journal(L);
  bool synced;
  ew_error error;
  if (ew_journal_look(journal, &synced, &error) != EW_OK) return lew_push_failure(L, &error);
  lua_pushboolean(L, synced);
  return 1;
}

static int journal_is_new(lua_State *L) {
  lua_pushboolean(L, check_journal(L)->is_new);
  return 1;
}

static int journal_is_in_use(lua_State *L) {
  lua_pushboolean(L, check_journal(L)->in_use);
  return 1;
}

static int journal_close(lua_State *L) {
  ew_journal_close(check_journal(L));
  return 0;
}

void lew_register_journal(lua_State *L) {
  static const luaL_Reg methods[] = {{"next", journal_next},
                                     {"append", journal_append},
                                     {"record", journal_record},
                                     {"sync", journal_sync},
                                     {"begin_sync", journal_begin_sync},
                                     {"has_synced", journal_has_synced},
                                     {"is_new", journal_is_new},
                                     {"is_in_use", journal_is_in_use},
                                     {"close", journal_close},
                                     {"__gc", journal_close},
                                     {NULL, NULL}};
  lew_push_class(L, JOURNAL, methods);
  lua_pop(L, 1);
}
