/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The transfer engine: files into a store, out of it, and the keys that freeze them.
 *
 * It knows libkvsync's public API and base, and nothing of command lines, configuration files,
 * standard output or exit statuses: a struct of parameters goes in, a struct of results comes out.
 * Everything in the parameters is borrowed for the call.  Results are written only on success,
 * unless said otherwise.
 *
 * The promises, for one key:
 *  - a reader never installs data that is not that of its checksum;
 *  - a writer that ends leaves a matching pair, whoever else writes; one that was killed is
 *    repaired by the next;
 *  - a target is the old file or the new file, whole; what a killed reader left undone, the next
 *    one does;
 *  - a stop or a lock that cannot be read is never taken for absent (KVS_E_DENIED).
 */
#ifndef KVS_TRANSFER_TRANSFER_H
#define KVS_TRANSFER_TRANSFER_H

#include "base/buf.h"
#include "base/digest.h"
#include "base/linediff.h"
#include "base/rights.h"
#include "base/signkey.h"
#include "transfer/compress.h"

#include <kvsync/kvsync.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Why a job did not do what was asked, beside the error: for who has words of his own for it. */
enum kvs_refusal_kind {
	KVS_REFUSAL_NONE = 0,
	KVS_REFUSAL_STOP,
	KVS_REFUSAL_LOCK,
	KVS_REFUSAL_SHORT,    /* too few lines */
	KVS_REFUSAL_EMPTY,    /* nothing at all, which kvexpress tells apart */
	KVS_REFUSAL_MISMATCH, /* data and checksum do not go together, none of it damaged */
};

struct kvs_refusal {
	enum kvs_refusal_kind kind;
	char reason[164]; /* of a stop or a lock, escaped */
};

/* What every job needs. */
struct kvs_transfer {
	struct kvs_store *store;
	const char *prefix;    /* "kvexpress" */
	const char *node;      /* this machine's name among the locks; NULL: the host's name */
	const char *state_dir; /* where targets are remembered; NULL: kvs_state_dir() */
	bool free_names;       /* keys and prefixes are kvexpress', which checks nothing */
	uint64_t deadline;     /* waiting ends then: CLOCK_MONOTONIC ms; 0: never */
	struct kvs_refusal *refusal; /* filled by a job that fails; or NULL */
	/* Gets what a writing changes, as a diff, or the file that a guard refuses; up to its limit,
	 * and also when the job fails later.  NULL: nobody asked for it. */
	struct kvs_buf *contents;
	/* A warning, or a line about progress, for people: one line, escaped.  level is one of
	 * base/log.h.  May be NULL. */
	void (*report)(void *arg, int level, const char *line);
	/* So many bytes of a large file have passed, for people.  May be NULL. */
	void (*progress)(void *arg, uint64_t done, uint64_t total);
	void *report_arg;
};

/* ---- guards: what a file must be, or it does not travel ---- */

#define KVS_MIN_LINES_DEFAULT 1

struct kvs_require;

/* All zero: everything may travel. */
struct kvs_guards {
	uint64_t min_lines; /* refuse what has fewer */
	bool whole_lines;   /* a last line without its newline counts only if it is the first */
	uint64_t min_bytes; /* refuse what has fewer */
	uint64_t max_bytes; /* refuse what has more; 0: the default of the job */
	bool limit_shrink;
	unsigned max_shrink; /* with limit_shrink: refuse what lost more percent of its bytes */
	const struct kvs_require *require; /* patterns that lines must match, or NULL */
};

/* ---- commands ---- */

#define KVS_COMMAND_TIMEOUT_MS	   30000
#define KVS_COMMAND_OUTPUT_DEFAULT (64u * 1024u)
#define KVS_NO_TIMEOUT		   UINT64_MAX

struct kvs_command {
	const char *const *argv; /* NULL-terminated; NULL: there is none */
	uint64_t timeout_ms;	 /* 0: KVS_COMMAND_TIMEOUT_MS */
};

/* ---- history: what stood in the store before ---- */

#define KVS_HISTORY_VERSIONS_DEFAULT 10
#define KVS_HISTORY_BYTES_DEFAULT    ((uint64_t)4 << 20)

/* What is kept of the versions of one file. */
struct kvs_history_params {
	uint64_t versions; /* at most so many, the present one included; 0: no history is written */
	uint64_t bytes;	   /* and together at most so many, as they stand in the store */
	const char *cause; /* what was done: "in", "rollback to 3" */
	const char *reason; /* of whoever did it, or NULL */
};

