/* SPDX-License-Identifier: Apache-2.0 */
#include "base/fsio.h"

#include "base/alloc.h"
#include "base/err.h"
#include "base/path.h"
#include "base/str.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>

/* As many links as the kernel itself would follow. */
#define MAX_LINKS  40
#define READ_CHUNK (64u * 1024u)

int kvs_fd_read(int fd, const char *name, struct kvs_buf *buf, struct kvs_err *err)
{
	for (;;) {
		size_t want = buf->max - buf->len < READ_CHUNK ? buf->max - buf->len : READ_CHUNK;
		char *room;
		char probe;
		ssize_t n;

		/* at the cap one more byte tells whether this was the end */
		room = want ? kvs_buf_reserve(buf, want) : &probe;
		if (!room)
			return kvs_buf_check(buf, KVS_Q(kvs_s(name)), err);
		*room = '\0'; /* also when this is all */
		n = read(fd, room, want ? want : 1);
		if (n == 0)
			return 0;
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return kvs_err_sys(err, "read %s", KVS_Q(kvs_s(name)));
		if (!want)
			return kvs_err_set(err, KVS_E_TOOBIG, "%s is over %zu bytes",
					   KVS_Q(kvs_s(name)), buf->max);
		buf->len += (size_t)n;
		buf->data[buf->len] = '\0';
	}
}

int kvs_file_read(const char *path, struct kvs_buf *buf, struct kvs_err *err)
{
	KVS_AUTO_FD int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);

	if (fd < 0)
		return kvs_err_sys(err, "open %s", KVS_Q(kvs_s(path)));
	return kvs_fd_read(fd, path, buf, err);
}

int kvs_dir_make(const char *path, mode_t mode, struct kvs_err *err)
{
	KVS_AUTO_FREE char *dir = kvs_strdup(path);
	struct stat st;
	char *slash;

	if (!dir)
		return kvs_err_oom(err);
	if (stat(dir, &st) == 0 && S_ISDIR(st.st_mode))
		return 0;
	for (slash = strchr(dir + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		/* what cannot be made but exists is found by the last mkdir */
		if (mkdir(dir, mode) != 0 && errno != EEXIST && stat(dir, &st) != 0)
			return kvs_err_sys(err, "make the directory %s", KVS_Q(kvs_s(dir)));
		*slash = '/';
	}
	if (mkdir(dir, mode) == 0)
		return 0;
	if (errno == EEXIST && stat(dir, &st) == 0 && !S_ISDIR(st.st_mode))
		errno = ENOTDIR;
	else if (errno == EEXIST)
		return 0;
	return kvs_err_sys(err, "make the directory %s", KVS_Q(kvs_s(dir)));
}

/* The path that a link at `path` names: relative ones start in the link's directory. */
static int follow_link(const char *path, char **ret_next, struct kvs_err *err)
{
	KVS_AUTO_FREE char *dir = NULL;
	char link[PATH_MAX];
	ssize_t n = readlink(path, link, sizeof(link) - 1);

	if (n < 0)
		return kvs_err_sys(err, "read the symbolic link %s", KVS_Q(kvs_s(path)));
	link[n] = '\0';
	if (link[0] == '/') {
		*ret_next = kvs_strdup(link);
	} else {
		dir = kvs_path_dir(path);
		*ret_next = dir ? kvs_asprintf("%s/%s", dir, link) : NULL;
	}
	return *ret_next ? 0 : kvs_err_oom(err);
}

int kvs_file_resolve(const char *path, bool follow, char **ret_path, struct kvs_err *err)
{
	KVS_AUTO_FREE char *at = kvs_strdup(path);
	struct stat st;
	int links, rc;

	if (!at)
		return kvs_err_oom(err);
	for (links = 0; lstat(at, &st) == 0 && S_ISLNK(st.st_mode); links++) {
		char *next = NULL;

		if (!follow)
			return kvs_err_set(
				err, KVS_E_SYS,
				"%s is a symbolic link, and following it was not asked for",
				KVS_Q(kvs_s(path)));
		if (links == MAX_LINKS) {
			errno = ELOOP;
			return kvs_err_sys(err, "follow the symbolic link %s", KVS_Q(kvs_s(path)));
		}
		rc = follow_link(at, &next, err);
		if (rc)
			return rc;
		kvsi_free(at);
		at = next;
	}
	*ret_path = kvs_steal_ptr(at);
	return 0;
}

int kvs_file_check(const char *path, const struct stat *st, struct kvs_err *err)
{
	if (S_ISREG(st->st_mode))
		return 0;
	if (S_ISDIR(st->st_mode)) {
		errno = EISDIR;
		return kvs_err_sys(err, "write %s", KVS_Q(kvs_s(path)));
	}
	return kvs_err_set(err, KVS_E_SYS, "%s is not a regular file", KVS_Q(kvs_s(path)));
}

int kvs_file_open(const char *path, int *ret_fd, struct stat *ret_st, struct kvs_err *err)
{
	KVS_AUTO_FD int fd = -1;
	int rc;

	fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);
	if (fd < 0 && errno == ENOENT) {
		*ret_fd = -1;
		return 0;
	}
	if (fd < 0)
		return kvs_err_sys(err, "open %s", KVS_Q(kvs_s(path)));
	if (fstat(fd, ret_st) != 0)
		return kvs_err_sys(err, "stat %s", KVS_Q(kvs_s(path)));
	rc = kvs_file_check(path, ret_st, err);
	if (rc == 0)
		*ret_fd = kvs_steal_fd(&fd);
	return rc;
}
