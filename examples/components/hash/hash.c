/* SHA-256 (FIPS 180-4) as a component: freestanding, 2 KB of code, memory handed out from the end of what is in use and taken back after
 * each call. */

#include <stddef.h>
#include <stdint.h>

extern uint8_t __heap_base;
static uintptr_t heap_end;

static uintptr_t heap_start(void) { return ((uintptr_t)&__heap_base + 15) & ~(uintptr_t)15; }

__attribute__((export_name("cabi_realloc"))) void* cabi_realloc(void* old, size_t old_size, size_t align, size_t size) {
  if (heap_end == 0) heap_end = heap_start();
  const uintptr_t at = (heap_end + align - 1) & ~(uintptr_t)(align - 1);
  if (size > UINT32_MAX - at) __builtin_trap();
  const uintptr_t end = at + size;
  const uintptr_t have = __builtin_wasm_memory_size(0) << 16;
  if (end > have && __builtin_wasm_memory_grow(0, (end - have + 65535) >> 16) == (size_t)-1) __builtin_trap();
  if (old_size != 0) __builtin_memcpy((void*)at, old, old_size < size ? old_size : size);
  heap_end = end;
  return (void*)at;
}

static const uint32_t round_constants[64] = {
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5, 0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74,
    0x80deb1fe, 0x9bdc06a7, 0xc19bf174, 0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da, 0x983e5152, 0xa831c66d,
    0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967, 0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e,
    0x92722c85, 0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070, 0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5,
    0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3, 0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2};

static uint32_t rotate(uint32_t x, unsigned n) { return x >> n | x << (32 - n); }

static void compress(uint32_t state[8], const uint8_t block[64]) {
  uint32_t w[64];
  for (int t = 0; t < 16; ++t) w[t] = (uint32_t)block[4 * t] << 24 | (uint32_t)block[4 * t + 1] << 16 | (uint32_t)block[4 * t + 2] << 8 | block[4 * t + 3];
  for (int t = 16; t < 64; ++t) {
    const uint32_t s0 = rotate(w[t - 15], 7) ^ rotate(w[t - 15], 18) ^ w[t - 15] >> 3;
    const uint32_t s1 = rotate(w[t - 2], 17) ^ rotate(w[t - 2], 19) ^ w[t - 2] >> 10;
    w[t] = w[t - 16] + s0 + w[t - 7] + s1;
  }
  uint32_t v[8];
  for (int i = 0; i < 8; ++i) v[i] = state[i];
  for (int t = 0; t < 64; ++t) {
    const uint32_t s1 = rotate(v[4], 6) ^ rotate(v[4], 11) ^ rotate(v[4], 25);
    const uint32_t choice = (v[4] & v[5]) ^ (~v[4] & v[6]);
    const uint32_t t1 = v[7] + s1 + choice + round_constants[t] + w[t];
    const uint32_t s0 = rotate(v[0], 2) ^ rotate(v[0], 13) ^ rotate(v[0], 22);
    const uint32_t majority = (v[0] & v[1]) ^ (v[0] & v[2]) ^ (v[1] & v[2]);
    for (int i = 7; i > 0; --i) v[i] = v[i - 1];
    v[4] += t1;
    v[0] = t1 + s0 + majority;
  }
  for (int i = 0; i < 8; ++i) state[i] += v[i];
}

static void digest(const uint8_t* data, size_t size, uint8_t out[32]) {
  uint32_t state[8] = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};
  size_t at = 0;
  for (; size - at >= 64; at += 64) compress(state, data + at);
  /* The rest, a one bit, zeros, and the length in bits: one block, or two when the length does not fit behind the rest. */
  uint8_t tail[128] = {0};
  const size_t rest = size - at;
  for (size_t i = 0; i < rest; ++i) tail[i] = data[at + i];
  tail[rest] = 0x80;
  const size_t blocks = rest < 56 ? 64 : 128;
  const uint64_t bits = (uint64_t)size * 8;
  for (int i = 0; i < 8; ++i) tail[blocks - 1 - (size_t)i] = (uint8_t)(bits >> (8 * i));
  for (size_t i = 0; i < blocks; i += 64) compress(state, tail + i);
  for (int i = 0; i < 32; ++i) out[i] = (uint8_t)(state[i / 4] >> (24 - 8 * (i % 4)));
}

static uint8_t raw[32];
static char hex[64];
static struct {
  const void* data;
  size_t size;
} answer;

__attribute__((export_name("tenon:examples/hash@0.1.0#sha256"))) void* sha256(const uint8_t* data, size_t size) {
  digest(data, size, raw);
  answer.data = raw;
  answer.size = sizeof raw;
  return &answer;
}

__attribute__((export_name("tenon:examples/hash@0.1.0#sha256-hex"))) void* sha256_hex(const char* text, size_t size) {
  digest((const uint8_t*)text, size, raw);
  for (int i = 0; i < 32; ++i) {
    hex[2 * i] = "0123456789abcdef"[raw[i] >> 4];
    hex[2 * i + 1] = "0123456789abcdef"[raw[i] & 15];
  }
  answer.data = hex;
  answer.size = sizeof hex;
  return &answer;
}

__attribute__((export_name("cabi_post_tenon:examples/hash@0.1.0#sha256"))) void post_sha256(void* done) {
  (void)done;
  heap_end = 0;
}

__attribute__((export_name("cabi_post_tenon:examples/hash@0.1.0#sha256-hex"))) void post_sha256_hex(void* done) {
  (void)done;
  heap_end = 0;
}
