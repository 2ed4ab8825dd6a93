/*
 * Lets libvirtd believe that it raised RLIMIT_MEMLOCK on machines where nobody can (no CAP_SYS_RESOURCE). For tests and the
 * demo only, preloaded into a private libvirtd; never part of the product. The memory is locked all the same: QEMU runs as
 * root with CAP_IPC_LOCK, which the kernel lets lock memory whatever the limit says.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/types.h>

/* libvirtd hands LD_PRELOAD on to QEMU and helpers, which must not have this. */
__attribute__((constructor)) static void announce(void)
{
    unsetenv("LD_PRELOAD");
    fputs("memlock-permit: ACTIVE, FOR TESTS ONLY: this machine refuses to raise RLIMIT_MEMLOCK (no CAP_SYS_RESOURCE), "
          "so libvirtd is told that it was raised\n", stderr);
}

static int permitted(int result, int resource, int changing)
{
    return result == -1 && errno == EPERM && resource == RLIMIT_MEMLOCK && changing ? 0 : result;
}

int setrlimit(__rlimit_resource_t resource, const struct rlimit *limit)
{
    int (*real)(__rlimit_resource_t, const struct rlimit *) = dlsym(RTLD_NEXT, "setrlimit");
    return permitted(real(resource, limit), (int) resource, 1);
}

int setrlimit64(__rlimit_resource_t resource, const struct rlimit64 *limit)
{
    int (*real)(__rlimit_resource_t, const struct rlimit64 *) = dlsym(RTLD_NEXT, "setrlimit64");
    return permitted(real(resource, limit), (int) resource, 1);
}

int prlimit(pid_t pid, __rlimit_resource_t resource, const struct rlimit *limit, struct rlimit *old)
{
    int (*real)(pid_t, __rlimit_resource_t, const struct rlimit *, struct rlimit *) = dlsym(RTLD_NEXT, "prlimit");
    return permitted(real(pid, resource, limit, old), (int) resource, limit != NULL);
}

int prlimit64(pid_t pid, __rlimit_resource_t resource, const struct rlimit64 *limit, struct rlimit64 *old)
{
    int (*real)(pid_t, __rlimit_resource_t, const struct rlimit64 *, struct rlimit64 *) = dlsym(RTLD_NEXT, "prlimit64");
    return permitted(real(pid, resource, limit, old), (int) resource, limit != NULL);
}
