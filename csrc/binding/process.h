/*
** process.h - the standard descriptors and the terminal of a command. A library leaves both alone.
*/
#ifndef LEW_PROCESS_H
#define LEW_PROCESS_H

#include <lua.h>

int lew_open_descriptors(lua_State *L); /* core.open_descriptors() */
int lew_discard_input(lua_State *L);    /* core.discard_input() */

#endif
