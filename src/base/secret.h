/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Secrets: one line from a file, or a value from the environment, kept in memory that is wiped when
 * it is given back, and read again when the file was replaced.  No message ever has a secret's
 * bytes.
 */
#ifndef KVS_BASE_SECRET_H
#define KVS_BASE_SECRET_H

#include "base/cleanup.h"

#include <kvsync/kvsync.h>

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>
#include <time.h>

#define KVS_SECRET_MAX 16384 /* bytes */

/* All zero is a secret that was not given. */
struct kvs_secret {
	char *path;  /* of the file; NULL: the value does not come from one */
	char *value; /* NUL-terminated; NULL: not given */
	size_t n;
	bool exposed;	 /* anybody on this host may read or change the file */
	bool rereadable; /* a regular file: a pipe can be read once only */
	struct kvs_secret_stamp {
		dev_t dev;
		ino_t ino;
		off_t size;
		struct timespec mtime;
		struct timespec ctime;
	} stamp; /* of the file when it was read */
};

/*
 * Reads a secret from a file: the whole content, without one newline at its end.  Copies path.  s
 * must be zero.  Errors: SYS, CONFIG (empty, over KVS_SECRET_MAX, a NUL, a newline or another
 * control byte inside: such a thing must not get into a protocol), NOMEM.
 */
int kvs_secret_read(struct kvs_secret *s, const char *path, struct kvs_err *err);

/* Takes a secret that the environment (or a personality's argv) had.  Copies value; name is for
 * messages.  s must be zero.  Errors as above. */
int kvs_secret_set(struct kvs_secret *s, const char *name, const char *value, struct kvs_err *err);

/*
 * Reads the file again if it looks changed, or with `force` (the store refused the secret) in any
 * case. *ret_changed says whether the secret is another one now.  After a failure the old one
 * stays.
 */
int kvs_secret_refresh(struct kvs_secret *s, bool force, bool *ret_changed, struct kvs_err *err);

static inline struct kvs_str kvs_secret_value(const struct kvs_secret *s)
{
	return (struct kvs_str){ s->value, s->n };
}

/* Wipes and frees; s is zero afterwards. */
void kvs_secret_release(struct kvs_secret *s);

/* May anybody on this host read or change this file?  False if there is none. */
bool kvs_secret_is_exposed(const char *path);

/* The options of stores that name files with secrets in them; NULL ends it. */
extern const char *const kvs_secret_file_options[];

/* Wipes n bytes and frees them; NULL is fine. */
void kvs_wipe_free(void *p, size_t n);

#define KVS_AUTO_SECRET KVS_CLEANUP(kvs_secret_release)

#endif
