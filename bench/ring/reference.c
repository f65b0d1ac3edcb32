// The rings in C: what our runtime is measured against. Same algorithm, same checks, same protocol as ours.ts:
// reads lines "<format> <threads> <publish> <elements> <batch> <milliseconds>" and answers each with the
// nanoseconds per buffer: of slices of that time the tenth that was disturbed least, so that what else the machine does
// matters little.

#define _GNU_SOURCE
#include <pthread.h>
#include <sched.h>
#include <string.h>
#include <time.h>

#include "packed.h"
#include "split.h"

#define BUFFER 16u
#define SLICE 2048u // buffers that are timed together
#define SLICES 200000u

static _Atomic bool stopping;

static double now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return time.tv_sec * 1e9 + time.tv_nsec;
}

static void pin(int cpu) {
  cpu_set_t set;
  CPU_ZERO(&set);
  CPU_SET(cpu, &set);
  sched_setaffinity(0, sizeof set, &set);
}

static double times[SLICES];

static int compare(const void *a, const void *b) {
  double x = *(const double *)a, y = *(const double *)b;
  return x < y ? -1 : x > y;
}

static double quiet(uint32_t count) {
  qsort(times, count, sizeof *times, compare);
  return times[count / 10];
}

INLINE void relax(void) {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#endif
}

// Everything below is made once for each format and mode, so that no choice is left in the loops.
#define RING(F, NAME, SHARED, EACH)                                                               \
  INLINE void NAME##_add(uint32_t number, uint32_t elements) {                                    \
    uint64_t at = MEMORY_ADDRESS + BUFFERS_AT + (number & MASK) * (ELEMENTS_MAX * BUFFER);        \
    for (uint32_t e = 0; e + 1 < elements; e++)                                                   \
      stage(&F##_driver.staging, at + e * BUFFER, BUFFER, 0);                                     \
    stage(&F##_driver.staging, at + (elements - 1) * BUFFER, BUFFER, WRITE);                      \
    if (F##_add() < 0) lie("no room");                                                            \
  }                                                                                               \
  INLINE uint32_t NAME##_serve(void) {                                                            \
    struct mode m = { SHARED, EACH };                                                             \
    uint32_t count = 0;                                                                           \
    for (int head; (head = F##_pop(m)) >= 0; count++) {                                           \
      F##_push(head, BUFFER);                                                                     \
      if (EACH) F##_publish(m);                                                                   \
    }                                                                                             \
    F##_publish(m);                                                                               \
    return count;                                                                                 \
  }                                                                                               \
  static void *NAME##_thread(void *unused) {                                                      \
    pin(1);                                                                                       \
    while (!atomic_load_explicit(&stopping, memory_order_relaxed))                                \
      if (NAME##_serve() == 0) relax();                                                           \
    return unused;                                                                                \
  }                                                                                               \
  /* One thread: the driver adds a batch, the device answers it, the driver collects it. */       \
  static __attribute__((noinline)) void NAME##_round(uint32_t elements, uint32_t batch) {         \
    struct mode m = { SHARED, EACH };                                                             \
    for (uint32_t i = 0; i < batch; i++) {                                                        \
      NAME##_add(i, elements);                                                                    \
      if (EACH) F##_kick(m);                                                                      \
    }                                                                                             \
    F##_kick(m);                                                                                  \
    NAME##_serve();                                                                               \
    for (uint32_t i = 0; i < batch; i++) if (F##_collect(m) < 0) lie("nothing used");             \
  }                                                                                               \
  /* Two threads: the driver keeps a batch outstanding. */                                        \
  static __attribute__((noinline)) uint32_t NAME##_keep(uint32_t *added, uint32_t pending,        \
                                                        uint32_t elements, uint32_t batch) {      \
    struct mode m = { SHARED, EACH };                                                             \
    if (EACH) {                                                                                   \
      if (pending < batch) {                                                                      \
        NAME##_add((*added)++, elements);                                                         \
        pending++;                                                                                \
        F##_kick(m);                                                                              \
      }                                                                                           \
      if (F##_collect(m) >= 0) pending--;                                                         \
      else if (pending == batch) relax();                                                         \
      return pending;                                                                             \
    }                                                                                             \
    for (; pending < batch; pending++) NAME##_add((*added)++, elements);                          \
    F##_kick(m);                                                                                  \
    while (F##_collect(m) >= 0) pending--;                                                        \
    if (pending == batch) relax();                                                                \
    return pending;                                                                               \
  }                                                                                               \
  static double NAME##_run(uint32_t elements, uint32_t batch, double nanoseconds) {               \
    uint32_t added = 0, pending = 0;                                                              \
    pthread_t thread;                                                                             \
    F##_open();                                                                                   \
    if (SHARED) {                                                                                 \
      atomic_store(&stopping, false);                                                             \
      pthread_create(&thread, NULL, NAME##_thread, NULL);                                         \
      while (added < 20000) pending = NAME##_keep(&added, pending, elements, batch);              \
    }                                                                                             \
    double start = now(), before = start;                                                         \
    uint32_t slices = 0;                                                                          \
    while (before - start < nanoseconds && slices < SLICES) {                                     \
      uint32_t count = 0;                                                                         \
      while (count < SLICE) {                                                                     \
        if (SHARED) {                                                                             \
          uint32_t first = added;                                                                 \
          pending = NAME##_keep(&added, pending, elements, batch);                                \
          count += added - first;                                                                 \
        } else {                                                                                  \
          NAME##_round(elements, batch);                                                          \
          count += batch;                                                                         \
        }                                                                                         \
      }                                                                                           \
      double after = now();                                                                       \
      times[slices++] = (after - before) / count;                                                 \
      before = after;                                                                             \
    }                                                                                             \
    if (SHARED) {                                                                                 \
      struct mode m = { SHARED, EACH };                                                           \
      while (pending > 0) if (F##_collect(m) >= 0) pending--;                                     \
      atomic_store(&stopping, true);                                                              \
      pthread_join(thread, NULL);                                                                 \
    }                                                                                             \
    return quiet(slices);                                                                         \
  }

RING(split, split_one, false, false)
RING(split, split_one_each, false, true)
RING(split, split_two, true, false)
RING(split, split_two_each, true, true)
RING(packed, packed_one, false, false)
RING(packed, packed_one_each, false, true)
RING(packed, packed_two, true, false)
RING(packed, packed_two_each, true, true)

typedef double run(uint32_t, uint32_t, double);
static run *const runs[2][2][2] = {
  { { split_one_run, split_one_each_run }, { split_two_run, split_two_each_run } },
  { { packed_one_run, packed_one_each_run }, { packed_two_run, packed_two_each_run } },
};

int main(void) {
  char format[16], publish[16];
  uint32_t threads, elements, batch, milliseconds;
  pin(0);
  while (scanf("%15s %u %15s %u %u %u", format, &threads, publish, &elements, &batch,
               &milliseconds) == 6) {
    if (threads < 1 || threads > 2 || elements < 1 || elements > ELEMENTS_MAX || batch < 1 || batch > SIZE)
      return 2;
    memset(memory, 0, sizeof memory);
    run *measure = runs[strcmp(format, "packed") == 0][threads - 1][strcmp(publish, "buffer") == 0];
    printf("%.2f\n", measure(elements, batch, milliseconds * 1e6));
    fflush(stdout);
  }
}
