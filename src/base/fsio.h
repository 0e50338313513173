/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whole files: read under a cap, replaced atomically.  Knows nothing of keys, checksums or stores.
 *
 * A new file is opened, written, published and released:
 *
 *	KVS_AUTO_NEWFILE struct kvs_newfile f = KVS_NEWFILE_INIT;
 *
 *	rc = kvs_newfile_open(&f, path, &opts, err);       a temporary with the final owner and mode
 *	rc = rc ? rc : kvs_newfile_write(&f, p, n, err);
 *	rc = rc ? rc : kvs_newfile_sync(&f, err);          the bytes are on disk: checks may look
 *	rc = rc ? rc : kvs_newfile_publish(&f, &how, err); rename, directory synced
 *
 * Invariants.  Until publish the file under `path` is untouched; after a failure it is the old one
 * whole (the one exception: KVS_PUBLISHED_IN_PLACE, below), and release takes the temporary away.
 * A temporary that a killed process left is taken away by the next kvs_newfile_open() of the same
 * path: while one is in use, its maker holds a flock on it.
 * Errors name the call that failed and its path, as KVS_E_SYS with errno.
 */
#ifndef KVS_BASE_FSIO_H
#define KVS_BASE_FSIO_H

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/rights.h"

#include <stdbool.h>

/* ---- reading ---- */

/* Appends everything from fd's position to its end.  More than buf->max bytes are TOOBIG.  `name`
 * is for messages. */
int kvs_fd_read(int fd, const char *name, struct kvs_buf *buf, struct kvs_err *err);

/* The same for a file (or pipe) by its path.  A directory is SYS (EISDIR). */
int kvs_file_read(const char *path, struct kvs_buf *buf, struct kvs_err *err);

/* Makes a directory and its missing parents, each with `mode`. */
int kvs_dir_make(const char *path, mode_t mode, struct kvs_err *err);

/* ---- the file that is to be replaced ---- */

/*
 * The path that a write to `path` concerns: `path` itself, or with `follow`, when it is a symbolic
 * link, what that points to in the end (which need not exist).  Fresh memory.  Without `follow` a
 * symbolic link is SYS (errno 0).  SYS, NOMEM.
 */
int kvs_file_resolve(const char *path, bool follow, char **ret_path, struct kvs_err *err);

/* Is `st` a regular file, which alone may be replaced?  Else SYS. */
int kvs_file_check(const char *path, const struct stat *st, struct kvs_err *err);

/*
 * Opens a regular file for reading, not through a symbolic link in the last place and without ever
 * waiting (a FIFO).  *ret_fd is -1 if there is no such file.
 * Anything but a regular file fails as in kvs_file_check().
 */
int kvs_file_open(const char *path, int *ret_fd, struct stat *ret_st, struct kvs_err *err);

/* ---- replacing it ---- */

struct kvs_newfile_opts {
	struct kvs_rights rights; /* what is not asked for is kept from the existing file */
	mode_t new_mode;	  /* the mode if there is no file yet and none was asked for */
	bool lazy; /* sync nothing: after a crash of the machine the file may be gone */
};

enum kvs_published {
	KVS_PUBLISHED_RENAMED = 1,
	/* The path is a mount point and cannot be replaced: the bytes were written into the file
	 * itself.  Room was reserved first, but a crash can leave it half written. */
	KVS_PUBLISHED_IN_PLACE = 2,
};

struct kvs_newfile {
	char *path; /* as given */
	char *temp; /* the temporary's full path, for a check command; NULL: none exists */
	int dirfd;  /* the directory of both */
	int fd;	    /* the temporary, locked; after a rename the new file */
	struct kvs_rights rights; /* complete */
	bool lazy;
	uint64_t size; /* bytes written */
};

#define KVS_NEWFILE_INIT                                                                           \
	{                                                                                          \
		.dirfd = -1, .fd = -1                                                              \
	}

/* Makes the temporary beside `path`, with the final owner and mode, and locks it.  `path` must not
 * be a symbolic link (kvs_file_resolve()) nor anything but a regular file.  ARG (no name in it),
 * SYS, NOMEM. */
int kvs_newfile_open(struct kvs_newfile *f, const char *path, const struct kvs_newfile_opts *opts,
		     struct kvs_err *err);
int kvs_newfile_write(struct kvs_newfile *f, const void *p, size_t n, struct kvs_err *err);
int kvs_newfile_sync(struct kvs_newfile *f, struct kvs_err *err);
/* *ret_how is written also when only the sync of the directory failed: then the new file is there,
 * but may be the old one again after a crash. */
int kvs_newfile_publish(struct kvs_newfile *f, enum kvs_published *ret_how, struct kvs_err *err);
/* Gives away the descriptor of the published file, with its lock. */
int kvs_newfile_take_fd(struct kvs_newfile *f);
/* Removes a temporary that was not published and closes everything. */
void kvs_newfile_release(struct kvs_newfile *f);

/* Takes away the temporaries of `path` that killed processes left, and adds their number to *removed.
 * SYS (the directory cannot be opened; none is fine), NOMEM. */
int kvs_newfile_sweep(const char *path, unsigned *removed, struct kvs_err *err);

#define KVS_AUTO_NEWFILE KVS_CLEANUP(kvs_newfile_release)

/* ---- keeping what it replaces ---- */

/*
 * Gives the regular file `path` a second name, which a file of that name loses, atomically: it is
 * there whole when `path` is replaced.  A hard link, or where the file system allows none a copy with
 * the same owner and mode.  SYS, NOMEM.
 */
int kvs_file_keep(const char *path, const char *kept, struct kvs_err *err);

/* Moves a kept file, with its owner and mode, back to `path`, and sees to it that it stays there
 * after a crash.  A mount point is written in place.  SYS, NOMEM. */
int kvs_file_put_back(const char *kept, const char *path, struct kvs_err *err);

/* Removes a file, and sees to it that it stays away after a crash; none there is fine.  SYS, NOMEM. */
int kvs_file_remove(const char *path, struct kvs_err *err);

#endif
