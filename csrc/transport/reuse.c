#include "transport/reuse.h"

#include "transport/libcurl.h"
#include "transport/tls.h"

/* The OpenSSL object of the connection that is about to be used; NULL: not known. */
static const void *tls_of(CURL *easy) {
  struct curl_tlssessioninfo *info = NULL;
  if (ew_libcurl_has_openssl()) curl_easy_getinfo(easy, CURLINFO_TLS_SSL_PTR, &info);
  return info && info->backend == CURLSSLBACKEND_OPENSSL ? info->internals : NULL;
}

long ew_reuse_proxy_status(CURL *easy) {
  long status = 0;
  curl_easy_getinfo(easy, CURLINFO_HTTP_CONNECTCODE, &status);
  return status;
}

/* True if this kept HTTP/1.1 connection may hold bytes that answer no request. Unread bytes are in
** the socket, or in OpenSSL if they came in the last answer's TLS record. Also true if OpenSSL
** cannot be asked, or if TLS may run within TLS. HTTP/2 is safe: each frame names its stream. */
static bool holds_stray_answer(const ew_transfer *x, const ew_socket *s, const void *ssl) {
  if (!s) return !x->fresh; /* libcurl names ends that no socket of ours has */
  if (s->requests == 0 || s->multiplexed) return false;
  if (!x->transport->endpoint.plain && (!ssl || s->tunnelled || ew_tls_has_unread(ssl)))
    return true;
  return ew_socket_readable(s);
}

static void learn_protocol(ew_transport *t, ew_socket *s, bool is_h2) {
  if (s) s->multiplexed = is_h2;
  if (!is_h2 && t->newest != EW_HTTP_1) t->must_release = true;
  t->newest = is_h2 ? EW_HTTP_2 : EW_HTTP_1;
}

/* The connection's two ends find the socket: CURLINFO_ACTIVESOCKET still names the previous
** connection here. */
int ew_reuse_decide(void *arg, char *remote_ip, char *local_ip, int remote_port, int local_port) {
  ew_transfer *x = arg;
  ew_transport *t = x->transport;
  const void *ssl = tls_of(x->easy);
  ew_socket *s = ew_sockets_by_ends(&t->sockets, local_ip, local_port, remote_ip, remote_port);
  if (x->sends && !x->rules->repeatable) {
    x->reason = "the connection ended before an answer came";
    return CURL_PREREQFUNC_ABORT;
  }
  if (s && ssl) learn_protocol(t, s, ew_tls_speaks_h2(ssl));
  if (holds_stray_answer(x, s, ssl)) {
    x->stale = true;
    return CURL_PREREQFUNC_ABORT;
  }
  x->sends++;
  x->socket = s ? s->fd : -1;
  if (s && s->requests++ == 0) {
    s->tunnelled = ew_reuse_proxy_status(x->easy) != 0;
    t->connections++;
  }
  return CURL_PREREQFUNC_OK;
}

void ew_reuse_learn(ew_transport *t, const ew_transfer *x) {
  long version = 0;
  if (ew_libcurl_has_openssl()) return;
  curl_easy_getinfo(x->easy, CURLINFO_HTTP_VERSION, &version);
  if (version)
    learn_protocol(t, ew_sockets_by_fd(&t->sockets, x->socket), version == CURL_HTTP_VERSION_2_0);
}
