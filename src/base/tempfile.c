/* SPDX-License-Identifier: Apache-2.0 */
#include "base/tempfile.h"

#include "base/err.h"
#include "base/fsio.h"
#include "base/str.h"

#include <stdlib.h>

static int make_dir(char **ret_dir, struct kvs_err *err)
{
	const char *place = secure_getenv("TMPDIR");
	KVS_AUTO_FREE char *dir = NULL;

	dir = kvs_asprintf("%s/kvsync-XXXXXX", place && place[0] == '/' ? place : "/tmp");
	if (!dir)
		return kvs_err_oom(err);
	if (!mkdtemp(dir))
		return kvs_err_sys(err, "make a directory %s", KVS_Q(kvs_s(dir)));
	*ret_dir = kvs_steal_ptr(dir);
	return 0;
}

static int fill(const char *path, struct kvs_str bytes, struct kvs_err *err)
{
	const struct kvs_newfile_opts opts = { .new_mode = 0600, .lazy = true };
	KVS_AUTO_NEWFILE struct kvs_newfile f = KVS_NEWFILE_INIT;
	enum kvs_published how;
	int rc = kvs_newfile_open(&f, path, &opts, err);

	rc = rc ? rc : kvs_newfile_write(&f, bytes.p, bytes.n, err);
	return rc ? rc : kvs_newfile_publish(&f, &how, err);
}

int kvs_tempfile_make(const char *name, struct kvs_str bytes, struct kvs_tempfile *ret,
		      struct kvs_err *err)
{
	KVS_AUTO_TEMPFILE struct kvs_tempfile file = { 0 };
	int rc = make_dir(&file.dir, err);

	if (rc)
		return rc;
	file.path = kvs_asprintf("%s/%s", file.dir, name);
	rc = file.path ? fill(file.path, bytes, err) : kvs_err_oom(err);
	if (rc)
		return rc;
	*ret = file;
	file = (struct kvs_tempfile){ 0 };
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
