/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Small things that the jobs of the engine share.  For src/transfer only.
 */
#ifndef KVS_TRANSFER_COMMON_H
#define KVS_TRANSFER_COMMON_H

#include "transfer/transfer.h"

#include "base/cleanup.h"
#include "transfer/layout.h"

/* Which names the caller may use. */
static inline enum kvs_naming kvs_transfer_naming(const struct kvs_transfer *t, bool writing)
{
	if (t->free_names)
		return KVS_NAMING_FREE;
	return writing ? KVS_NAMING_WRITE : KVS_NAMING_READ;
}

/* Hands a line to t->report, if there is one. */
void kvs_transfer_report(const struct kvs_transfer *t, int level, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* Tells how far a large file got. */
void kvs_transfer_progress(const struct kvs_transfer *t, uint64_t done, uint64_t total);

/* Notes why the job is about to fail; guard is what was read of a stop or a lock, or NULL. */
void kvs_transfer_refuse(const struct kvs_transfer *t, enum kvs_refusal_kind kind,
			 const struct kvs_entry *guard);

/* The time since `began` (CLOCK_MONOTONIC ms) does not count for the deadline, of t and its store:
 * somebody else let us wait. */
void kvs_transfer_spare_time(struct kvs_transfer *t, uint64_t began);

/*
 * Sleeps a random while before try number `attempt` (from 1): at most 5 ms at first, doubled each
 * time up to 200 ms, so that those who collide drift apart.  False if the deadline
 * (CLOCK_MONOTONIC ms, 0: none) is over.
 */
bool kvs_pause(uint64_t deadline, unsigned attempt);

/*
 * A write that is guarded by what was read before it, tried again when somebody else came between
 * or its answer was lost:
 *
 *	struct kvs_retry retry = { .max = 5 };
 *	do
 *		rc = once(..., &retry, err);
 *	while (kvs_retry_again(&retry, t->deadline, rc));
 *	return kvs_retry_end(&retry, rc, err);
 *
 * Each try reads first; once it has, it calls kvs_retry_resolve(), which says whether an earlier
 * write may already have done the work that it finds done.
 */
struct kvs_retry {
	unsigned max; /* tries; 0: until the deadline */
	unsigned tries;
	bool unresolved; /* a write was sent and nothing has been read since */
};

bool kvs_retry_resolve(struct kvs_retry *retry);
/* Is another try due?  Sleeps before it. */
bool kvs_retry_again(struct kvs_retry *retry, uint64_t deadline, int rc);
/* The final code: UNCERTAIN if the last reading failed behind an unresolved write. */
int kvs_retry_end(const struct kvs_retry *retry, int rc, struct kvs_err *err);

/* Does this guard (a stop, a lock) count as set?  An empty value is as good as none. */
static inline bool kvs_guard_is_set(const struct kvs_entry *guard)
{
	return guard && guard->value.n > 0;
}

/* Entries from kvs_get_many() that go with their scope. */
#define KVS_ENTRIES_MAX 5
struct kvs_entries {
	struct kvs_entry *at[KVS_ENTRIES_MAX];
};

void kvs_entries_release(struct kvs_entries *entries);
#define KVS_AUTO_ENTRIES KVS_CLEANUP(kvs_entries_release)

static inline void kvs_cleanup_entry(struct kvs_entry **e)
{
	kvs_entry_free(*e);
}
#define KVS_AUTO_ENTRY KVS_CLEANUP(kvs_cleanup_entry)

/* Sets the condition that the key is still as it was read: `seen` NULL means absent. */
void kvs_op_unchanged(struct kvs_op *op, const struct kvs_entry *seen);

#endif
