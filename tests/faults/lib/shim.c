/* Loaded before other libraries, so that one process sees another time of day and a slower disk than the machine has.
 * FAULT_FILE names a file of two 64-bit numbers, which the test changes while the process runs: microseconds that are
 * added to the time of day, and microseconds that each flush takes longer. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

struct faults {
  volatile int64_t clock_us, flush_us;
};

static const struct faults none = {0, 0};
static const struct faults* faults = &none;
static int (*real_clock_gettime)(clockid_t, struct timespec*);
static int (*real_fsync)(int);
static int (*real_fdatasync)(int);

__attribute__((constructor)) static void begin(void) {
  real_clock_gettime = dlsym(RTLD_NEXT, "clock_gettime");
  real_fsync = dlsym(RTLD_NEXT, "fsync");
  real_fdatasync = dlsym(RTLD_NEXT, "fdatasync");
  const char* path = getenv("FAULT_FILE");
  const int file = path ? open(path, O_RDONLY | O_CLOEXEC) : -1;
  if (file < 0) return;
  void* seen = mmap(0, sizeof *faults, PROT_READ, MAP_SHARED, file, 0);
  if (seen != MAP_FAILED) faults = seen;
  close(file);
}

int clock_gettime(clockid_t clock, struct timespec* out) {
  if (!real_clock_gettime) begin(); /* Asked by a constructor before ours. */
  const int outcome = real_clock_gettime(clock, out);
  if (outcome != 0 || clock != CLOCK_REALTIME || faults->clock_us == 0) return outcome;
  const int64_t us = out->tv_sec * 1000000LL + out->tv_nsec / 1000 + faults->clock_us;
  out->tv_sec = us / 1000000;
  out->tv_nsec = us % 1000000 * 1000;
  return 0;
}

int gettimeofday(struct timeval* restrict out, void* restrict zone) {
  struct timespec now;
  (void)zone;
  clock_gettime(CLOCK_REALTIME, &now);
  out->tv_sec = now.tv_sec;
  out->tv_usec = now.tv_nsec / 1000;
  return 0;
}

time_t time(time_t* out) {
  struct timespec now;
  clock_gettime(CLOCK_REALTIME, &now);
  if (out) *out = now.tv_sec;
  return now.tv_sec;
}

static void dawdle(void) {
  const int64_t us = faults->flush_us;
  const struct timespec length = {us / 1000000, us % 1000000 * 1000};
  if (us > 0) nanosleep(&length, 0);
}

int fsync(int file) {
  dawdle();
  return real_fsync(file);
}

int fdatasync(int file) {
  dawdle();
  return real_fdatasync(file);
}
