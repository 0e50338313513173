/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The parts of `out`: out.c asks the store, out_change.c changes the file, out_memory.c remembers.  For
 * them only.
 */
#ifndef KVS_TRANSFER_OUT_JOB_H
#define KVS_TRANSFER_OUT_JOB_H

#include "transfer/transfer.h"

#include "base/buf.h"
#include "transfer/chunks.h"
#include "transfer/install.h"
#include "transfer/layout.h"
#include "transfer/state.h"

struct kvs_out_job {
	struct kvs_transfer t; /* with a deadline of our own */
	const struct kvs_out_params *params;
	struct kvs_out_result *result;
	struct kvs_names names;
	char *lock_clean; /* the lock of the cleaned path */
	char *lock_typed; /* the lock of the path as typed, if that is another; or NULL */
	struct kvs_target target;
	struct kvs_state state;
	uint64_t signed_ms;  /* when that was signed which is in the store; 0: nobody asks */
	struct kvs_buf room; /* what was unpacked; its limit is that of the file */
	char *kept;	     /* what was there before has this name, while it is kept */
	bool owed_before;    /* a command was owed before the file was replaced */
	bool forgetful;	     /* it was said that nothing can be remembered */
	struct kvs_chunk_trouble trouble;
};

/* What the file is to hold. */
struct kvs_body {
	struct kvs_str bytes;
	struct kvs_chunks chunks; /* of a large file, instead; else n is 0 */
	bool broken;		  /* one of them was missing or damaged */
};

/* ---- out_memory.c ---- */

/* Takes the target's lock and reads what is remembered of it.  Where nothing can be remembered there
 * is a warning, and the work goes on.  SYS: somebody else has the lock all the time. */
int kvs_out_remember_from(struct kvs_out_job *job, struct kvs_err *err);

/* Writes down how far the change to result->checksum got.  `durable` as in kvs_state_save(). */
void kvs_out_remember(struct kvs_out_job *job, enum kvs_step step, bool durable);

/* Writes down what the state says. */
void kvs_out_save(struct kvs_out_job *job, bool durable);

/* Did an earlier run leave its command undone? */
bool kvs_out_is_owed(const struct kvs_out_job *job);

/* Is the state about a signature of this very key? */
bool kvs_out_knows_signature(const struct kvs_out_job *job);

/* A newer signature of what is installed already rules out all that was signed before it. */
void kvs_out_keep_signature(struct kvs_out_job *job);

/* ---- out_undo.c ---- */

/* Begins: puts an end to a change that an earlier run did not get to the end of, which brings back
 * what was there before. */
int kvs_out_recover(struct kvs_out_job *job, struct kvs_err *err);

/* Keeps the file, which was found so, as long as it may have to come back; writes down `step` first. */
int kvs_out_keep(struct kvs_out_job *job, const struct kvs_found *old, enum kvs_step step,
		 struct kvs_err *err);

/* What was there before is not needed any more.  The state is to be saved. */
void kvs_out_drop_kept(struct kvs_out_job *job);

/* Puts back what was there before, if the file is still the one that replaced it, and nothing is
 * kept any more.  *ret_done: it is back.  The state is to be saved. */
int kvs_out_put_back(struct kvs_out_job *job, bool *ret_done, struct kvs_err *err);

/* The file that was installed has failed, or not.  The state is to be saved. */
void kvs_out_reject(struct kvs_out_job *job);
void kvs_out_accept(struct kvs_out_job *job);

/* Is it one that failed before, and not due for another try?  Then COMMAND says so. */
int kvs_out_check_rejected(const struct kvs_out_job *job, struct kvs_err *err);

/* ---- out_change.c ---- */

/* Looks at the file; if its bytes are right, owner and mode are made so too. */
int kvs_out_settle(struct kvs_out_job *job, struct kvs_found *ret, struct kvs_err *err);

/* Replaces the file, which was found so, by this body, if the guards let it pass. */
int kvs_out_install(struct kvs_out_job *job, const struct kvs_found *old, struct kvs_body *body,
		    struct kvs_err *err);

/* Runs the command, if it is due: what an earlier run left undone counts as much as a change by this
 * one.  `checksum` is that of the file as it is now. */
int kvs_out_command(struct kvs_out_job *job, const char *checksum, struct kvs_err *err);

#endif