/* A version.  Texts are untrusted and borrowed, and empty where nobody told. */
struct kvs_version {
	uint64_t number; /* from 1; later ones are greater */
	uint64_t index;	 /* when it was kept: the store's */
	uint64_t bytes;
	uint64_t lines;
	struct kvs_str time; /* RFC 3339, of the writer's clock */
	struct kvs_str user;
	struct kvs_str host;
	struct kvs_str cause; /* "found": somebody else had written it */
	struct kvs_str reason;
	char checksum[KVS_SHA256_HEX];
};

/* Tells each version of a key that is kept, the oldest first.  A nonzero return of fn ends it
 * (CANCELED).  ARG, NOTFOUND (none is kept), DENIED (also when rules may hide them all), and what
 * the store says. */
int kvs_transfer_history(const struct kvs_transfer *t, const char *key,
			 int (*fn)(void *arg, const struct kvs_version *version), void *arg,
			 struct kvs_err *err);

/* The bytes of a version, at most ret_bytes->max of them.  ARG, NOTFOUND, INTEGRITY, TOOBIG, and what
 * the store says. */
int kvs_transfer_version(const struct kvs_transfer *t, const char *key, uint64_t number,
			 struct kvs_buf *ret_bytes, struct kvs_err *err);

/* ---- in: a file goes into the store ---- */

#define KVS_IN_MAX_BYTES_DEFAULT       ((uint64_t)4 << 20)
#define KVS_IN_MAX_BYTES_DEFAULT_LARGE ((uint64_t)64 << 20)

struct kvs_chunks;

struct kvs_in_params {
	const char *key;
	const char *file; /* read this; with an fd, only its name in messages */
	int fd;		  /* read this up to its end; -1: open the file */
	bool named;	  /* with an fd: for commands it is `file` all the same */
	/* These bytes are what the file holds; p NULL: it is to be read. */
	struct kvs_str content;
	/* These chunks of the store hold the file of this checksum.  NULL: it is to be read. */
	const struct kvs_chunks *chunks;
	const char *chunks_checksum;
	bool sorted; /* sort the lines by their bytes, drop empty ones */
	/* A file that is larger than a value of the store may be is taken apart. */
	bool large;
	/* On the bytes that are to stand in the store, after the sorting; they shrink against what stands
	 * there. */
	struct kvs_guards guards;
	/* Judges what is to be written, before it is; "{}" in its words is a file with those bytes. */
	struct kvs_command check;
	/* Runs after a change.  That it is due is remembered on this machine, under the key, so that it is
	 * redone until it succeeds. */
	struct kvs_command command;
	/* How it is to stand in the store.  Plain, unless `exact`, asks for nothing: what is there in
	 * another encoding stays if it is the same file. */
	enum kvs_encoding encoding;
	bool exact;
	bool no_compat; /* encodings that kvexpress cannot read are allowed */
	/* Signs what is written, or what is there if it is the same file.  NULL: does not sign; a
	 * signature of what was there before goes, with a warning. */
	const struct kvs_signkey *sign_key;
	struct kvs_history_params history;
	/* Runs before anything is written, perhaps several times, so that the caller can note on
	 * its side what is about to happen; a failure ends the job.  May be NULL. */
	int (*before_write)(void *arg, struct kvs_err *err);
	void *before_write_arg;
};

/* How many bytes the file may have if the guards do not say. */
static inline uint64_t kvs_in_max_bytes(const struct kvs_in_params *params)
{
	return params->large ? KVS_IN_MAX_BYTES_DEFAULT_LARGE : KVS_IN_MAX_BYTES_DEFAULT;
}

struct kvs_in_result {
	bool written;	 /* false: the store had it already */
	bool is_signed;	 /* by sign_key */
	uint64_t index;	 /* of the write, where the store tells; else 0 */
	bool commanded;	 /* the command ran, and well */
	int signal;	 /* that told us to end while a command ran (CANCELED), or 0 */
	uint64_t stored; /* bytes of the value that was written */
	uint64_t bytes;
	uint64_t lines;
	char checksum[KVS_SHA256_HEX];
};

/*
 * The result is written also on failure, for what was done before it (a command that fails comes after the
 * write).  Errors: ARG (key, an encoding that is not allowed, a check that names no file), SYS (file), GUARD, FROZEN (a
 * stop is set), COMMAND, CANCELED (a signal came while a command ran: the caller is to end by it), TOOBIG (for the
 * store), CONFLICT (others wrote all the time), UNCERTAIN, and what the store says.
 */
int kvs_transfer_in(const struct kvs_transfer *t, const struct kvs_in_params *params,
		    struct kvs_in_result *ret, struct kvs_err *err);

/* ---- rollback: a version goes into the store again ---- */

