/*
** proof.h - does the body of an answer confirm a change?
** The JSON reader refuses all that lua-cjson refuses, and more. It allocates nothing, does not
** recurse, and takes time in proportion to the body's length.
*/
#ifndef EW_PROOF_H
#define EW_PROOF_H

#include <stdbool.h>
#include <stddef.h>

/* Why the body of a 200 does not confirm a change; NULL: the body confirms the change.
** `whole`: see ew_response_whole. The reason is static text that completes the
** sentence "the server answered 200, but ...". */
const char *ew_proof_doubt(const char *body, size_t length, bool whole);

#endif
