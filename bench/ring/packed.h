// Both ends of a packed ring (VIRTIO 1.4, 2.8), one element direct, several in an indirect table.

#pragma once

#include "common.h"

enum { AVAIL = 1 << 7, USED = 1 << 15, TURN = AVAIL | USED, EVENT_DISABLE = 1, EVENT_DESC = 2 };

struct packed_driver {
  struct desc *desc;
  _Atomic uint32_t *driver_event, *device_event;
  uint16_t ids[SIZE];
  struct { uint16_t count, at; uint32_t writable; } records[SIZE];
  uint32_t id_count, free_count;
  uint32_t next_avail, next_used, since;
  uint16_t avail_turn, used_turn; // flags of this lap
  uint16_t added, published;
  int32_t held; // descriptor whose flags publish, -1 when none
  uint32_t held_end;
  uint32_t used_length, kicks;
  struct staging staging;
};

struct packed_device {
  struct desc *desc;
  _Atomic uint32_t *driver_event, *device_event;
  struct taken rows[SIZE];
  uint16_t slots[SIZE];
  uint32_t slot_count, taken;
  uint32_t next_avail, next_used, since;
  uint16_t avail_turn, used_turn;
  int32_t held;
  uint32_t held_end;
  uint32_t notifications;
};

static struct packed_driver packed_driver;
static struct packed_device packed_device;

static void packed_open(void) {
  struct packed_driver *d = &packed_driver;
  *d = (struct packed_driver){
    .id_count = SIZE, .free_count = SIZE, .avail_turn = AVAIL, .used_turn = TURN, .held = -1
  };
  packed_device = (struct packed_device){
    .slot_count = SIZE, .avail_turn = AVAIL, .used_turn = TURN, .held = -1
  };
  for (uint32_t i = 0; i < SIZE; i++) d->ids[i] = packed_device.slots[i] = SIZE - 1 - i;
  d->desc = packed_device.desc = (struct desc *)(memory + DESC_AT);
  d->driver_event = packed_device.driver_event = (_Atomic uint32_t *)(memory + DRIVER_AT);
  d->device_event = packed_device.device_event = (_Atomic uint32_t *)(memory + DEVICE_AT);
}

// Id and flags of a descriptor, which are stored and loaded as one.
INLINE _Atomic uint32_t *end_of(struct desc *desc) { return (_Atomic uint32_t *)&desc->a; }

INLINE bool passed_offset(uint32_t event, uint32_t offset, uint32_t wrap, uint32_t count) {
  if (count >= SIZE) return true;
  int32_t named = event & 0x7fff;
  int32_t distance = (int32_t)offset - ((event >> 15 & 1) == wrap ? named : named - (int32_t)SIZE);
  return distance > 0 && distance <= (int32_t)count;
}

INLINE bool wanted(uint32_t event, uint32_t offset, uint32_t wrap, uint32_t count) {
  uint32_t flags = event >> 16 & 3;
  if (flags == EVENT_DISABLE) return false;
  return flags != EVENT_DESC || passed_offset(event, offset, wrap, count);
}

INLINE void packed_fill(uint64_t address, uint32_t length, uint16_t id, uint16_t flags) {
  struct packed_driver *d = &packed_driver;
  struct desc *desc = &d->desc[d->next_avail];
  uint32_t end = id | (uint32_t)(flags | d->avail_turn) << 16;
  desc->address = address;
  desc->length = length;
  if (d->held < 0) {
    d->held = d->next_avail;
    d->held_end = end;
  } else {
    atomic_store_explicit(end_of(desc), end, memory_order_relaxed);
  }
  d->since++;
  if (++d->next_avail == SIZE) {
    d->next_avail = 0;
    d->avail_turn ^= TURN;
  }
}

INLINE int packed_add(void) {
  struct packed_driver *d = &packed_driver;
  struct staging *s = &d->staging;
  if (d->free_count == 0) return -1;
  uint32_t id = d->ids[--d->id_count];
  if (s->count == 1) {
    struct staged *e = &s->elements[0];
    packed_fill(e->address, e->length, id, e->flags);
  } else {
    uint32_t at = TABLES_AT + id * ELEMENTS_MAX * sizeof(struct desc);
    struct desc *table = (struct desc *)(memory + at);
    for (uint32_t i = 0; i < s->count; i++) {
      struct staged *e = &s->elements[i];
      table[i] = (struct desc){ e->address, e->length, 0, e->flags };
    }
    packed_fill(MEMORY_ADDRESS + at, s->count * 16, id, INDIRECT);
  }
  d->free_count--;
  d->records[id].count = 1;
  d->records[id].at = d->added++;
  d->records[id].writable = writable_of(s);
  s->count = 0;
  return id;
}

