/* tool WORD …: an ordinary program in C, over the C library's preview 1. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

extern char** environ;

static int fail(const char* what) {
  fprintf(stderr, "tool: %s: %s\n", what, strerror(errno));
  return 1;
}

static int copy(const char* from, const char* to) {
  FILE* in = fopen(from, "rb");
  if (in == NULL) return fail(from);
  FILE* out = fopen(to, "wb");
  if (out == NULL) return fail(to);
  char piece[4096];
  size_t size, total = 0;
  while ((size = fread(piece, 1, sizeof piece, in)) > 0) {
    if (fwrite(piece, 1, size, out) != size) return fail(to);
    total += size;
  }
  if (ferror(in)) return fail(from);
  fclose(in);
  if (fclose(out) != 0) return fail(to);
  printf("copied %zu bytes\n", total);
  return 0;
}

static int compare_texts(const void* a, const void* b) { return strcmp(*(char* const*)a, *(char* const*)b); }

int main(int argc, char** argv) {
  const char* word = argc > 1 ? argv[1] : "hello";
  if (strcmp(word, "hello") == 0) {
    puts("Hello from C");
  } else if (strcmp(word, "arguments") == 0) {
    for (int i = 2; i < argc; i++) printf("[%s]\n", argv[i]);
  } else if (strcmp(word, "environment") == 0) {
    size_t count = 0;
    while (environ[count] != NULL) count++;
    qsort(environ, count, sizeof *environ, compare_texts);
    for (size_t i = 0; i < count; i++) puts(environ[i]);
  } else if (strcmp(word, "copy") == 0 && argc > 3) {
    return copy(argv[2], argv[3]);
  } else if (strcmp(word, "stat") == 0 && argc > 2) {
    struct stat data;
    if (stat(argv[2], &data) != 0) return fail(argv[2]);
    printf("%s %lld\n", S_ISDIR(data.st_mode) ? "folder" : "file", (long long)data.st_size);
  } else if (strcmp(word, "exit") == 0 && argc > 2) {
    exit(atoi(argv[2]));
  } else if (strcmp(word, "sleep") == 0 && argc > 2) {
    usleep((useconds_t)atoi(argv[2]) * 1000);
    puts("awake");
  } else if (strcmp(word, "abort") == 0) {
    abort();
  } else {
    fprintf(stderr, "tool: unknown word %s\n", word);
    return 2;
  }
  return 0;
}
