#define _GNU_SOURCE
#include "transport/libcurl.h"

#include <curl/curl.h>
#include <dlfcn.h>
#include <pthread.h>
#include <string.h>

#include "transport/tls.h"

#if LIBCURL_VERSION_NUM < 0x075700
#error "libcurl 7.87 or newer is needed (CURLOPT_QUICK_EXIT)"
#endif

static const char *unusable, *version;

static void look_at_libcurl(void) {
  const curl_version_info_data *info = curl_version_info(CURLVERSION_NOW);
  version = info->version;
  if (info->version_num < 0x075700)
    unusable = "libcurl 7.87 or newer is needed; an older one was loaded";
  else if (!(info->features & CURL_VERSION_SSL))
    unusable = "the libcurl that was loaded cannot do TLS";
  else if (!(info->features & CURL_VERSION_THREADSAFE))
    unusable = "the libcurl that was loaded cannot be initialised thread-safely";
}

/* curl_version_info writes to static memory. Lua states of several threads may load the module
** at the same time, so the question is asked once. */
const char *ew_libcurl_unusable(void) {
  static pthread_once_t once = PTHREAD_ONCE_INIT;
  pthread_once(&once, look_at_libcurl);
  return unusable;
}

const char *ew_libcurl_version(void) {
  return version;
}

/* libcurl's resolver threads may outlive every transport. Unloading the code that they run would
** crash. Keep the file that holds this code (module, plugin or program) loaded, and libcurl with
** it. The linker's nodelete is not enough: LuaRocks cannot pass it, and a plugin that links the
** static library would have to know of it. */
static void stay_loaded(void) {
  static const char here;
  Dl_info self;
  if (dladdr(&here, &self)) dlopen(self.dli_fname, RTLD_NOW | RTLD_NOLOAD | RTLD_NODELETE);
}

static bool has_openssl;

static void init(void) {
  CURL *(*symbol)(void) = curl_easy_init;
  void *address;
  memcpy(&address, &symbol, sizeof address);
  stay_loaded();
  curl_global_init(CURL_GLOBAL_DEFAULT);
  has_openssl = ew_tls_find(address);
}

void ew_libcurl_init(void) {
  static pthread_once_t once = PTHREAD_ONCE_INIT;
  pthread_once(&once, init);
}

bool ew_libcurl_has_openssl(void) {
  return has_openssl;
}