INLINE void packed_kick(struct mode m) {
  struct packed_driver *d = &packed_driver;
  if (d->held < 0) return;
  PUBLISH(end_of(&d->desc[d->held]), d->held_end, m.shared);
  d->held = -1;
  d->published = d->added;
  uint32_t since = d->since;
  d->since = 0;
  uint32_t event = OBSERVE(d->device_event, m.shared);
  if (wanted(event, d->next_avail, d->avail_turn == AVAIL, since)) d->kicks++;
}

INLINE int packed_collect(struct mode m) {
  struct packed_driver *d = &packed_driver;
  struct desc *desc = &d->desc[d->next_used];
  uint32_t end = OBSERVE(end_of(desc), m.shared);
  if ((end >> 16 & TURN) != d->used_turn) return -1;
  uint32_t id = end & 0xffff;
  uint32_t length = end >> 16 & WRITE ? ONCE(desc->length) : 0;
  CHECK(id < SIZE && d->records[id].count > 0);
  CHECK((uint16_t)(d->published - d->records[id].at - 1) < 0x8000);
  CHECK(length <= d->records[id].writable);
  d->used_length = length;
  uint32_t count = d->records[id].count;
  d->records[id].count = 0;
  d->free_count += count;
  d->ids[d->id_count++] = id;
  d->next_used += count;
  if (d->next_used >= SIZE) {
    d->next_used -= SIZE;
    d->used_turn ^= TURN;
  }
  return id;
}

static void packed_walk(struct taken *t, struct desc e) {
  t->count = t->readable = 0;
  t->writable_bytes = 0;
  CHECK(e.b & INDIRECT && !(e.b & NEXT) && e.length % 16 == 0 && e.length / 16 <= SIZE);
  const struct desc *table = (struct desc *)(memory + locate(e.address, e.length));
  for (uint32_t entry = 0; entry < e.length / 16; entry++) {
    struct desc own = read_desc(&table[entry]);
    take(t, own.address, own.length, own.b & WRITE);
  }
}

INLINE int packed_pop(struct mode m) {
  struct packed_device *d = &packed_device;
  struct desc *desc = &d->desc[d->next_avail];
  uint32_t end = OBSERVE(end_of(desc), m.shared);
  if ((end >> 16 & TURN) != d->avail_turn) return -1;
  CHECK(d->taken < SIZE);
  struct desc e = { ONCE(desc->address), ONCE(desc->length), end & 0xffff, end >> 16 };
  uint32_t slot = d->slots[--d->slot_count];
  struct taken *t = &d->rows[slot];
  if (e.b & (NEXT | INDIRECT)) {
    packed_walk(t, e);
  } else {
    t->elements[0] = (struct element){ locate(e.address, e.length), e.length };
    t->count = 1;
    t->readable = e.b & WRITE ? 0 : 1;
    t->writable_bytes = e.b & WRITE ? e.length : 0;
  }
  t->descriptors = 1;
  t->id = e.a;
  t->serial++;
  d->taken++;
  if (++d->next_avail == SIZE) {
    d->next_avail = 0;
    d->avail_turn ^= TURN;
  }
  return slot;
}

INLINE void packed_push(int slot, uint32_t written) {
  struct packed_device *d = &packed_device;
  struct taken *t = &d->rows[slot];
  CHECK((t->serial & 1) == 1 && written <= t->writable_bytes);
  t->serial++;
  struct desc *desc = &d->desc[d->next_used];
  uint32_t end = t->id | (uint32_t)(d->used_turn | (written > 0 ? WRITE : 0)) << 16;
  desc->length = written;
  if (d->held < 0) {
    d->held = d->next_used;
    d->held_end = end;
  } else {
    atomic_store_explicit(end_of(desc), end, memory_order_relaxed);
  }
  d->next_used += t->descriptors;
  d->since += t->descriptors;
  d->taken -= t->descriptors;
  d->slots[d->slot_count++] = slot;
  if (d->next_used >= SIZE) {
    d->next_used -= SIZE;
    d->used_turn ^= TURN;
  }
}

INLINE void packed_publish(struct mode m) {
  struct packed_device *d = &packed_device;
  if (d->held < 0) return;
  PUBLISH(end_of(&d->desc[d->held]), d->held_end, m.shared);
  d->held = -1;
  uint32_t since = d->since;
  d->since = 0;
  uint32_t event = OBSERVE(d->driver_event, m.shared);
  if (wanted(event, d->next_used, d->used_turn == TURN, since)) d->notifications++;
}
