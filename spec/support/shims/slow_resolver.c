/*
** slow_resolver.c - preloaded into a spec's client: looking up "slow.test" takes five
** seconds and finds nothing. All other names are looked up as usual.
*/
#define _GNU_SOURCE
#include <dlfcn.h>
#include <netdb.h>
#include <string.h>
#include <unistd.h>

typedef int lookup(const char *, const char *, const struct addrinfo *, struct addrinfo **);

int getaddrinfo(const char *name, const char *service, const struct addrinfo *hints,
                struct addrinfo **found) {
  if (name && strcmp(name, "slow.test") == 0) {
    static const char said[] = "lookup ended\n";
    ssize_t written;
    sleep(5);
    written = write(1, said, sizeof said - 1);
    (void)written;
    return EAI_NONAME;
  }
  return ((lookup *)dlsym(RTLD_NEXT, "getaddrinfo"))(name, service, hints, found);
}
