/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What this machine remembers of a target, so that what one run could not finish the next one
 * does, and the lock that keeps two runs from one target.
 *
 * A state is the file <dir>/<sha256 of the target's cleaned absolute path>.state, 0600: the line
 * "v1", then name=value lines.  It is replaced atomically; a flock on it is the target's lock.
 * Since replacing makes a new file, the new one is locked before it gets the name, and who has
 * waited for the old one looks again.  A state that makes no sense, or of another version, counts
 * as empty and is rewritten.
 */
#ifndef KVS_TRANSFER_STATE_H
#define KVS_TRANSFER_STATE_H

#include "transfer/transfer.h"

#include "base/cleanup.h"

/* How far the last change of the target got. */
enum kvs_step {
	KVS_STEP_NONE = 0,
	KVS_STEP_STAGED,    /* about to be installed, with a command to follow */
	KVS_STEP_UNCHECKED, /* about to be installed, or installed and not accepted: the next run
			     * puts back what was there before */
	KVS_STEP_INSTALLED, /* the file is right; its command has not succeeded yet */
	KVS_STEP_RELOADED,  /* nothing is owed */
};

struct kvs_state {
	int fd; /* holds the lock; -1: there is no state, saving does nothing */
	char *file;
	char *target;
	uint64_t index;		       /* of the checksum key in the store */
	char checksum[KVS_SHA256_HEX]; /* what was installed, or is about to be */
	/* The newest signature that was verified for this target: when it was made (ms since 1970; 0:
	 * none was), and the SHA-256 of the name that it is for. */
	uint64_t signed_ms;
	char signed_name[KVS_SHA256_HEX];
	/* The file that was there before, as long as it may have to be put back: its SHA-256, or
	 * KVS_STATE_NO_FILE; empty: it does not. */
	char previous[KVS_SHA256_HEX];
	/* What was installed, failed and was taken away again, the number of times that happened to it in
	 * a row, and when it is worth another try: ms since 1970.  Empty: nothing was. */
	char rejected[KVS_SHA256_HEX];
	uint64_t rejections;
	uint64_t next_try;
	enum kvs_step step;
	uint64_t failures; /* of the command, in a row */
};

#define KVS_STATE_NO_FILE "none"

#define KVS_STATE_INIT                                                                             \
	{                                                                                          \
		.fd = -1                                                                           \
	}

/* Where states stand unless told otherwise: /var/lib/kvsync/targets for root, else
 * $XDG_STATE_HOME/kvsync/targets.  Fresh memory.  CONFIG (neither XDG_STATE_HOME nor HOME), NOMEM.
 */
int kvs_state_dir(char **ret_dir, struct kvs_err *err);

/*
 * Takes the lock of a target (its cleaned absolute path), waiting at most wait_ms, and reads what is
 * remembered in `dir` (NULL: kvs_state_dir()).  *ret_busy: the failure is that somebody else had the
 * lock all the time; any other failure means that nothing can be remembered here.  SYS, CONFIG,
 * NOMEM.
 */
int kvs_state_open(struct kvs_state *state, const char *dir, const char *target, uint64_t wait_ms,
		   bool *ret_busy, struct kvs_err *err);

/* Writes it down.  `durable`: it must survive the machine's crash; else only the process'.  SYS,
 * NOMEM. */
int kvs_state_save(struct kvs_state *state, const struct kvs_transfer *t, const char *key,
		   bool durable, struct kvs_err *err);

/* Removes it; *ret_done is false if nothing was remembered.  The lock stays ours.  SYS. */
int kvs_state_forget(const struct kvs_state *state, bool *ret_done, struct kvs_err *err);

/* Gives the lock back. */
void kvs_state_release(struct kvs_state *state);

#define KVS_AUTO_STATE KVS_CLEANUP(kvs_state_release)

#endif
