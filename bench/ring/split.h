// Both ends of a split ring (VIRTIO 1.4, 2.7), one element direct, several in an indirect table.

#pragma once

#include "common.h"

struct avail { _Atomic uint16_t flags; _Atomic uint16_t idx; uint16_t ring[SIZE]; _Atomic uint16_t used_event; };
struct used_entry { uint32_t id, length; };
struct used { _Atomic uint16_t flags; _Atomic uint16_t idx; struct used_entry ring[SIZE]; _Atomic uint16_t avail_event; };

struct split_driver {
  struct desc *desc;
  struct avail *avail;
  struct used *used;
  uint16_t next[SIZE];
  struct { uint16_t count, at; uint32_t writable; } records[SIZE];
  uint32_t free, free_count;
  uint16_t next_avail, published, kicked, next_used, seen_used;
  uint32_t used_length, kicks;
  struct staging staging;
};

struct split_device {
  struct desc *desc;
  struct avail *avail;
  struct used *used;
  struct taken rows[SIZE];
  uint16_t next_avail, seen_avail, next_used, published, signalled;
  uint32_t notifications;
};

static struct split_driver split_driver;
static struct split_device split_device;

static void split_open(void) {
  struct split_driver *d = &split_driver;
  *d = (struct split_driver){ .free_count = SIZE };
  for (uint32_t i = 0; i < SIZE; i++) d->next[i] = (i + 1) & MASK;
  d->desc = (struct desc *)(memory + DESC_AT);
  d->avail = (struct avail *)(memory + DRIVER_AT);
  d->used = (struct used *)(memory + DEVICE_AT);
  split_device = (struct split_device){ .desc = d->desc, .avail = d->avail, .used = d->used };
}

INLINE bool passed(uint16_t event, uint16_t now, uint16_t old) {
  return (uint16_t)(now - event - 1) < (uint16_t)(now - old);
}

INLINE int split_add(void) {
  struct split_driver *d = &split_driver;
  struct staging *s = &d->staging;
  if (d->free_count == 0) return -1;
  uint32_t head = d->free;
  if (s->count == 1) {
    struct staged *e = &s->elements[0];
    d->desc[head] = (struct desc){ e->address, e->length, e->flags, 0 };
  } else {
    uint32_t at = TABLES_AT + head * ELEMENTS_MAX * sizeof(struct desc);
    struct desc *table = (struct desc *)(memory + at);
    for (uint32_t i = 0; i < s->count; i++) {
      struct staged *e = &s->elements[i];
      bool more = i + 1 < s->count;
      table[i] = (struct desc){ e->address, e->length, e->flags | (more ? NEXT : 0), more ? i + 1 : 0 };
    }
    d->desc[head] = (struct desc){ MEMORY_ADDRESS + at, s->count * 16, INDIRECT, 0 };
  }
  d->free = d->next[head];
  d->free_count--;
  d->records[head].count = 1;
  d->records[head].at = d->next_avail;
  d->records[head].writable = writable_of(s);
  s->count = 0;
  d->avail->ring[d->next_avail & MASK] = head;
  d->next_avail++;
  return head;
}

INLINE void split_kick(struct mode m) {
  struct split_driver *d = &split_driver;
  if (d->published == d->next_avail) return;
  d->published = d->next_avail;
  PUBLISH(&d->avail->idx, d->published, m.shared);
  uint16_t old = d->kicked;
  d->kicked = d->published;
  if (passed(OBSERVE(&d->used->avail_event, m.shared), d->published, old)) d->kicks++;
}

INLINE int split_collect(struct mode m) {
  struct split_driver *d = &split_driver;
  uint16_t at = d->next_used;
  if (m.each || at == d->seen_used) {
    uint16_t seen = OBSERVE(&d->used->idx, m.shared);
    if (seen == at) return -1;
    CHECK((uint16_t)(seen - at) <= (uint16_t)(d->published - at));
    d->seen_used = seen;
  }
  struct used_entry *entry = &d->used->ring[at & MASK];
  uint32_t id = ONCE(entry->id), length = ONCE(entry->length);
  CHECK(id < SIZE && d->records[id].count > 0);
  CHECK((uint16_t)(d->published - d->records[id].at - 1) < 0x8000);
  CHECK(length <= d->records[id].writable);
  d->used_length = length;
  d->records[id].count = 0;
  d->next[id] = d->free;
  d->free = id;
  d->free_count++;
  d->next_used = at + 1;
  return id;
}

static void split_walk(struct taken *t, struct desc e) {
  t->count = t->readable = 0;
  t->writable_bytes = 0;
  CHECK(!(e.a & NEXT) && e.length % 16 == 0);
  const struct desc *table = (struct desc *)(memory + locate(e.address, e.length));
  uint32_t entries = e.length / 16, entry = 0;
  for (uint32_t count = 1;; count++) {
    CHECK(count <= SIZE);
    struct desc own = read_desc(&table[entry]);
    CHECK(!(own.a & INDIRECT));
    take(t, own.address, own.length, own.a & WRITE);
    if (!(own.a & NEXT)) break;
    entry = own.b;
    CHECK(entry < entries);
  }
}

INLINE int split_pop(struct mode m) {
  struct split_device *d = &split_device;
  uint16_t at = d->next_avail;
  if (m.each || at == d->seen_avail) {
    uint16_t seen = OBSERVE(&d->avail->idx, m.shared);
    if (seen == at) return -1;
    CHECK((uint16_t)(seen - at) <= SIZE);
    d->seen_avail = seen;
  }
  uint32_t head = ONCE(d->avail->ring[at & MASK]);
  CHECK(head < SIZE);
  struct taken *t = &d->rows[head];
  CHECK((t->serial & 1) == 0);
  struct desc e = read_desc(&d->desc[head]);
  if (e.a & (NEXT | INDIRECT)) {
    split_walk(t, e);
  } else {
    t->elements[0] = (struct element){ locate(e.address, e.length), e.length };
    t->count = 1;
    t->readable = e.a & WRITE ? 0 : 1;
    t->writable_bytes = e.a & WRITE ? e.length : 0;
  }
  t->serial++;
  d->next_avail = at + 1;
  return head;
}

INLINE void split_push(int head, uint32_t written) {
  struct split_device *d = &split_device;
  struct taken *t = &d->rows[head];
  CHECK((t->serial & 1) == 1 && written <= t->writable_bytes);
  t->serial++;
  d->used->ring[d->next_used & MASK] = (struct used_entry){ head, written };
  d->next_used++;
}

INLINE void split_publish(struct mode m) {
  struct split_device *d = &split_device;
  if (d->published == d->next_used) return;
  d->published = d->next_used;
  PUBLISH(&d->used->idx, d->published, m.shared);
  uint16_t old = d->signalled;
  d->signalled = d->published;
  if (passed(OBSERVE(&d->avail->used_event, m.shared), d->published, old)) d->notifications++;
}
