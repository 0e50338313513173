/* SPDX-License-Identifier: Apache-2.0 */
#include "base/proc_spawn.h"

#include "base/alloc.h"
#include "base/cleanup.h"
#include "base/err.h"
#include "base/str.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

/* What kvsync reads secrets from, itself or through its backends. */
static const char *const secret_names[] = {
	"CONSUL_HTTP_TOKEN",	 "CONSUL_HTTP_AUTH",  "ETCDCTL_PASSWORD", "ETCDCTL_USER",
	"AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "DATADOG_API_KEY",  "DATADOG_APP_KEY",
};

/* ---- environment ---- */

static size_t count(const char *const *list)
{
	size_t n = 0;

	while (list && list[n])
		n++;
	return n;
}

static bool same_name(const char *a, const char *b)
{
	size_t n = strcspn(a, "=");

	return n == strcspn(b, "=") && strncmp(a, b, n) == 0;
}

bool kvs_proc_secret_env(const char *var)
{
	for (size_t i = 0; i < sizeof(secret_names) / sizeof(secret_names[0]); i++) {
		if (same_name(var, secret_names[i]))
			return true;
	}
	return false;
}

static bool is_replaced(const char *var, const char *const *additions)
{
	for (size_t i = 0; additions && additions[i]; i++) {
		if (same_name(var, additions[i]))
			return true;
	}
	return false;
}

/* A NULL-terminated array, to be freed, of strings that it does not own; NULL without memory. */
static const char **make_env(const char *const *additions)
{
	const char *const *ours = (const char *const *)environ;
	size_t n = 0;
	const char **env = kvs_realloc_array(NULL, count(ours) + count(additions) + 1,
					     sizeof(*env));

	if (!env)
		return NULL;
	for (size_t i = 0; ours && ours[i]; i++) {
		if (!kvs_proc_secret_env(ours[i]) && !is_replaced(ours[i], additions))
			env[n++] = ours[i];
	}
	for (size_t i = 0; additions && additions[i]; i++)
		env[n++] = additions[i];
	env[n] = NULL;
	return env;
}

/* ---- descriptors ---- */

/* Moves *fd out of the way of the numbers that the child's own get. */
static int move_above_stdio(int *fd)
{
	int moved;

	if (*fd > STDERR_FILENO)
		return 0;
	moved = fcntl(*fd, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
	if (moved < 0)
		return -1;
	(void)close(*fd);
	*fd = moved;
	return 0;
}

/* A file in memory that holds the input: unlike a pipe it needs nobody who feeds it, and a command
 * that does not read it does no harm. */
static int make_input(struct kvs_str input, int *ret_fd, struct kvs_err *err)
{
	KVS_AUTO_FD int fd = memfd_create("kvsync-input", MFD_CLOEXEC);

	if (fd < 0 || move_above_stdio(&fd) != 0)
		return kvs_err_sys(err, "cannot prepare a command's input");
	while (input.n) {
		ssize_t n = write(fd, input.p, input.n);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return kvs_err_sys(err, "cannot prepare a command's input");
		input = kvs_str_skip(input, (size_t)n);
	}
	if (lseek(fd, 0, SEEK_SET) != 0)
		return kvs_err_sys(err, "cannot prepare a command's input");
	*ret_fd = kvs_steal_fd(&fd);
	return 0;
}

/* Both return an errno, as the posix_spawn functions do. */
static int set_files(posix_spawn_file_actions_t *actions, int in_fd, int out_fd)
{
	int rc = 0;

	/* The output first: out_fd may have the number that the input is going to have. */
	if (out_fd >= 0)
		rc = posix_spawn_file_actions_adddup2(actions, out_fd, STDOUT_FILENO);
	if (!rc && out_fd >= 0)
		rc = posix_spawn_file_actions_adddup2(actions, out_fd, STDERR_FILENO);
	if (!rc && in_fd >= 0)
		rc = posix_spawn_file_actions_adddup2(actions, in_fd, STDIN_FILENO);
	else if (!rc)
		rc = posix_spawn_file_actions_addopen(actions, STDIN_FILENO, "/dev/null", O_RDONLY,
						      0);
	if (!rc)
		rc = posix_spawn_file_actions_addclosefrom_np(actions, STDERR_FILENO + 1);
	return rc;
}

static int set_attributes(posix_spawnattr_t *attr)
{
	sigset_t all, none;
	int rc;

	(void)sigfillset(&all);
	(void)sigemptyset(&none);
	rc = posix_spawnattr_setflags(attr, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGDEF |
						    POSIX_SPAWN_SETSIGMASK);
	if (!rc)
		rc = posix_spawnattr_setpgroup(attr, 0);
	if (!rc)
		rc = posix_spawnattr_setsigdefault(attr, &all);
	if (!rc)
		rc = posix_spawnattr_setsigmask(attr, &none);
	return rc;
}

/* ---- spawn ---- */

static void destroy_actions(posix_spawn_file_actions_t *actions)
{
	(void)posix_spawn_file_actions_destroy(actions);
}

static void destroy_attr(posix_spawnattr_t *attr)
{
	(void)posix_spawnattr_destroy(attr);
}

/* argv and env are arrays of strings that posix_spawnp() does not change, whatever its type says.
 */
static char *const *unconst(const char *const *strings)
{
	union {
		const char *const *in;
		char *const *out;
	} cast = { .in = strings };

	return cast.out;
}

static int fail(int error, const char *name, struct kvs_err *err)
{
	int code = error == ENOMEM ? KVS_E_NOMEM : KVS_E_COMMAND;

	(void)kvs_err_set(err, code, "cannot run '%s': %s", KVS_Q(kvs_s(name)),
			  strerrordesc_np(error) ?: "unknown error");
	if (err)
		err->sys_errno = error;
	return code;
}

int kvs_proc_spawn(const struct kvs_proc_spec *spec, int out_fd, pid_t *ret_pid,
		   struct kvs_err *err)
{
	KVS_CLEANUP(destroy_actions) posix_spawn_file_actions_t actions;
	KVS_CLEANUP(destroy_attr) posix_spawnattr_t attr;
	KVS_AUTO_FREE const char **env = make_env(spec->env);
	KVS_AUTO_FD int in_fd = -1;
	int rc;

	/* These two cannot fail here, and their cleanup needs them done. */
	(void)posix_spawn_file_actions_init(&actions);
	(void)posix_spawnattr_init(&attr);
	if (!env)
		return kvs_err_oom(err);
	if (spec->input.n) {
		rc = make_input(spec->input, &in_fd, err);
		if (rc)
			return rc;
	}
	rc = set_files(&actions, in_fd, out_fd);
	if (!rc)
		rc = set_attributes(&attr);
	if (!rc)
		rc = posix_spawnp(ret_pid, spec->argv[0], &actions, &attr, unconst(spec->argv),
				  unconst(env));
	return rc ? fail(rc, spec->argv[0], err) : 0;
}
