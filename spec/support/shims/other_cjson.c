/*
** other_cjson.c - preloaded into a spec's child process: a program that holds another copy of
** lua-cjson. One of its functions has the name of one of lua-cjson's and does nothing.
*/
void strbuf_resize(void);
void strbuf_append_string(void);

void strbuf_resize(void) {
}

void strbuf_append_string(void) {
}
