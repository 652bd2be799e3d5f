/*
 * One clock for all processes of a simulated year: what they ask for the time of day gets the machine's, moved on by
 * what stands in the file $VN_SOAK_CLOCK (microseconds, 8 bytes), which is mapped, so that a running server follows.
 * Where $VN_SOAK_HURRY is a number, sleeps of a second and more last that many times less: a client that waits ten
 * minutes for a portal need not be waited for. To be loaded by LD_PRELOAD.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static const volatile int64_t *moved; /* microseconds */
static int64_t hurried;               /* microseconds that sleeps were cut short by: the monotonic clock is ahead of the kernel's */
static int64_t hurry = 1;

__attribute__((constructor)) static void begin(void) {
  const char *path = getenv("VN_SOAK_CLOCK"), *factor = getenv("VN_SOAK_HURRY");
  int file = path ? open(path, O_RDONLY | O_CLOEXEC) : -1;
  if (file >= 0) {
    void *at = mmap(0, sizeof *moved, PROT_READ, MAP_SHARED, file, 0);
    close(file);
    if (at != MAP_FAILED) moved = at;
  }
  if (factor && atoi(factor) > 1) hurry = atoi(factor);
}

static void add(struct timespec *t, int64_t us) {
  int64_t ns = t->tv_nsec + us % 1000000 * 1000;
  t->tv_sec += us / 1000000;
  if (ns < 0) ns += 1000000000, t->tv_sec--;
  if (ns >= 1000000000) ns -= 1000000000, t->tv_sec++;
  t->tv_nsec = ns;
}

int clock_gettime(clockid_t id, struct timespec *t) {
  static int (*own)(clockid_t, struct timespec *);
  if (!own) own = dlsym(RTLD_NEXT, "clock_gettime");
  int failed = own ? own(id, t) : syscall(SYS_clock_gettime, id, t);
  if (failed) return failed;
  if ((id == CLOCK_REALTIME || id == CLOCK_REALTIME_COARSE) && moved) add(t, *moved);
  if (id == CLOCK_MONOTONIC || id == CLOCK_MONOTONIC_COARSE) add(t, __atomic_load_n(&hurried, __ATOMIC_RELAXED));
  return 0;
}

int gettimeofday(struct timeval *t, void *zone) {
  struct timespec now;
  (void)zone;
  clock_gettime(CLOCK_REALTIME, &now);
  t->tv_sec = now.tv_sec, t->tv_usec = now.tv_nsec / 1000;
  return 0;
}

time_t time(time_t *t) {
  struct timespec now;
  clock_gettime(CLOCK_REALTIME, &now);
  if (t) *t = now.tv_sec;
  return now.tv_sec;
}

int clock_nanosleep(clockid_t id, int flags, const struct timespec *want, struct timespec *left) {
  static int (*own)(clockid_t, int, const struct timespec *, struct timespec *);
  if (!own) own = dlsym(RTLD_NEXT, "clock_nanosleep");
  struct timespec then = *want;
  if (hurry == 1) return own(id, flags, want, left);
  if (flags & TIMER_ABSTIME) { /* Python's time.sleep: until a moment of the monotonic clock */
    struct timespec now;
    clock_gettime(id, &now);
    int64_t us = (then.tv_sec - now.tv_sec) * 1000000 + (then.tv_nsec - now.tv_nsec) / 1000;
    if (us < 0) us = 0;
    then.tv_sec = us / 1000000, then.tv_nsec = us % 1000000 * 1000;
  }
  int64_t us = then.tv_sec * 1000000 + then.tv_nsec / 1000, cut = us >= 1000000 ? us - us / hurry : 0;
  add(&then, -cut);
  int failed = own(CLOCK_MONOTONIC, 0, &then, left);
  if (!failed && cut) __atomic_fetch_add(&hurried, cut, __ATOMIC_RELAXED);
  return failed;
}
