/*
** process.h - what a command needs of its process, and a library must leave alone: its
** standard descriptors and its terminal.
*/
#ifndef LEW_PROCESS_H
#define LEW_PROCESS_H

#include <lua.h>

int lew_open_descriptors(lua_State *L); /* core.open_descriptors() */
int lew_discard_input(lua_State *L);    /* core.discard_input() */

#endif