struct kvs_rollback_params {
	uint64_t number; /* the version; 0: the newest that is not what stands in the store now */
	/* How it is written: key, guards, encoding, signature and history as for in.  Of the history,
	 * the cause is set by rollback itself; file, fd and content mean nothing. */
	struct kvs_in_params in;
};

struct kvs_rollback_result {
	uint64_t number; /* the version that was taken */
	struct kvs_in_result in;
};

/* Errors: those of kvs_transfer_in(), kvs_transfer_version() and, when there is no earlier version,
 * NOTFOUND. */
int kvs_transfer_rollback(const struct kvs_transfer *t, const struct kvs_rollback_params *params,
			  struct kvs_rollback_result *ret, struct kvs_err *err);
/* ---- copy: a file of one key goes under another ---- */

struct kvs_copy_params {
	const char *from;
	bool ignore_stop;   /* a stop of `from` does not count; one of the other key does */
	bool keep_encoding; /* as it stands at `from`, not as `in` says */
	const struct kvs_signkey *const *verify_keys; /* who must have signed it at `from` */
	size_t n_verify_keys;
	/* How and where it is written: key, guards, encoding, signature and history as for in.  Of the
	 * history, the cause is set by copy itself; file, fd, content and sorted mean nothing.  A
	 * signature is for one key and does not come along: without a sign_key, what was signed is not
	 * any more, with a warning. */
	struct kvs_in_params in;
};

/* Errors: those of kvs_transfer_in(), NOTFOUND (`from`), FROZEN (either) and INTEGRITY (the data at `from` is
 * not that of its checksum, or the signature does not do). */
int kvs_transfer_copy(const struct kvs_transfer *t, const struct kvs_copy_params *params,
		      struct kvs_in_result *ret, struct kvs_err *err);

/* ---- out: a file comes out of the store ---- */

#define KVS_OUT_NEW_MODE	  0640
#define KVS_OUT_MAX_BYTES_DEFAULT ((uint64_t)64 << 20)
/* Another run on the same file is waited for so long, and for as long as our own commands may take. */
#define KVS_LOCK_WAIT_MS 60000

struct kvs_out_params {
	const char *key;
	/* The key is a whole one, as it stands in the store, and the file is its value as it is: no
	 * checksum, stop or signature belongs to it.  A lock of the file does. */
	bool raw;
	const char *file;	  /* as typed: a lock of that very path counts too */
	struct kvs_rights rights; /* also repaired when the bytes are the same */
	/* A file with the right bytes that is somebody else's stays as it is: a warning. */
	bool spare_others;
	bool follow;	  /* the file may be a symbolic link: write what it points to */
	bool ignore_stop; /* a stop does not count; a lock does */
	struct kvs_guards
		guards; /* before anything is installed; it shrinks against the old file */
	/* Only what one of these keys has signed is installed, and nothing older than what was installed
	 * from that key before.  n_verify_keys 0: signatures do not matter. */
	const struct kvs_signkey *const *verify_keys;
	size_t n_verify_keys;
	/* Judges the new file; "{}" in its words is the file's path.  It runs before the file is in its
	 * place, or if it has no "{}" and that is allowed, after; then what was there before comes back if
	 * it fails. */
	struct kvs_command check;
	bool check_installed; /* a check without "{}" is allowed */
	/* Keeps what is replaced: a suffix of its name, or with a slash in it a directory.  NULL: does
	 * not. */
	const char *backup;
	struct kvs_command command; /* to run after a change */
	/* If the command fails, what was there before comes back and the command runs again.  The file
	 * that failed is rejected: it is not tried again before its time, but for ... */
	bool rollback;
	bool retry_rejected; /* ... this */
	uint64_t lock_wait;  /* ms; 0: KVS_LOCK_WAIT_MS and the time of the commands */
};

struct kvs_out_result {
	bool installed;	 /* the file's bytes were replaced */
	bool repaired;	 /* the bytes were right, the owner or mode was not */
	bool commanded;	 /* the command ran, and well */
	int signal;	 /* that told us to end while a command ran (CANCELED), or 0 */
	uint64_t bytes;	 /* when installed */
	uint64_t lines;	 /* when installed */
	uint64_t stored; /* bytes of the value in the store, when installed */
	char checksum[KVS_SHA256_HEX];
};

/*
 * Another run that works on the same file is waited for: that time is added to the deadline, like the
 * command's.  The result is written also on failure, for what was done before it (a command that fails comes
 * after the file).  Errors: ARG (key, path), NOTFOUND (no such key), FROZEN (a stop or a lock),
 * GUARD, TOOBIG (unpacks to more), INTEGRITY (the data is not that of the checksum, or the signature
 * does not do, read several times), UNSUPPORTED (an encoding of a later version, the codec module is not installed), SYS (file),
 * COMMAND, CANCELED (a signal came while a command ran: the caller is to end by it), and what the
 * store says.
 */
