/* The canonical ABI of world `tool`, by hand: what a bindings generator would write. Shared by the guests in C and C++. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct {
  const char* data;
  size_t size;
} text;

/* record tool-result, inside `result<tool-result, string>`, as it lies in memory. */
typedef struct {
  uint8_t is_error;
  union {
    struct {
      uint8_t ok;
      text value;
      uint8_t has_error;
      text error;
    } result;
    text error;
  };
} tool_outcome;

typedef struct {
  uint8_t* data;
  size_t size;
} byte_list;

__attribute__((import_module("$root"), import_name("log"))) void host_log(uint32_t level, const char* message, size_t size);

#ifdef __cplusplus
}
#endif
