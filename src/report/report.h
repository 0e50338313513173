/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a job did, for those who watch a fleet: one struct for every kind of job, and one word for
 * how it ended.  The words are those of kvexpress where it has one: alerts and dashboards go by
 * them.
 *
 * src/report tells it to others.  It knows nothing of command lines, configuration, standard
 * output or stores, holds nothing up beyond its bounds, and what it cannot do is its caller's
 * warning, never a failure of the work.
 */
#ifndef KVS_REPORT_REPORT_H
#define KVS_REPORT_REPORT_H

#include <kvsync/kvsync.h>

#include <stdbool.h>
#include <stdint.h>

enum kvs_action {
	KVS_ACTION_IN,
	KVS_ACTION_OUT,
	KVS_ACTION_RAW,
	KVS_ACTION_COPY,
	KVS_ACTION_CLEAN,
	KVS_ACTION_LOCK,
	KVS_ACTION_UNLOCK,
	KVS_ACTION_STOP,
	KVS_ACTION_START,
	KVS_ACTION_ROLLBACK,
	KVS_N_ACTIONS,
};

/* How it ended. */
enum kvs_outcome {
	KVS_OUTCOME_COMPLETE,
	KVS_OUTCOME_UNCHANGED,
	KVS_OUTCOME_STOPPED,
	KVS_OUTCOME_LOCKED,
	KVS_OUTCOME_TOO_SHORT,
	KVS_OUTCOME_EMPTY,
	KVS_OUTCOME_GUARD,
	KVS_OUTCOME_MISMATCH,
	KVS_OUTCOME_ABSENT,
	KVS_OUTCOME_CONFLICT,
	KVS_OUTCOME_UNREACHED,
	KVS_OUTCOME_NOT_READ,
	KVS_OUTCOME_NOT_SET,
	KVS_OUTCOME_NOT_DELETED,
	KVS_OUTCOME_FILE_READ,
	KVS_OUTCOME_FILE_WRITTEN,
	KVS_OUTCOME_COMMAND,
	KVS_OUTCOME_USAGE,
	KVS_OUTCOME_ERROR,
	KVS_N_OUTCOMES,
};

/* Everything is borrowed for the call that it is handed to.  Bytes from outside stand here as they
 * are. */
struct kvs_report {
	enum kvs_action action;
	int code;	      /* 0 or KVS_E_* */
	unsigned status;      /* what the program ends with */
	bool changed;	      /* something was written */
	bool locked;	      /* FROZEN: by a lock and not by a stop */
	bool too_short;	      /* GUARD: there were too few lines */
	bool empty;	      /* GUARD: there was nothing */
	const char *store;    /* its name, or NULL */
	const char *prefix;   /* "kvexpress" */
	const char *key;      /* of the file; NULL if only this machine's file is concerned */
	const char *from;     /* the key that it was copied from, or NULL */
	const char *file;     /* on this machine; NULL if only the store is concerned */
	const char *lock_key; /* that was locked or unlocked, as it stands in the store; or NULL */
	const char *checksum; /* hex; NULL: not known */
	const char *reason;   /* of a stop or a lock; or NULL */
	const char *message;  /* the error's when there is a code */
	struct kvs_str contents; /* a file's, or what changed in it: where that is asked for only */
	bool sized;		 /* lines and bytes are known */
	uint64_t lines;
	uint64_t bytes; /* of the file */
	uint64_t
		stored; /* bytes of the value in the store, which may be compressed; 0: not known */
	uint64_t retries; /* requests to the store that were made again */
	uint64_t ms;	  /* that it took */
};

enum kvs_outcome kvs_report_outcome(const struct kvs_report *report);

/* The action's own word: "in". */
const char *kvs_action_name(enum kvs_action action);

/* A row a word: what the tag location says, and what that means. */
struct kvs_location {
	const char *name;
	const char *help;
};

/* KVS_N_OUTCOMES rows, by enum kvs_outcome. */
extern const struct kvs_location kvs_locations[];

#endif
