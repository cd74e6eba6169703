/* Preloaded: fsync(2), fdatasync(2) and sync_file_range(2) fail with EIO for files below $FAULT_BELOW while the file
 * $FAULT_WHILE exists. Built by sync_error.rs. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int faulty(int fd)
{
    const char *below = getenv("FAULT_BELOW"), *when = getenv("FAULT_WHILE");
    char link[64], path[4096];
    ssize_t length;

    if (below == NULL || when == NULL || access(when, F_OK) != 0)
        return 0;
    snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
    length = readlink(link, path, sizeof(path) - 1);
    if (length < 0)
        return 0;
    path[length] = 0;
    return strncmp(path, below, strlen(below)) == 0;
}

#define FAIL_OR_CALL(name, fd, type, arguments)                                \
    if (faulty(fd)) {                                                          \
        errno = EIO;                                                           \
        return -1;                                                             \
    }                                                                          \
    return ((type) dlsym(RTLD_NEXT, name)) arguments

int fsync(int fd)
{
    FAIL_OR_CALL("fsync", fd, int (*)(int), (fd));
}

int fdatasync(int fd)
{
    FAIL_OR_CALL("fdatasync", fd, int (*)(int), (fd));
}
