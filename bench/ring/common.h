// What both formats of the reference share: memory, descriptors, buffers in flight, failing.

#pragma once

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

// 1: every value that the other side can write is checked, as in our runtime. 0: trust the peer.
#ifndef CHECKED
#define CHECKED 1
#endif

#define SIZE 256u
#define MASK (SIZE - 1)
#define ELEMENTS_MAX 4
#define MEMORY_BYTES (4u << 20)
#define MEMORY_ADDRESS 0x10000000ull
#define INLINE static inline __attribute__((always_inline))

enum { NEXT = 1, WRITE = 2, INDIRECT = 4 };

struct desc {
  uint64_t address;
  uint32_t length;
  uint16_t a; // split: flags; packed: id
  uint16_t b; // split: next; packed: flags
};

// How a run publishes: with what order, and how often.
struct mode {
  bool shared; // the other side is another thread
  bool each; // an index is published and read once per buffer
};

// Guest memory and where things lie in it.
static _Alignas(4096) uint8_t memory[MEMORY_BYTES];
enum { DESC_AT = 0, DRIVER_AT = 8192, DEVICE_AT = 16384, TABLES_AT = 32768, BUFFERS_AT = 1 << 20 };

INLINE void lie(const char *what) {
  fprintf(stderr, "the other side lies: %s\n", what);
  exit(1);
}

#if CHECKED
#define CHECK(truth) do { if (__builtin_expect(!(truth), 0)) lie(#truth); } while (0)
#else
#define CHECK(truth) do { } while (0)
#endif

// Publishes what was written before; sequentially consistent, because an event word is read after it.
#define PUBLISH(place, value, shared) \
  atomic_store_explicit(place, value, (shared) ? memory_order_seq_cst : memory_order_relaxed)
#define OBSERVE(place, shared) \
  atomic_load_explicit(place, (shared) ? memory_order_acquire : memory_order_relaxed)

// Offset of an element in memory, checked.
INLINE uint32_t locate(uint64_t address, uint32_t length) {
  uint64_t offset = address - MEMORY_ADDRESS;
  CHECK(length > 0 && offset < MEMORY_BYTES && length <= MEMORY_BYTES - offset);
  return (uint32_t)offset;
}

// Reads a field that the other side can change exactly once; also keeps the compiler from joining the reads of several
// fields into one wide load, which would wait for the narrow stores before it.
#define ONCE(place) (*(volatile __typeof__(place) *)&(place))

INLINE struct desc read_desc(const struct desc *d) {
  return (struct desc){ ONCE(d->address), ONCE(d->length), ONCE(d->a), ONCE(d->b) };
}

struct element { uint32_t offset, length; };

// A buffer that the device took.
struct taken {
  uint32_t serial; // odd while it is pending
  uint16_t count, readable, descriptors, id;
  uint64_t writable_bytes;
  struct element elements[ELEMENTS_MAX];
};

INLINE void take(struct taken *t, uint64_t address, uint32_t length, bool write) {
  uint32_t offset = locate(address, length);
  CHECK(t->count < ELEMENTS_MAX);
  if (write) {
    t->writable_bytes += length;
  } else {
    CHECK(t->readable == t->count);
    t->readable++;
  }
  t->elements[t->count++] = (struct element){ offset, length };
}

// Staged elements of the driver.
struct staged { uint64_t address; uint32_t length; uint16_t flags; };
struct staging { uint32_t count; struct staged elements[ELEMENTS_MAX]; };

INLINE void stage(struct staging *s, uint64_t address, uint32_t length, uint16_t flags) {
  s->elements[s->count++] = (struct staged){ address, length, flags };
}

INLINE uint32_t writable_of(const struct staging *s) {
  uint32_t total = 0;
  for (uint32_t i = 0; i < s->count; i++) if (s->elements[i].flags) total += s->elements[i].length;
  return total;
}
