/* SPDX-License-Identifier: Apache-2.0 */
/* A file kept under a second name, and put back (base/fsio.h). */
#include "base/fsio.h"

#include "base/err.h"
#include "base/path.h"
#include "base/str.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

static int copy_bytes(int fd, const char *name, struct kvs_newfile *f, struct kvs_err *err)
{
	char chunk[32 * 1024];

	for (;;) {
		ssize_t n = read(fd, chunk, sizeof(chunk));
		int rc;

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return kvs_err_sys(err, "read %s", KVS_Q(kvs_s(name)));
		if (n == 0)
			return 0;
		rc = kvs_newfile_write(f, chunk, (size_t)n, err);
		if (rc)
			return rc;
	}
}

static int copy_file(const char *from, const char *to, struct kvs_err *err)
{
	KVS_AUTO_NEWFILE struct kvs_newfile f = KVS_NEWFILE_INIT;
	struct kvs_newfile_opts opts = { 0 };
	enum kvs_published how;
	KVS_AUTO_FD int fd = -1;
	struct stat st;
	int rc = kvs_file_open(from, &fd, &st, err);

	if (rc == 0 && fd < 0)
		return kvs_err_set(err, KVS_E_SYS, "%s is gone", KVS_Q(kvs_s(from)));
	if (rc)
		return rc;
	kvs_rights_complete(&opts.rights, &st);
	rc = kvs_newfile_open(&f, to, &opts, err);
	rc = rc ? rc : copy_bytes(fd, from, &f, err);
	rc = rc ? rc : kvs_newfile_sync(&f, err);
	return rc ? rc : kvs_newfile_publish(&f, &how, err);
}

/* Is a copy what is left to try?  A mount point is another file system; EPERM is also what a file of
 * somebody else's gets. */
static bool wants_copy(int error)
{
	return error == EXDEV || error == EPERM || error == EMLINK || error == EOPNOTSUPP ||
	       error == ENOSYS;
}

/* A new name cannot take an old one's place, so it has another first. */
static int link_over(const char *path, const char *kept, struct kvs_err *err)
{
	KVS_AUTO_FREE char *dir = kvs_path_dir(kept);
	KVS_AUTO_FREE char *link = NULL;
	int rc = 0;

	if (dir)
		link = kvs_asprintf("%s/.%s.kvsync-link", dir, kvs_path_base(kept));
	if (!link)
		return kvs_err_oom(err);
	(void)unlinkat(AT_FDCWD, link, 0); /* of a process that died */
	if (linkat(AT_FDCWD, path, AT_FDCWD, link, 0) != 0)
		return kvs_err_sys(err, "link %s to %s", KVS_Q(kvs_s(path)), KVS_Q(kvs_s(link)));
	if (renameat(AT_FDCWD, link, AT_FDCWD, kept) != 0)
		rc = kvs_err_sys(err, "rename %s to %s", KVS_Q(kvs_s(link)), KVS_Q(kvs_s(kept)));
	/* where both were the same file already, renaming did nothing */
	(void)unlinkat(AT_FDCWD, link, 0);
	return rc;
}

int kvs_file_keep(const char *path, const char *kept, struct kvs_err *err)
{
	if (linkat(AT_FDCWD, path, AT_FDCWD, kept, 0) == 0)
		return 0;
	if (errno == EEXIST)
		return link_over(path, kept, err);
	if (wants_copy(errno))
		return copy_file(path, kept, err);
	return kvs_err_sys(err, "link %s to %s", KVS_Q(kvs_s(path)), KVS_Q(kvs_s(kept)));
}

static int sync_dir_of(const char *path, struct kvs_err *err)
{
	KVS_AUTO_FREE char *dir = kvs_path_dir(path);
	KVS_AUTO_FD int fd = -1;

	if (!dir)
		return kvs_err_oom(err);
	fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0 || (fsync(fd) != 0 && errno != EINVAL))
		return kvs_err_sys(err, "fsync the directory of %s", KVS_Q(kvs_s(path)));
	return 0;
}

int kvs_file_put_back(const char *kept, const char *path, struct kvs_err *err)
{
	int rc;

	if (renameat(AT_FDCWD, kept, AT_FDCWD, path) == 0)
		return sync_dir_of(path, err);
	if (errno != EBUSY)
		return kvs_err_sys(err, "rename %s to %s", KVS_Q(kvs_s(kept)), KVS_Q(kvs_s(path)));
	rc = copy_file(kept, path, err);
	if (rc == 0)
		(void)unlinkat(AT_FDCWD, kept, 0);
	return rc;
}

int kvs_file_remove(const char *path, struct kvs_err *err)
{
	if (unlinkat(AT_FDCWD, path, 0) == 0)
		return sync_dir_of(path, err);
	return errno == ENOENT ? 0 : kvs_err_sys(err, "remove %s", KVS_Q(kvs_s(path)));
}
