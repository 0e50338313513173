/* SPDX-License-Identifier: Apache-2.0 */
/* The atomic replacement of a file (base/fsio.h). */
#include "base/fsio.h"

#include "base/alloc.h"
#include "base/err.h"
#include "base/path.h"
#include "base/rand.h"
#include "base/str.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>

/* A temporary is ".NAME.kvsync-" and 16 random digits; NAME is cut so that it stays a valid name.
 */
#define TEMP_MARK   ".kvsync-"
#define TEMP_DIGITS 16
#define TEMP_NAME   (NAME_MAX - 1 - (int)sizeof(TEMP_MARK) - TEMP_DIGITS)
#define TEMP_TRIES  16

static const char *temp_name(const struct kvs_newfile *f)
{
	return kvs_path_base(f->temp);
}

/* How many bytes of the name stand in the temporary's, ending with a whole character. */
static int stem_length(const char *name)
{
	size_t n = strlen(name);

	if (n > (size_t)TEMP_NAME) {
		n = (size_t)TEMP_NAME;
		while (n > 0 && ((unsigned char)name[n] & 0xc0) == 0x80)
			n--;
	}
	return (int)n;
}

static bool is_temp_of(const char *entry, const char *name)
{
	int stem = stem_length(name);
	const char *p = entry;
	int digits;

	if (*p++ != '.' || strncmp(p, name, (size_t)stem) != 0)
		return false;
	p += stem;
	if (strncmp(p, TEMP_MARK, sizeof(TEMP_MARK) - 1) != 0)
		return false;
	p += sizeof(TEMP_MARK) - 1;
	for (digits = 0; isxdigit((unsigned char)p[digits]); digits++)
		;
	return digits == TEMP_DIGITS && p[digits] == '\0';
}

