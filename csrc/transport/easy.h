/*
** easy.h - the options of a transfer's libcurl handle, and what libcurl tells of one transfer.
** Options that are set go on after a failure: the caller looks at the result once.
*/
#ifndef EW_EASY_H
#define EW_EASY_H

#include "transport/internal.h"

/* A handle with every option that does not change from request to request. An older handle of
** the same multi handle is kept. false: out of memory. */
bool ew_easy_make(ew_transport *transport, ew_transfer *transfer);

/* The options of this request. false: out of memory. */
bool ew_easy_set_request(const ew_transport *transport, ew_transfer *transfer);

/* Over a fresh connection, or also over a kept or coming one. false: out of memory. */
bool ew_easy_set_connection(const ew_transport *transport, ew_transfer *transfer, bool fresh);

#endif
