#pragma once

#include <stddef.h>
#include <stdint.h>

typedef struct tn_bytes { const uint8_t* data; size_t size; } tn_bytes;
typedef struct tn_buffer { uint8_t* data; size_t size; size_t capacity; } tn_buffer;
typedef struct tn_error tn_error;

#ifdef __cplusplus
extern "C" {
#endif

void tn_buffer_free(tn_buffer buffer);
void tn_error_free(tn_error* error);
uint8_t tn_error_kind(const tn_error* error);
tn_bytes tn_error_message(const tn_error* error);

#define TN_PLAN_MAPS 1
#define TN_PLAN_FIXED_LENGTH_LISTS 2
#define TN_PLAN_IMPLEMENTS 4
#define TN_PLAN_MEMORY64 8
#define TN_PLAN_ASYNC_STACKFUL 16
#define TN_PLAN_MORE_ASYNC_BUILTINS 32
#define TN_PLAN_THREADING 64
#define TN_PLAN_ERROR_CONTEXT 128

tn_error* tn_plan_translate(tn_bytes component, uint32_t features, tn_buffer* plan);
tn_bytes tn_plan_trampoline_names(void);

#ifdef __cplusplus
}
#endif
