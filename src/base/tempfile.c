/* SPDX-License-Identifier: Apache-2.0 */
#include "base/tempfile.h"

#include "base/err.h"
#include "base/fsio.h"
#include "base/str.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

typedef int (*fill_fn)(void *arg, struct kvs_newfile *f, struct kvs_err *err);

/* A name for mkdtemp() and the like; NULL when there is no memory. */
static char *make_template(void)
{
	const char *place = secure_getenv("TMPDIR");

	return kvs_asprintf("%s/kvsync-XXXXXX", place && place[0] == '/' ? place : "/tmp");
}

static int make_dir(char **ret_dir, struct kvs_err *err)
{
	KVS_AUTO_FREE char *dir = make_template();

	if (!dir)
		return kvs_err_oom(err);
	if (!mkdtemp(dir))
		return kvs_err_sys(err, "make a directory %s", KVS_Q(kvs_s(dir)));
	*ret_dir = kvs_steal_ptr(dir);
	return 0;
}

static int make_file(const char *path, fill_fn fill, void *arg, struct kvs_err *err)
{
	const struct kvs_newfile_opts opts = { .new_mode = 0600, .lazy = true };
	KVS_AUTO_NEWFILE struct kvs_newfile f = KVS_NEWFILE_INIT;
	enum kvs_published how;
	int rc = kvs_newfile_open(&f, path, &opts, err);

	rc = rc ? rc : fill(arg, &f, err);
	return rc ? rc : kvs_newfile_publish(&f, &how, err);
}

int kvs_tempfile_fill(const char *name, fill_fn fill, void *arg, struct kvs_tempfile *ret,
		      struct kvs_err *err)
{
	KVS_AUTO_TEMPFILE struct kvs_tempfile file = { 0 };
	int rc = make_dir(&file.dir, err);

	if (rc)
		return rc;
	file.path = kvs_asprintf("%s/%s", file.dir, name);
	rc = file.path ? make_file(file.path, fill, arg, err) : kvs_err_oom(err);
	if (rc)
		return rc;
	*ret = file;
	file = (struct kvs_tempfile){ 0 };
	return 0;
}

static int fill_bytes(void *arg, struct kvs_newfile *f, struct kvs_err *err)
{
	const struct kvs_str *bytes = arg;

	return kvs_newfile_write(f, bytes->p, bytes->n, err);
}

int kvs_tempfile_make(const char *name, struct kvs_str bytes, struct kvs_tempfile *ret,
		      struct kvs_err *err)
{
	return kvs_tempfile_fill(name, fill_bytes, &bytes, ret, err);
}

int kvs_tempfile_open(int *ret_fd, struct kvs_err *err)
{
	KVS_AUTO_FREE char *path = make_template();
	int fd;

	if (!path)
		return kvs_err_oom(err);
	fd = mkostemp(path, O_CLOEXEC);
	if (fd < 0)
		return kvs_err_sys(err, "make a file %s", KVS_Q(kvs_s(path)));
	(void)unlink(path);
	*ret_fd = fd;
	return 0;
}

int kvs_tempfile_write(int fd, const void *p, size_t n, struct kvs_err *err)
{
	const char *from = p;

	while (n > 0) {
		ssize_t done = write(fd, from, n);

		if (done < 0 && errno != EINTR)
			return kvs_err_sys(err, "write a temporary");
		if (done > 0) {
			from += done;
			n -= (size_t)done;
		}
	}
	return 0;
}

void kvs_tempfile_release(struct kvs_tempfile *file)
{
	int saved = errno;

	if (file->path)
		(void)unlink(file->path);
	if (file->dir)
		(void)rmdir(file->dir);
	kvsi_free(file->path);
	kvsi_free(file->dir);
	*file = (struct kvs_tempfile){ 0 };
	errno = saved;
}
