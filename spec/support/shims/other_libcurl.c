/*
** other_libcurl.c - preloaded into a spec's child process: a libcurl that is old, or lacks
** what OTHER_LIBCURL names, "TLS" or "threads".
*/
#include <curl/curl.h>
#include <stdlib.h>
#include <string.h>

curl_version_info_data *curl_version_info(CURLversion age) {
  static curl_version_info_data info;
  const char *other = getenv("OTHER_LIBCURL");
  info.age = age;
  info.version_num = strcmp(other, "old") == 0 ? 0x075600 : 0x075700;
  info.features = (strcmp(other, "TLS") == 0 ? 0 : CURL_VERSION_SSL) |
                  (strcmp(other, "threads") == 0 ? 0 : CURL_VERSION_THREADSAFE);
  return &info;
}
