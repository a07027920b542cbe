/* The guest in C: world `tool`, with memory from wasi-libc's malloc, given back in the post-return functions. */
#include "guest.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

/* A result that the host reads before it calls post-return. */
static tool_outcome outcome;
static byte_list list;

__attribute__((export_name("cabi_realloc"))) void* cabi_realloc(void* old, size_t old_size, size_t align, size_t size) {
  (void)old_size;
  if (size == 0) return (void*)align;
  void* block = realloc(old, size);
  if (block == NULL) abort();
  return block;
}

static bool equals(text left, const char* right) { return left.size == strlen(right) && memcmp(left.data, right, left.size) == 0; }

static char* grow(const char* prefix, text tail, size_t* size) {
  *size = strlen(prefix) + tail.size;
  char* block = malloc(*size + 1);
  if (block == NULL) abort();
  memcpy(block, prefix, strlen(prefix));
  memcpy(block + strlen(prefix), tail.data, tail.size);
  return block;
}

/* Parameters are six core values: the pointers and lengths of three strings. */
__attribute__((export_name("execute-tool"))) tool_outcome* c_execute_tool(const char* id, size_t id_size, const char* name, size_t name_size, const char* input,
                                                                          size_t input_size) {
  text tool = {name, name_size};
  text given = {input, input_size};
  size_t size;
  char* message = grow("called ", tool, &size);
  host_log(1, message, size);
  free(message);
  free((void*)(id_size ? id : NULL));
  memset(&outcome, 0, sizeof outcome);
  if (equals(tool, "upper")) {
    char* value = grow("", given, &size);
    for (size_t i = 0; i < size; ++i) value[i] = (char)toupper((unsigned char)value[i]);
    outcome.result.ok = 1;
    outcome.result.value = (text){value, size};
  } else if (equals(tool, "fail")) {
    outcome.result.value = (text){malloc(1), 0};
    outcome.result.has_error = 1;
    char* error = grow("", given, &size);
    outcome.result.error = (text){error, size};
  } else if (equals(tool, "panic")) {
    abort();
  } else {
    outcome.is_error = 1;
    char* error = grow("unknown tool ", tool, &size);
    outcome.error = (text){error, size};
  }
  free((void*)(name_size ? name : NULL));
  free((void*)(input_size ? input : NULL));
  return &outcome;
}

__attribute__((export_name("cabi_post_execute-tool"))) void post_execute_tool(tool_outcome* done) {
  if (done->is_error) {
    free((void*)done->error.data);
  } else {
    free((void*)done->result.value.data);
    if (done->result.has_error) free((void*)done->result.error.data);
  }
}

__attribute__((export_name("bytes"))) byte_list* bytes(uint8_t* data, size_t size) {
  list = (byte_list){data, size};
  return &list;
}

__attribute__((export_name("cabi_post_bytes"))) void post_bytes(byte_list* done) {
  if (done->size) free(done->data);
}
