/* Faults of a disk, made where the program meets the system, for files whose name holds ".db".
   The file named by FAULTS says which: "none", "full N" (no file of the store's folder may grow while all of them
   together are N bytes or more), "sync" (every fsync fails), "sync-once" (the next one of a log fails).
   The file named by FAULTS_LOG gets a line per fsync of a store's log: "f N" it failed, "s N" it was done, where N is
   the how-manieth opening of a log that the descriptor comes from. */
#define _GNU_SOURCE
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

static int opening[1 << 16], openings;

static void say(char event, int fd) {
  char line[32];
  int n = snprintf(line, sizeof line, "%c %d\n", event, opening[fd & 0xffff]);
  int log = syscall(SYS_openat, AT_FDCWD, getenv("FAULTS_LOG"), O_WRONLY | O_APPEND | O_CREAT, 0600);
  syscall(SYS_write, log, line, n);
  syscall(SYS_close, log);
}

static void wanted(char *text, size_t size) {
  int fd = syscall(SYS_openat, AT_FDCWD, getenv("FAULTS"), O_RDONLY);
  long n = syscall(SYS_read, fd, text, size - 1);
  text[n > 0 ? n : 0] = 0;
  syscall(SYS_close, fd);
}

static int of_store(int fd, char *path) {
  char link[64];
  snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  ssize_t n = readlink(link, path, PATH_MAX - 1);
  path[n > 0 ? n : 0] = 0;
  return strstr(path, ".db") != NULL;
}

/* Whether a write that ends at `end` finds no room. */
static int no_room(int fd, long long end) {
  char path[PATH_MAX], text[64];
  long long most, used = 0;
  struct stat now, each;
  if (!of_store(fd, path)) return 0;
  wanted(text, sizeof text);
  if (sscanf(text, "full %lld", &most) != 1 || fstat(fd, &now) || end <= now.st_size) return 0;
  *strrchr(path, '/') = 0;
  DIR *folder = opendir(path);
  for (struct dirent *entry; folder && (entry = readdir(folder));)
    if (strstr(entry->d_name, ".db") && !fstatat(dirfd(folder), entry->d_name, &each, 0)) used += each.st_size;
  if (folder) closedir(folder);
  return used + (end - now.st_size) > most;
}

#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

ssize_t pwrite(int fd, const void *from, size_t n, off_t at) {
  if (no_room(fd, (long long)at + n)) return errno = ENOSPC, -1;
  return REAL(pwrite)(fd, from, n, at);
}

ssize_t pwrite64(int fd, const void *from, size_t n, off64_t at) {
  if (no_room(fd, (long long)at + n)) return errno = ENOSPC, -1;
  return REAL(pwrite64)(fd, from, n, at);
}

ssize_t write(int fd, const void *from, size_t n) {
  char path[PATH_MAX];
  if (of_store(fd, path) && no_room(fd, (long long)lseek(fd, 0, SEEK_CUR) + n)) return errno = ENOSPC, -1;
  return REAL(write)(fd, from, n);
}

static int broken(int fd) {
  static int used = 0;
  char path[PATH_MAX], text[64];
  if (!of_store(fd, path)) return 0;
  int log = strstr(path, "-wal") != NULL;
  wanted(text, sizeof text);
  int fails = !strcmp(text, "sync") || (log && !strcmp(text, "sync-once") && !__sync_lock_test_and_set(&used, 1));
  if (log) say(fails ? 'f' : 's', fd);
  return fails;
}

int fsync(int fd) {
  if (broken(fd)) return errno = EIO, -1;
  return REAL(fsync)(fd);
}

int fdatasync(int fd) {
  if (broken(fd)) return errno = EIO, -1;
  return REAL(fdatasync)(fd);
}

#define OPEN(name)                                                                          \
  int name(const char *path, int flags, ...) {                                              \
    va_list rest;                                                                           \
    va_start(rest, flags);                                                                  \
    int mode = flags & O_CREAT ? va_arg(rest, int) : 0;                                     \
    va_end(rest);                                                                           \
    int fd = REAL(name)(path, flags, mode);                                                 \
    if (fd >= 0 && strstr(path, "-wal")) opening[fd & 0xffff] = __sync_add_and_fetch(&openings, 1); \
    return fd;                                                                              \
  }

OPEN(open)
OPEN(open64)
