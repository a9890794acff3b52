/*
** transfer.h - one attempt of a request: what is sent, and what is known of the answer.
** Transfers hold no Lua. Any thread may make, prepare and read a transfer; one thread at a time
** has it. Its maker owns it, and uses it again for later attempts.
*/
#ifndef EW_TRANSFER_H
#define EW_TRANSFER_H

#include "api/proof.h"
#include "api/request.h"
#include "api/response.h"

typedef struct ew_transfer ew_transfer;

/* A list of transfers, which owns none. All zero: an empty one. A transfer is in one list at
** most. */
typedef struct {
  ew_transfer *first, *last;
} ew_transfers;

enum { EW_ABORTED = 42 /* CURLE_ABORTED_BY_CALLBACK */ };

/* How one attempt ended. Borrowed from its transfer. */
typedef struct {
  unsigned slot;
  ew_good_answer good; /* of its operation */
  int curl_code;       /* CURLcode; EW_ABORTED if the attempt was cancelled */
  ew_answer answer;
  bool resent;       /* libcurl sent the request twice: the first one may have been applied */
  bool shows_key;    /* the body, a header or the message may hold the key */
  long proxy_status; /* a proxy's answer to CONNECT, 0 for none */
  const ew_response *response;
  const char *message; /* libcurl's words, or ours; "" on success */
  int64_t elapsed_us;
} ew_completion;

ew_transfer *ew_transfer_new(void); /* NULL: out of memory */
void ew_transfer_free(ew_transfer *transfer);

/* What to send, and the number by which the caller knows the attempt. Copies the request and the
** key (NULL data: none). false: out of memory. */
bool ew_transfer_prepare(ew_transfer *transfer, unsigned slot, const ew_request *request,
                         const ew_text *key);

/* Overwrites the key. Keeps memory and libcurl's handle for the next attempt. */
void ew_transfer_clear(ew_transfer *transfer);

/* Ends an attempt that was never started. Its completion says why: no memory (EW_ENOMEM), the
** system refused (EW_ESYSTEM), or nobody wants it (EW_ECLOSED). `reason` is static. */
void ew_transfer_abandon(ew_transfer *transfer, ew_status why, const char *reason);

/* A mark for ew_transport_find_cancelled. ew_transfer_prepare takes it away. */
void ew_transfer_mark_cancelled(ew_transfer *transfer);

ew_completion ew_transfer_completion(const ew_transfer *transfer);
unsigned ew_transfer_slot(const ew_transfer *transfer);
ew_transfer *ew_transfer_next(const ew_transfer *transfer); /* in its list; NULL: the last */

void ew_transfers_append(ew_transfers *list, ew_transfer *transfer);
void ew_transfers_remove(ew_transfers *list, ew_transfer *transfer);
ew_transfer *ew_transfers_take(ew_transfers *list);           /* the first; NULL: none */
void ew_transfers_move(ew_transfers *to, ew_transfers *from); /* to the end, in order */

#endif
