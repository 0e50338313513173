/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Faults on demand, preloaded into a program.  No mount, no namespace, no ptrace.
 *
 *	KVS_FAULT=CALLS:N:ACTION[:PATH]
 *
 * CALLS   names of libc functions, comma-separated, or "change" (all that alter a file system),
 *         or "alloc" (kvsync's allocator)
 * N       which of the matching calls, from 1; 0 counts only
 * ACTION  an errno's name (ENOSPC, EIO, EACCES, EROFS, EINTR ...): the call fails with it undone;
 *         SHORT: a write writes half; KILL: the process dies before the call; ENOMEM for alloc
 * PATH    only calls on a path that contains this
 *
 *	KVS_FAULT_REPORT=FILE   gets "fired CALL N PATH" when it happens and "calls N" at the end
 *	KVS_FAULT_PROGRAM=NAME  the program that is meant (default kvsync): not its children
 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <unistd.h>

static struct {
	bool on;
	char calls[256];
	unsigned long n;
	int error; /* errno, or ... */
	enum { FAIL, SHORT, KILL } action;
	char path[256];
	int report; /* descriptor, or -1 */
	unsigned long seen;
} fault = { .report = -1 };

static const struct {
	const char *name;
	int error;
} errors[] = {
	{ "ENOSPC", ENOSPC }, { "EIO", EIO },	  { "EACCES", EACCES }, { "EROFS", EROFS },
	{ "EINTR", EINTR },   { "EBUSY", EBUSY }, { "EPERM", EPERM },	{ "EDQUOT", EDQUOT },
	{ "ENOMEM", ENOMEM }, { "EXDEV", EXDEV }, { "ELOOP", ELOOP },	{ "EMFILE", EMFILE },
};

/* Nothing here may pass through an interposed function. */
__attribute__((format(printf, 1, 2))) static void say(const char *fmt, ...)
{
	char line[512];
	va_list ap;
	int n;

	if (fault.report < 0)
		return;
	va_start(ap, fmt);
	n = vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	if (n > 0)
		(void)syscall(SYS_write, fault.report, line, (size_t)n);
}

static void die(const char *why)
{
	char line[300];
	int n = snprintf(line, sizeof(line), "fault shim: %s\n", why);

	(void)syscall(SYS_write, 2, line, (size_t)n);
	_exit(99);
}

static void set_action(const char *word)
{
	size_t i;

	if (!strcmp(word, "SHORT")) {
		fault.action = SHORT;
		return;
	}
	if (!strcmp(word, "KILL")) {
		fault.action = KILL;
		return;
	}
	for (i = 0; i < sizeof(errors) / sizeof(errors[0]); i++) {
		if (!strcmp(word, errors[i].name)) {
			fault.error = errors[i].error;
			return;
		}
	}
	die("unknown action in KVS_FAULT");
}

__attribute__((constructor)) static void set_up(void)
{
	const char *spec = getenv("KVS_FAULT");
	const char *report = getenv("KVS_FAULT_REPORT");
	const char *program = getenv("KVS_FAULT_PROGRAM");
	char action[16] = "";

	if (!spec || strcmp(program_invocation_short_name, program ? program : "kvsync") != 0)
		return;
	if (sscanf(spec, "%255[^:]:%lu:%15[^:]:%255[^\n]", fault.calls, &fault.n, action,
		   fault.path) < 3)
		die("KVS_FAULT is not CALLS:N:ACTION[:PATH]");
	set_action(action);
	if (report) {
		fault.report = (int)syscall(SYS_openat, AT_FDCWD, report,
					    O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
		if (fault.report < 0)
			die("cannot open KVS_FAULT_REPORT");
	}
	fault.on = true;
}

__attribute__((destructor)) static void tear_down(void)
{
	if (fault.on)
		say("calls %lu\n", fault.seen);
}

static bool listed(const char *call, bool changes)
{
	const char *at = fault.calls;
	size_t n = strlen(call);

	if (!strcmp(fault.calls, "change"))
		return changes;
	while ((at = strstr(at, call))) {
		if ((at == fault.calls || at[-1] == ',') && (at[n] == ',' || at[n] == '\0'))
			return true;
		at += n;
	}
	return false;
}

static const char *path_of_fd(int fd, char *buf, size_t size)
{
	char link[64];
	ssize_t n;

	(void)snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	n = syscall(SYS_readlink, link, buf, size - 1);
	buf[n > 0 ? n : 0] = '\0';
	return buf;
}

/* Is this call the one?  Dies here if it is to die. */
static bool strikes(const char *call, bool changes, const char *path, int fd)
{
	char buf[512];

	if (!fault.on || !listed(call, changes))
		return false;
	if (!path && fd >= 0)
		path = path_of_fd(fd, buf, sizeof(buf));
	if (fault.path[0] && (!path || !strstr(path, fault.path)))
		return false;
	if (++fault.seen != fault.n)
		return false;
	say("fired %s %lu %s\n", call, fault.n, path ? path : "");
	if (fault.action == KILL)
		(void)kill(getpid(), SIGKILL);
	return true;
}

static bool fails(const char *call, const char *path, int fd)
{
	if (!strikes(call, true, path, fd))
		return false;
	errno = fault.error;
	return true;
}

#define REAL(fn_) ((__typeof__(&fn_))real_(#fn_))

static void *real_(const char *name)
{
	void *p = dlsym(RTLD_NEXT, name);

	if (!p)
		die(name);
	return p;
}

/* ---- by descriptor ---- */

ssize_t write(int fd, const void *p, size_t n)
{
	if (strikes("write", true, NULL, fd)) {
		if (fault.action == SHORT)
			return REAL(write)(fd, p, n > 1 ? n / 2 : n);
		errno = fault.error;
		return -1;
	}
	return REAL(write)(fd, p, n);
}

#define PWRITE(name_, off_)                                                                        \
	ssize_t name_(int fd, const void *p, size_t n, off_ at)                                    \
	{                                                                                          \
		if (strikes("pwrite", true, NULL, fd)) {                                           \
			if (fault.action == SHORT)                                                 \
				return REAL(name_)(fd, p, n > 1 ? n / 2 : n, at);                  \
			errno = fault.error;                                                       \
			return -1;                                                                 \
		}                                                                                  \
		return REAL(name_)(fd, p, n, at);                                                  \
	}
PWRITE(pwrite, off_t)
PWRITE(pwrite64, off64_t)

#define BY_FD(ret_, name_, as_, params_, args_)                                                    \
	ret_ name_ params_                                                                         \
	{                                                                                          \
		return fails(as_, NULL, fd) ? -1 : REAL(name_) args_;                              \
	}
BY_FD(ssize_t, writev, "writev", (int fd, const struct iovec *v, int n), (fd, v, n))
BY_FD(int, fsync, "fsync", (int fd), (fd))
BY_FD(int, fdatasync, "fdatasync", (int fd), (fd))
BY_FD(int, fchmod, "fchmod", (int fd, mode_t mode), (fd, mode))
BY_FD(int, fchown, "fchown", (int fd, uid_t uid, gid_t gid), (fd, uid, gid))
BY_FD(int, ftruncate, "ftruncate", (int fd, off_t size), (fd, size))
BY_FD(int, ftruncate64, "ftruncate", (int fd, off64_t size), (fd, size))

/* posix_fallocate(3) fails by its value, fallocate(2) by errno. */
BY_FD(int, fallocate, "fallocate", (int fd, int mode, off_t at, off_t n), (fd, mode, at, n))
BY_FD(int, fallocate64, "fallocate", (int fd, int mode, off64_t at, off64_t n), (fd, mode, at, n))

/* ---- by path ---- */

#define BY_PATH(name_, params_, args_)                                                             \
	int name_ params_                                                                          \
	{                                                                                          \
		return fails(#name_, path, -1) ? -1 : REAL(name_) args_;                           \
	}
BY_PATH(rename, (const char *path, const char *to), (path, to))
BY_PATH(renameat, (int a, const char *path, int b, const char *to), (a, path, b, to))
BY_PATH(renameat2, (int a, const char *path, int b, const char *to, unsigned int flags),
	(a, path, b, to, flags))
BY_PATH(unlink, (const char *path), (path))
BY_PATH(unlinkat, (int dir, const char *path, int flags), (dir, path, flags))
BY_PATH(link, (const char *path, const char *to), (path, to))
BY_PATH(linkat, (int a, const char *path, int b, const char *to, int flags),
	(a, path, b, to, flags))
BY_PATH(mkdir, (const char *path, mode_t mode), (path, mode))
BY_PATH(mkdirat, (int dir, const char *path, mode_t mode), (dir, path, mode))
BY_PATH(chmod, (const char *path, mode_t mode), (path, mode))
BY_PATH(chown, (const char *path, uid_t uid, gid_t gid), (path, uid, gid))

/* ---- open: a change only where it may create or write ---- */

static bool open_fails(const char *path, int flags)
{
	bool changes = flags & (O_CREAT | O_WRONLY | O_RDWR | O_TRUNC);

	if (!strikes("open", changes, path, -1))
		return false;
	errno = fault.error;
	return true;
}

#define MODE_OF(flags_, last_)                                                                     \
	mode_t mode = 0;                                                                           \
	if ((flags_) & (O_CREAT | O_TMPFILE)) {                                                    \
		va_list ap;                                                                        \
		va_start(ap, last_);                                                               \
		mode = va_arg(ap, mode_t);                                                         \
		va_end(ap);                                                                        \
	}

#define OPEN(name_)                                                                                \
	int name_(const char *path, int flags, ...)                                                \
	{                                                                                          \
		MODE_OF(flags, flags)                                                              \
		return open_fails(path, flags) ? -1 : REAL(name_)(path, flags, mode);              \
	}
OPEN(open)
OPEN(open64)

#define OPENAT(name_)                                                                              \
	int name_(int dir, const char *path, int flags, ...)                                       \
	{                                                                                          \
		MODE_OF(flags, flags)                                                              \
		return open_fails(path, flags) ? -1 : REAL(name_)(dir, path, flags, mode);         \
	}
OPENAT(openat)
OPENAT(openat64)

/* ---- memory ---- */

void *kvsi_realloc(void *p, size_t n);

void *kvsi_realloc(void *p, size_t n)
{
	void *(*real)(void *, size_t);

	if (strikes("alloc", false, NULL, -1))
		return NULL;
	*(void **)&real = dlsym(RTLD_NEXT, "kvsi_realloc");
	return real ? real(p, n) : realloc(p, n ? n : 1);
}