/* Nobody holds the lock of a dead process' temporary. */
static bool remove_if_dead(int dirfd, const char *name)
{
	KVS_AUTO_FD int fd = openat(dirfd, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	struct stat st;

	return fd >= 0 && fstat(fd, &st) == 0 && S_ISREG(st.st_mode) &&
	       flock(fd, LOCK_EX | LOCK_NB) == 0 && unlinkat(dirfd, name, 0) == 0;
}

/* Litter is no reason to fail, so nothing here does.  Returns how many are gone. */
static unsigned remove_dead_temps(int dirfd, const char *name)
{
	KVS_AUTO_DIR DIR *dir = NULL;
	int fd = openat(dirfd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	const struct dirent *entry;
	unsigned gone = 0;

	if (fd < 0)
		return 0;
	dir = fdopendir(fd);
	if (!dir) {
		(void)close(fd);
		return 0;
	}
	while ((entry = readdir(dir)))
		if (is_temp_of(entry->d_name, name))
			gone += remove_if_dead(dirfd, entry->d_name);
	return gone;
}

int kvs_newfile_sweep(const char *path, unsigned *removed, struct kvs_err *err)
{
	KVS_AUTO_FREE char *dir = kvs_path_dir(path);
	KVS_AUTO_FD int fd = -1;

	if (!dir)
		return kvs_err_oom(err);
	fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0 && errno != ENOENT)
		return kvs_err_sys(err, "open the directory %s", KVS_Q(kvs_s(dir)));
	if (fd >= 0)
		*removed += remove_dead_temps(fd, kvs_path_base(path));
	return 0;
}

/*
 * Locks the temporary just made.  False if somebody cleaning up took it in the moment before.  A
 * file system without locks has nobody cleaning up either.
 */
static bool lock_temp(int fd)
{
	struct stat st;

	if (flock(fd, LOCK_EX | LOCK_NB) != 0)
		return errno != EWOULDBLOCK;
	return fstat(fd, &st) != 0 || st.st_nlink > 0;
}

static int make_temp(struct kvs_newfile *f, const char *dir, struct kvs_err *err)
{
	const char *name = kvs_path_base(f->path);
	int tries;

	for (tries = 0; tries < TEMP_TRIES; tries++) {
		kvsi_free(f->temp);
		f->temp = kvs_asprintf("%s%s.%.*s" TEMP_MARK "%016" PRIx64, dir,
				       strcmp(dir, "/") == 0 ? "" : "/", stem_length(name), name,
				       kvs_rand_u64());
		if (!f->temp)
			return kvs_err_oom(err);
		f->fd = openat(f->dirfd, temp_name(f),
			       O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
		if (f->fd >= 0 && lock_temp(f->fd))
			return 0;
		if (f->fd < 0 && errno != EEXIST) {
			(void)kvs_err_sys(err, "create %s", KVS_Q(kvs_s(f->temp)));
			break;
		}
		if (f->fd >= 0)
			(void)close(f->fd);
		f->fd = -1;
	}
	if (tries == TEMP_TRIES)
		(void)kvs_err_set(err, KVS_E_SYS, "create %s: no name is free",
				  KVS_Q(kvs_s(f->temp)));
	kvsi_free(f->temp);
	f->temp = NULL;
	return KVS_E_SYS;
}

/* Looks at what stands under the path now; st_nlink 0 says that nothing does. */
static int look_at_old(const struct kvs_newfile *f, struct stat *ret_old, struct kvs_err *err)
{
	if (fstatat(f->dirfd, kvs_path_base(f->path), ret_old, AT_SYMLINK_NOFOLLOW) != 0) {
		if (errno != ENOENT)
			return kvs_err_sys(err, "stat %s", KVS_Q(kvs_s(f->path)));
		ret_old->st_nlink = 0;
		return 0;
	}
	return kvs_file_check(f->path, ret_old, err);
}

/* Gives the temporary the owner and mode that were asked for, or else those of the old file. */
static int settle_rights(struct kvs_newfile *f, const struct kvs_newfile_opts *opts,
			 const struct stat *old, struct kvs_err *err)
{
	struct stat temp, model;
	bool changed;

	if (fstat(f->fd, &temp) != 0)
		return kvs_err_sys(err, "stat %s", KVS_Q(kvs_s(f->temp)));
	model = old->st_nlink ? *old : temp;
	if (!old->st_nlink)
		model.st_mode = opts->new_mode;
	f->rights = opts->rights;
	kvs_rights_complete(&f->rights, &model);
	return kvs_rights_apply(&f->rights, f->fd, &temp, f->temp, &changed, err);
}

static int open_parts(struct kvs_newfile *f, const char *path, const struct kvs_newfile_opts *opts,
		      struct kvs_err *err)
{
	KVS_AUTO_FREE char *dir = kvs_path_dir(path);
	struct stat old;
	int rc;

	f->path = kvs_strdup(path);
	if (!dir || !f->path)
		return kvs_err_oom(err);
	f->dirfd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (f->dirfd < 0)
		return kvs_err_sys(err, "open the directory %s", KVS_Q(kvs_s(dir)));
	rc = look_at_old(f, &old, err);
	if (rc)
		return rc;
	(void)remove_dead_temps(f->dirfd, kvs_path_base(path));
	rc = make_temp(f, dir, err);
	return rc ? rc : settle_rights(f, opts, &old, err);
}

int kvs_newfile_open(struct kvs_newfile *f, const char *path, const struct kvs_newfile_opts *opts,
		     struct kvs_err *err)
{
	int rc;

	*f = (struct kvs_newfile)KVS_NEWFILE_INIT;
	f->lazy = opts->lazy;
	if (!kvs_path_base(path)[0])
		return kvs_err_set(err, KVS_E_ARG, "\"%s\" does not name a file",
				   KVS_Q(kvs_s(path)));
	rc = open_parts(f, path, opts, err);
	if (rc)
		kvs_newfile_release(f);
	return rc;
}

static int write_all(int fd, const char *name, const void *p, size_t n, struct kvs_err *err)
{
	const char *at = p;

	while (n > 0) {
		ssize_t done = write(fd, at, n);

		if (done < 0 && errno == EINTR)
			continue;
		if (done < 0)
			return kvs_err_sys(err, "write %s", KVS_Q(kvs_s(name)));
		at += done;
		n -= (size_t)done;
	}
	return 0;
}

int kvs_newfile_write(struct kvs_newfile *f, const void *p, size_t n, struct kvs_err *err)
{
	int rc = write_all(f->fd, f->temp, p, n, err);

	if (rc == 0)
		f->size += n;
	return rc;
}

int kvs_newfile_sync(struct kvs_newfile *f, struct kvs_err *err)
{
	/* a write by an ordinary user clears these bits */
	if ((f->rights.mode & 06000) && fchmod(f->fd, f->rights.mode) != 0)
		return kvs_err_sys(err, "change the mode of %s to %04o", KVS_Q(kvs_s(f->temp)),
				   (unsigned)f->rights.mode);
	if (!f->lazy && fsync(f->fd) != 0)
		return kvs_err_sys(err, "fsync %s", KVS_Q(kvs_s(f->temp)));
	return 0;
}

/* Some file systems cannot sync a directory, and need not. */
static int sync_dir(const struct kvs_newfile *f, struct kvs_err *err)
{
	if (f->lazy || fsync(f->dirfd) == 0 || errno == EINVAL)
		return 0;
	return kvs_err_sys(err, "fsync the directory of %s", KVS_Q(kvs_s(f->path)));
}

static int copy_into(struct kvs_newfile *f, int target, struct kvs_err *err)
{
	char chunk[32 * 1024];
	uint64_t done;
	int rc;

	for (done = 0; done < f->size;) {
		ssize_t n = pread(f->fd, chunk, sizeof(chunk), (off_t)done);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return kvs_err_sys(err, "read %s", KVS_Q(kvs_s(f->temp)));
		rc = write_all(target, f->path, chunk, (size_t)n, err);
		if (rc)
			return rc;
		done += (uint64_t)n;
	}
	return 0;
}

/* Writes through a mount point.  All that can be refused is asked for before the first byte. */
static int publish_in_place(struct kvs_newfile *f, struct kvs_err *err)
{
	KVS_AUTO_FD int fd = openat(f->dirfd, kvs_path_base(f->path),
				    O_WRONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	struct stat st;
	bool changed;
	int rc;

	if (fd < 0)
		return kvs_err_sys(err, "open %s for writing in place", KVS_Q(kvs_s(f->path)));
	if (fstat(fd, &st) != 0)
		return kvs_err_sys(err, "stat %s", KVS_Q(kvs_s(f->path)));
	if (f->size > 0 && fallocate(fd, FALLOC_FL_KEEP_SIZE, 0, (off_t)f->size) != 0 &&
	    errno != EOPNOTSUPP && errno != ENOSYS)
		return kvs_err_sys(err, "reserve room in %s", KVS_Q(kvs_s(f->path)));
	rc = kvs_rights_apply(&f->rights, fd, &st, f->path, &changed, err);
	if (rc == 0)
		rc = copy_into(f, fd, err);
	if (rc)
		return rc;
	if (ftruncate(fd, (off_t)f->size) != 0)
		return kvs_err_sys(err, "truncate %s", KVS_Q(kvs_s(f->path)));
	if (fsync(fd) != 0)
		return kvs_err_sys(err, "fsync %s", KVS_Q(kvs_s(f->path)));
	return 0;
}

static void remove_temp(struct kvs_newfile *f)
{
	int saved = errno;

	if (f->temp)
		(void)unlinkat(f->dirfd, temp_name(f), 0);
	kvsi_free(f->temp);
	f->temp = NULL;
	errno = saved;
}

int kvs_newfile_publish(struct kvs_newfile *f, enum kvs_published *ret_how, struct kvs_err *err)
{
	int rc;

	if (renameat(f->dirfd, temp_name(f), f->dirfd, kvs_path_base(f->path)) == 0) {
		kvsi_free(f->temp);
		f->temp = NULL;
		*ret_how = KVS_PUBLISHED_RENAMED;
		return sync_dir(f, err);
	}
	if (errno != EBUSY)
		return kvs_err_sys(err, "rename %s to %s", KVS_Q(kvs_s(f->temp)),
				   KVS_Q(kvs_s(f->path)));
	rc = publish_in_place(f, err);
	if (rc)
		return rc;
	remove_temp(f);
	*ret_how = KVS_PUBLISHED_IN_PLACE;
	return 0;
}

int kvs_newfile_take_fd(struct kvs_newfile *f)
{
	return kvs_steal_fd(&f->fd);
}

void kvs_newfile_release(struct kvs_newfile *f)
{
	remove_temp(f);
	kvs_cleanup_fd(&f->fd);
	kvs_cleanup_fd(&f->dirfd);
	kvsi_free(f->path);
	*f = (struct kvs_newfile)KVS_NEWFILE_INIT;
}