int kvs_transfer_out(const struct kvs_transfer *t, const struct kvs_out_params *params,
		     struct kvs_out_result *ret, struct kvs_err *err);

/*
 * Is there nothing to do, if the store holds what somebody has just been told of the key's checksum
 * (raw: of the key itself)?
 * Asks this machine only and changes nothing: t->store may be NULL.  True if the file is that of the
 * checksum and has the rights that are asked for, nothing is owed from an earlier run, no signature is
 * to be verified, nobody else is at work on the file, and what was told is not older than what was
 * installed.  *ret is written only then.  Whatever fails here makes it false: kvs_transfer_out() will
 * say so.
 */
bool kvs_transfer_out_is_done(const struct kvs_transfer *t, const struct kvs_out_params *params,
			      const struct kvs_entry *told, struct kvs_out_result *ret);

/* ---- diff: what the store holds against other bytes ---- */

struct kvs_diff_params {
	const char *key;
	struct kvs_str content; /* what is compared with the file of the key */
	uint64_t max_bytes;	/* of the file of the key; 0: KVS_OUT_MAX_BYTES_DEFAULT */
	kvs_linediff_fn fn; /* gets what is to change in the file of the key to make it the other */
	void *arg;
};

struct kvs_diff_result {
	bool same;
	bool binary;   /* one of them is no text: nothing was told */
	bool too_long; /* they have too many lines to be told */
	struct kvs_linediff_stat stat;
	char checksum[KVS_SHA256_HEX]; /* of the file of the key */
};

/* Errors: ARG, NOTFOUND, GUARD and TOOBIG (too many bytes), INTEGRITY, UNSUPPORTED, what fn returned, and
 * what the store says. */
int kvs_transfer_diff(const struct kvs_transfer *t, const struct kvs_diff_params *params,
		      struct kvs_diff_result *ret, struct kvs_err *err);

/* ---- clean: what runs left beside a file ---- */

struct kvs_clean_result {
	unsigned removed; /* files */
	bool forgotten;	  /* something was remembered of the file, and is not any more */
};

/*
 * Removes FILE.compare, FILE.last and FILE.kvexpress, temporaries of killed runs, and what this machine
 * remembers of the file: also a command that is due (a warning), and which signature was the newest.
 * The file itself stays.  Asks no store: t->store may be NULL.  The result is written also on failure.  ARG,
 * SYS (also where one of these is no regular file, or a change of the file is to be ended first).
 */
int kvs_transfer_clean(const struct kvs_transfer *t, const char *file, struct kvs_clean_result *ret,
		       struct kvs_err *err);

/* ---- stop and start: freezing a key ---- */

/* Sets the stop of a key; *ret_changed is false if it stood there with that very reason.  ARG (key,
 * empty reason), CONFLICT, and what the store says. */
int kvs_transfer_stop(const struct kvs_transfer *t, const char *key, const char *reason,
		      bool *ret_changed, struct kvs_err *err);

/* Lifts it; *ret_reason is what it said, in fresh memory, or NULL if the key was not stopped. */
int kvs_transfer_start(const struct kvs_transfer *t, const char *key, char **ret_reason,
		       struct kvs_err *err);

/* ---- lock and unlock: freezing a file on one machine ---- */

/*
 * Locks a file, by its absolute path, for t->node: no `out` replaces it there.  The lock goes by the
 * cleaned path.  reason NULL: kvs_transfer_lock_reason(); then a lock that is
 * there stays with the reason that it has.  *ret_changed is false if nothing was written.
 * Errors: ARG (a relative path, an empty reason), CONFLICT, SYS, and what the store says.
 */
int kvs_transfer_lock(const struct kvs_transfer *t, const char *file, const char *reason,
		      bool *ret_changed, struct kvs_err *err);

/* The reason of a lock that was given none: names the file, the user and the time.  Fresh memory, or
 * NULL when there is none. */
char *kvs_transfer_lock_reason(const char *file);

/*
 * Lifts it, both that of the cleaned path and that of the path as typed; *ret_reason is what it
 * said, in fresh memory, or NULL if the file was not locked.  The note FILE.locked that kvexpress
 * left beside the file goes with it.
 */
int kvs_transfer_unlock(const struct kvs_transfer *t, const char *file, char **ret_reason,
			struct kvs_err *err);

#endif
