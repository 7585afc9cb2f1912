// Makes the kernel slow to serve, as it may be over a network, beyond 2 GiB or when signals come: a read or write of a
// regular file brings or takes only a part, and every third one is interrupted first. To be named in LD_PRELOAD.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <stdatomic.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <unistd.h>

static _Atomic unsigned calls;

static int is_regular(int file) {
  struct stat status;
  int before = errno;
  int is = fstat(file, &status) == 0 && S_ISREG(status.st_mode);
  errno = before;
  return is;
}

// How much of a call is served; 0 for an interruption.
static size_t part(int file, size_t count) {
  if (count < 2 || !is_regular(file)) return count;
  unsigned number = atomic_fetch_add(&calls, 1);
  if (number % 3 == 0) return 0;
  size_t most = count > 4096 ? count / 3 : 1 + number * 7919u % 61;
  return count < most ? count : most;
}

// The C library's own function of a name.
#define NEXT(name) ((__typeof__(name) *)dlsym(RTLD_NEXT, #name))
#define SERVE(name, source, ...) \
  size_t some = part(file, count); \
  if (count && !some) { errno = EINTR; return -1; } \
  return NEXT(name)(file, source, some __VA_OPT__(,) __VA_ARGS__)

ssize_t read(int file, void *target, size_t count) { SERVE(read, target); }
ssize_t write(int file, const void *source, size_t count) { SERVE(write, source); }
ssize_t pread(int file, void *target, size_t count, off_t offset) { SERVE(pread, target, offset); }
ssize_t pread64(int file, void *target, size_t count, off64_t offset) { SERVE(pread64, target, offset); }
ssize_t pwrite(int file, const void *source, size_t count, off_t offset) { SERVE(pwrite, source, offset); }
ssize_t pwrite64(int file, const void *source, size_t count, off64_t offset) { SERVE(pwrite64, source, offset); }
