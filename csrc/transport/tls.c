#define _GNU_SOURCE
#include "transport/tls.h"

#include <dlfcn.h>
#include <string.h>

static struct {
  int (*has_pending)(const void *ssl);
  void (*get0_alpn_selected)(const void *ssl, const unsigned char **name, unsigned *length);
} openssl;

/* The pointer is copied: C has no cast from an object pointer to a function pointer. */
static bool find(void *library, const char *name, void *function) {
  void *address = dlsym(library, name);
  memcpy(function, &address, sizeof address);
  return address != NULL;
}

bool ew_tls_find(const void *symbol) {
  Dl_info where;
  void *library;
  bool found;
  if (!dladdr(symbol, &where)) return false;
  library = dlopen(where.dli_fname, RTLD_LAZY | RTLD_NOLOAD);
  if (!library) return false;
  found = find(library, "SSL_has_pending", &openssl.has_pending) &&
          find(library, "SSL_get0_alpn_selected", &openssl.get0_alpn_selected);
  dlclose(library); /* libcurl keeps it */
  return found;
}

bool ew_tls_speaks_h2(const void *ssl) {
  const unsigned char *name = NULL;
  unsigned length = 0;
  openssl.get0_alpn_selected(ssl, &name, &length);
  return length == 2 && memcmp(name, "h2", 2) == 0;
}

bool ew_tls_has_unread(const void *ssl) {
  return openssl.has_pending(ssl) != 0;
}
