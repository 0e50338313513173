/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Watches by blocking queries; for consul_watch.c and its three helpers only.
 *
 *	consul_watch.c   the core's side: starts and cancels
 *	consul_share.c   which queries become one, where there are more than may be
 *	consul_query.c   when something is read: the queries that wait
 *	consul_item.c    one reading: what it tells, and what is only hidden
 *
 * An item is a key or prefix that is watched, by any number of watchers.  A query holds one
 * connection while the server makes it wait.  One with a single item waits for that and reads it at
 * once.  One that items share waits for the names under what their keys have in common, and when
 * something changed there, reads each item by itself: its answers stay small whatever values lie
 * there, and what access rules hide is told as openly as ever.
 *
 * Each reading is a snapshot; the core finds the differences.
 */
#ifndef KVS_CONSUL_WATCH_H
#define KVS_CONSUL_WATCH_H

#include "backends/consul/consul.h"
#include "backends/consul/consul_names.h"

#include "base/backoff.h"

/* A watch of the core's. */
struct consul_watcher {
	uint64_t tag;
	uint64_t seen; /* index of the last SYNC; 0: none */
	bool fresh;    /* has had no snapshot of this item */
	bool told;     /* is part of the snapshot under way */
	struct consul_watcher *prev, *next;
};

struct consul_item {
	char *key;
	size_t key_n;
	uint32_t flags;
	struct consul_watcher *watchers;
	uint64_t index;		   /* of the last reading; 0: none */
	bool found;		   /* it found something */
	bool unread;		   /* something may have changed since */
	struct consul_names names; /* of a prefix: what it found */
	struct consul_item *prev, *next;
};

/*
 * What a query does: it rests, or one or both of its calls are under way, or it goes on soon.
 * Only a shared query has both: it reads for newcomers while it waits.
 */
struct consul_query {
	struct consul *c;
	struct consul_item *items; /* one at least */
	size_t n_items;
	size_t common; /* bytes that all keys begin with; one item: all of its key */

	struct consul_call *call;	/* a reading, or what belongs to it */
	struct consul_call *names_call; /* of a shared one */
	bool soon;			/* goes on at the next dispatch */
	bool resting;			/* until `due` */
	uint64_t due;
	struct kvs_backoff rest;

	bool waiting; /* the server holds what was asked until something changes, or for ... */
	uint64_t wait_ms;
	uint64_t waiting_since;
	bool news; /* since it waited last */

	/* shared ones */
	uint64_t names_index; /* of the last answer; 0: none */
	bool in_vain;	      /* it was woken, so far by what nobody watches */
	bool unlistable;      /* the names may not be listed: items are read from time to time */

	/* the reading under way */
	struct consul_item *reading;
	bool begun;
	bool doubtful; /* the answer is older than what was told: it is not taken ... */
	bool sure;     /* ... unless this is one of a leader that knows to be it */
	bool found;
	uint64_t answer_index;
	struct consul_array array;
	struct kvs_buf value;
	struct consul_query *prev, *next;
};

static inline bool consul_query_is_shared(const struct consul_query *q)
{
	return q->n_items > 1;
}

/* What its keys have in common. */
static inline struct kvs_str consul_query_common(const struct consul_query *q)
{
	return (struct kvs_str){ q->items->key, q->common };
}

/* ---- consul_item.c ---- */

/* NULL: no memory. */
struct consul_item *consul_item_new(struct consul *c, const struct kvs_request *req);
void consul_item_free(struct consul_item *item);
/* Is it what the request wants to watch? */
bool consul_item_is_of(const struct consul_item *item, const struct kvs_request *req);
/* Is there something that no watcher, or not every one, was told? */
bool consul_item_needs_reading(const struct consul_item *item);
/* Reads q's item, at once or when it changes, and then calls consul_query_was_read() or
 * consul_query_not_read().  NOMEM, ARG. */
int consul_item_read(struct consul_query *q, struct consul_item *item, bool wait,
		     struct kvs_err *err);
/* Ends its watches and takes the item: what it found is kept for the core's next try. */
void consul_item_end(struct consul *c, struct consul_item *item, int code,
		     const struct kvs_err *err);

/* ---- consul_query.c ---- */

/* Takes the item.  NULL: no memory; the item stays the caller's. */
struct consul_query *consul_query_new(struct consul *c, struct consul_item *item);
/* With its items, without a word.  It must be among the others. */
void consul_query_free(struct consul_query *q);
/* Breaks off what is under way and begins anew at the next dispatch. */
void consul_query_restart(struct consul_query *q);
/* Something in it is to be read. */
void consul_query_newcomer(struct consul_query *q);
/* Nobody watches the item any more.  Frees it, and q if it was the last. */
void consul_query_drop(struct consul_query *q, struct consul_item *item);
/* How the reading of q->reading ended.  q may be gone behind either. */
void consul_query_was_read(struct consul_query *q, bool news);
void consul_query_not_read(struct consul_query *q, int code, const struct kvs_err *err);
/* How long to wait for the answer of one that the server holds. */
uint64_t consul_query_patience(const struct consul_query *q);
/* Heeds a server that asks for a pause. */
void consul_query_heed(struct consul *c, const struct consul_answer *answer);

/* ---- consul_share.c ---- */

/* Puts q among the others. */
void consul_share_add(struct consul *c, struct consul_query *q);
/* Makes them as few as may be. */
void consul_share_out(struct consul *c);

#endif
