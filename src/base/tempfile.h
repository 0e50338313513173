/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Bytes as a file for a command to look at: alone in a directory that is the caller's only, below $TMPDIR
 * (/tmp), so that it can have any name.  Both go with kvs_tempfile_release(); what a killed process leaves is
 * for those who clean that place up.
 */
#ifndef KVS_BASE_TEMPFILE_H
#define KVS_BASE_TEMPFILE_H

#include "base/cleanup.h"

#include <kvsync/kvsync.h>

struct kvs_tempfile {
	char *dir; /* NULL: there is none */
	char *path;
};

/* `name` has no slash.  SYS, NOMEM. */
int kvs_tempfile_make(const char *name, struct kvs_str bytes, struct kvs_tempfile *ret,
		      struct kvs_err *err);

struct kvs_newfile;

/* The same with bytes that `fill` writes by kvs_newfile_write(); also what that returns. */
int kvs_tempfile_fill(const char *name,
		      int (*fill)(void *arg, struct kvs_newfile *f, struct kvs_err *err), void *arg,
		      struct kvs_tempfile *ret, struct kvs_err *err);

/* A file without a name, to write and read, in the same place; *ret_fd is to be closed.  SYS, NOMEM. */
int kvs_tempfile_open(int *ret_fd, struct kvs_err *err);
/* Appends to it.  SYS. */
int kvs_tempfile_write(int fd, const void *p, size_t n, struct kvs_err *err);

/* One of zeros is fine. */
void kvs_tempfile_release(struct kvs_tempfile *file);

#define KVS_AUTO_TEMPFILE KVS_CLEANUP(kvs_tempfile_release)

#endif
