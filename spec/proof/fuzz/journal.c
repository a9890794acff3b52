/*
** journal.c - fuzz target: a journal's file, and the set of what it says.
** The first line is a letter and two numbers, p and n. After "f" the rest is a file: what
** stands at p is put there n times over, so that lines can be long. After any other letter
** the rest is records, a line each, which are written and read again; then the file is cut
** at p ("c"), or the byte there becomes n ("b").
*/
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fuzz.h"
#include "journal/journal.h"
#include "journal/resume_set.h"

enum { MOST_RECORDS = 64, SUFFIX = 22, LONGEST = 64 * 1024, MOST_COPIES = 140000 };

static const char first_record[] = "{\"format\":\"elevenlabs-workspace journal 1\",\"n\":1}";

typedef struct {
  char *text; /* owned */
  size_t length;
} content;

/* ---- the file, in memory where there is a folder for that ---- */

static char folder[64];

static const char *path_of_file(void) {
  static char path[sizeof folder + 8];
  if (!*folder) {
    snprintf(folder, sizeof folder, "%s/ew_fuzz_XXXXXX",
             access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
    HOLDS(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/file", folder);
  }
  return path;
}

/* Nothing is left behind, but for a crash. */
static void remove_file(void) {
  unlink(path_of_file());
  rmdir(folder);
  *folder = '\0';
}

static void write_file(content c) {
  FILE *file = fopen(path_of_file(), "wb");
  HOLDS(file && fwrite(c.text, 1, c.length, file) == c.length);
  HOLDS(fclose(file) == 0);
}

static content read_file(void) {
  FILE *file = fopen(path_of_file(), "rb");
  struct stat status;
  content c;
  HOLDS(file && fstat(fileno(file), &status) == 0);
  c.length = (size_t)status.st_size;
  c.text = malloc(c.length + 1);
  HOLDS(c.text && fread(c.text, 1, c.length, file) == c.length);
  fclose(file);
  return c;
}

/* ---- the model ---- */

/* Bit by bit, as RFC 3720 describes it. */
static uint32_t crc32c(const char *bytes, size_t length) {
  uint32_t crc = 0xffffffff;
  size_t i;
  int bit;
  for (i = 0; i < length; i++)
    for (crc ^= (unsigned char)bytes[i], bit = 0; bit < 8; bit++)
      crc = crc & 1 ? crc >> 1 ^ 0x82f63b78 : crc >> 1;
  return crc ^ 0xffffffff;
}

/* Is this a line, its LF included, that the journal's format allows? */
static bool is_valid(const char *line, size_t length) {
  char end[SUFFIX + 1];
  if (length <= SUFFIX || length > LONGEST) return false;
  snprintf(end, sizeof end, ",\"crc32c\":\"%08x\"}\n", (unsigned)crc32c(line, length - SUFFIX));
  return memcmp(line + length - SUFFIX, end, SUFFIX) == 0;
}

/* Length of the line at `at` with its LF; 0: it has none. */
static size_t line_length(content c, size_t at) {
  const char *end = memchr(c.text + at, '\n', c.length - at);
  return end ? (size_t)(end - c.text) - at + 1 : 0;
}

/* ---- files of any kind ---- */

static bool begins_well(content c) {
  size_t length = sizeof EW_JOURNAL_HEADER - 1;
  return memcmp(c.text, EW_JOURNAL_HEADER, c.length < length ? c.length : length) == 0;
}

/* Read record by record what the model finds in the file. -> where the sound lines end; both
** refuse the rest, or neither does */
static size_t read_along(ew_journal *journal, content c, bool *damaged) {
  size_t at = 0, length, line;
  const char *text;
  ew_error error;
  ew_status status;
  for (;;) {
    line = line_length(c, at);
    status = ew_journal_next(journal, &text, &length, &error);
    *damaged = line && !is_valid(c.text + at, line);
    HOLDS((status == EW_EJOURNAL) == *damaged && (status == EW_OK) == !*damaged);
    if (*damaged || !line) break;
    HOLDS(text && length == line - SUFFIX + 1 && text[length - 1] == '}');
    HOLDS(memcmp(text, c.text + at, length - 1) == 0);
    ew_journal_pass(journal);
    at += line;
  }
  HOLDS(!text && length == 0);
  return at;
}

/* Only what is torn goes, and what is appended comes to stand behind the rest. */
static void append_to(ew_journal *journal, content before, size_t good) {
  const char *record = good ? "{\"n\":2}" : first_record;
  ew_error error;
  content after;
  HOLDS(ew_journal_append(journal, record, strlen(record), &error) == EW_OK);
  HOLDS(ew_journal_sync(journal, &error) == EW_OK);
  after = read_file();
  HOLDS(after.length == good + strlen(record) - 1 + SUFFIX);
  HOLDS(good == 0 || memcmp(after.text, before.text, good) == 0);
  HOLDS(memcmp(after.text + good, record, strlen(record) - 1) == 0);
  HOLDS(is_valid(after.text + good, after.length - good));
  free(after.text);
}

static void expect_file(content expected) {
  content found = read_file();
  HOLDS(found.length == expected.length);
  HOLDS(memcmp(found.text, expected.text, found.length) == 0);
  free(found.text);
}

static void try_file(content c) {
  ew_journal journal;
  ew_error error;
  bool found, damaged;
  write_file(c);
  ew_journal_init(&journal);
  if (ew_journal_open(&journal, path_of_file(), EW_JOURNAL_OF_RUN, EW_JOURNAL_CREATE, &found,
                      &error) == EW_OK) {
    size_t good;
    HOLDS(found && begins_well(c) && journal.is_new == (line_length(c, 0) == 0));
    good = read_along(&journal, c, &damaged);
    expect_file(c);
    if (!damaged) append_to(&journal, c, good);
    HOLDS(!damaged || ew_journal_append(&journal, "{\"n\":2}", 7, &error) == EW_EJOURNAL);
  } else {
    HOLDS(error.status == EW_EJOURNAL && !begins_well(c) && fuzz_is_printable(error.message));
    expect_file(c);
  }
  ew_journal_close(&journal);
}

static void try_any(fuzz_input input, size_t position, size_t copies) {
  content c;
  size_t at = input.left ? position % input.left : 0;
  if (!input.left) copies = 0;
  c.length = input.left + copies;
  c.text = malloc(c.length + 1);
  HOLDS(c.text);
  memcpy(c.text, input.at, at);
  if (copies) memset(c.text + at, input.at[at], copies);
  memcpy(c.text + at + copies, input.at + at, input.left - at);
  try_file(c);
  free(c.text);
}

/* ---- what was written ---- */

typedef struct {
  content record[MOST_RECORDS];
  size_t count;
} records;

static void write_record(ew_journal *journal, records *all, char *text, size_t length) {
  ew_error error;
  bool fits = length >= 4 && length <= LONGEST - SUFFIX + 1 && memcmp(text, "{\"", 2) == 0 &&
              text[length - 1] == '}';
  ew_status status = ew_journal_append(journal, text, length, &error);
  if (all->count > 0) HOLDS((status == EW_OK) == fits);
  HOLDS(status == EW_OK || status == EW_EINVAL);
  if (status == EW_OK) {
    all->record[all->count].text = text;
    all->record[all->count++].length = length;
  } else
    free(text);
}

static void write_records(records *all, fuzz_input *input) {
  ew_journal journal;
  ew_error error;
  bool found;
  all->count = 0;
  unlink(path_of_file());
  ew_journal_init(&journal);
  HOLDS(ew_journal_open(&journal, path_of_file(), EW_JOURNAL_OF_RUN, EW_JOURNAL_CREATE, &found,
                        &error) == EW_OK);
  HOLDS(found && journal.is_new);
  while (input->left && all->count < MOST_RECORDS) {
    const char *text;
    size_t length;
    char *line = fuzz_take(input, '\n', &length);
    if (all->count == 0) {
      HOLDS(ew_journal_next(&journal, &text, &length, &error) == EW_OK && !text);
      free(line);
      line = strdup(first_record);
      length = strlen(first_record);
      HOLDS(line);
    }
    write_record(&journal, all, line, length);
  }
  HOLDS(all->count == 0 || ew_journal_sync(&journal, &error) == EW_OK);
  ew_journal_close(&journal);
}

/* How many of the records come back, each as it was written and in its place. */
static size_t read_back(const records *all, bool *damaged) {
  ew_journal journal;
  ew_error error;
  bool found;
  size_t count = 0, length;
  const char *text;
  ew_journal_init(&journal);
  *damaged = ew_journal_open(&journal, path_of_file(), EW_JOURNAL_OF_RUN, EW_JOURNAL_WRITE, &found,
                             &error) != EW_OK;
  while (!*damaged) {
    *damaged = ew_journal_next(&journal, &text, &length, &error) != EW_OK;
    if (!text) break;
    HOLDS(count < all->count && length == all->record[count].length);
    HOLDS(memcmp(text, all->record[count++].text, length) == 0);
    ew_journal_pass(&journal);
  }
  ew_journal_close(&journal);
  return count;
}

/* The records whose lines end before byte `end` of the file. */
static size_t count_within(const records *all, size_t end) {
  size_t count = 0, at = 0;
  while (count < all->count) {
    at += all->record[count].length - 1 + SUFFIX;
    if (at > end) break;
    count++;
  }
  return count;
}

/* A cut loses the tail alone; a byte that changes never gives a record that was not
** written, nor leaves one out between others. */
static void harm(const records *all, char how, size_t position, size_t value) {
  content c = read_file();
  size_t at = position % (c.length + 1), before = count_within(all, at), left;
  bool damaged;
  if (how == 'c')
    c.length = at;
  else if (at < c.length)
    c.text[at] = (char)value;
  write_file(c);
  free(c.text);
  left = read_back(all, &damaged);
  if (how == 'c')
    HOLDS(!damaged && left == before);
  else
    HOLDS(left == before || left == all->count);
}

static void check_set(const records *all) {
  ew_resume_set set;
  ew_error error;
  size_t i, j;
  HOLDS(ew_resume_set_init(&set, &error) == EW_OK);
  for (i = 0; i < all->count; i++)
    HOLDS(ew_resume_set_put(&set, all->record[i].text, all->record[i].length,
                            (uint8_t)(i % 255 + 1), &error) == EW_OK);
  for (i = 0; i < all->count; i++) {
    content name = all->record[i];
    size_t last = i;
    for (j = i; j < all->count; j++)
      if (all->record[j].length == name.length &&
          memcmp(all->record[j].text, name.text, name.length) == 0)
        last = j;
    HOLDS(ew_resume_set_get(&set, name.text, name.length) == last % 255 + 1);
    HOLDS(ew_resume_set_get(&set, "absent", 6) == 0);
  }
  HOLDS(all->count == 0 || ew_resume_set_bytes(&set) <= 64 * (all->count + 1));
  ew_resume_set_free(&set);
}

static void try_records(fuzz_input input, char how, size_t position, size_t value) {
  static records all;
  bool damaged;
  size_t i;
  write_records(&all, &input);
  HOLDS(read_back(&all, &damaged) == all.count && !damaged);
  check_set(&all);
  if (how == 'c' || how == 'b') harm(&all, how, position, value);
  for (i = 0; i < all.count; i++) free(all.record[i].text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  fuzz_input input = {(const char *)data, size};
  char how = size ? (char)*data : 'f';
  size_t p, n;
  if (size) input.at++, input.left--;
  if (input.left) input.at++, input.left--;
  p = fuzz_take_number(&input, LONGEST);
  n = fuzz_take_number(&input, MOST_COPIES);
  if (how == 'f')
    try_any(input, p, n);
  else
    try_records(input, how, p, n);
  remove_file();
  return 0;
}
