/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Watches: from what a backend sends to what a user may rely on.
 *
 *	RUNNING   a request at the backend; its events go to the user
 *	WAITING   the request broke; a new one starts at retry_at, behind the last SYNC
 *	ENDED     done has run; only kvs_watch_close() is left
 *
 *	state    | backend's event | backend's done(passing) | done(final) | time | close
 *	RUNNING  | deliver         | trouble, WAITING        | ENDED       |      | cancel, freed
 *	WAITING  |                 |                         |             | RUNNING or WAITING | freed
 *	ENDED    |                 |                         |             |      | freed
 */
#include "core/core.h"

#include "base/alloc.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/str.h"

#include <inttypes.h>
#include <utlist.h>

#define RETRY_BASE_MS 100
/* With the jitter of a quarter a watch is back within two seconds of its store. */
#define RETRY_MAX_MS 1200

enum state {
	RUNNING,
	WAITING,
	ENDED,
};

struct kvs_watch {
	struct kvs_store *store;
	struct kvs_watch_callback cb;
	char *key;
	size_t key_n;
	uint32_t flags;

	enum state state;
	uint64_t tag;	   /* RUNNING */
	uint64_t retry_at; /* WAITING */
	struct kvs_backoff backoff;

	uint64_t resume;   /* index of the last SYNC; 0: begin with a snapshot */
	bool synced;	   /* the user has seen a SYNC since the last RESET */
	bool dirty;	   /* events since the last SYNC */
	bool silent;	   /* this snapshot only fills the diff */
	bool diffing;	   /* inside a snapshot that is compared */
	struct diff *diff; /* backends without deltas */

	unsigned int busy; /* inside callbacks: freed when it falls to 0 */
	bool closed;
	struct kvs_watch *prev, *next;
};

static void release(struct kvs_watch *w)
{
	if (w->busy || !w->closed)
		return;
	diff_free(w->diff);
	kvsi_free(w->key);
	kvsi_free(w);
}

static bool by_snapshots(const struct kvs_watch *w)
{
	return w->store->conn->be.traits & KVS_TRAIT_SNAPSHOTS;
}

/* ---- to the user ---- */

static void tell(struct kvs_watch *w, uint32_t type, const struct kvs_entry *entry, uint64_t index)
{
	struct kvs_event ev = { .size = sizeof(ev), .type = type, .entry = entry, .index = index };

	if (!w->closed && w->cb.event)
		w->cb.event(w->cb.arg, &ev);
}

static void end(struct kvs_watch *w, int code, const struct kvs_err *err)
{
	if (w->state == ENDED)
		return;
	w->state = ENDED;
	w->busy++;
	if (w->cb.done)
		w->cb.done(w->cb.arg, code, err);
	if (w->cb.drop)
		w->cb.drop(w->cb.arg);
	w->busy--;
}

/* ---- starting, breaking, trying again ---- */

static void note_retry(struct conn *conn, uint64_t at)
{
	if (!conn->next_retry || at < conn->next_retry)
		conn->next_retry = at;
}

static void wait_for_retry(struct kvs_watch *w, const struct kvs_err *err)
{
	uint64_t pause = kvs_backoff_next(&w->backoff);

	w->state = WAITING;
	w->diffing = false;
	w->retry_at = kvsi_monotonic_ms() + pause;
	if (w->store)
		note_retry(w->store->conn, w->retry_at);
	w->busy++;
	if (!w->closed && w->cb.trouble)
		w->cb.trouble(w->cb.arg, err, pause);
	w->busy--;
}

static bool passes(int code)
{
	return code == KVS_E_UNAVAILABLE || code == KVS_E_UNCERTAIN || code == KVS_E_TIMEOUT ||
	       code == KVS_E_PROTOCOL || code == KVS_E_COMPACTED;
}

static int start(struct kvs_watch *w, struct kvs_err *err)
{
	struct kvs_request req = KVS_REQUEST_INIT;

	req.kind = KVS_REQ_WATCH;
	req.key = kvs_sn(w->key, w->key_n);
	req.flags = w->flags;
	req.index = w->resume;
	/* Without deltas and without a memory of an earlier state, only a snapshot is honest. */
	if (by_snapshots(w) && !w->diff)
		req.index = 0;
	if (w->resume)
		req.flags &= ~KVS_WATCH_CHANGES;
	w->state = RUNNING;
	return request_start(w->store, &req, NULL, w, &w->tag, err);
}

static void broke(struct kvs_watch *w, int code, const struct kvs_err *err)
{
	if (code == KVS_E_COMPACTED || code == KVS_E_PROTOCOL)
		w->resume = 0;
	if (passes(code))
		wait_for_retry(w, err);
	else
		end(w, code, err);
}

void watch_done(struct kvs_watch *w, int code, const struct kvs_err *err)
{
	struct kvs_err ended = { 0 };

	if (!code) {
		code = kvs_err_set(&ended, KVS_E_UNAVAILABLE, "the store ended the watch");
		err = &ended;
	}
	w->busy++;
	broke(w, code, err);
	w->busy--;
	release(w);
}

/* False: a callback has run, and may have closed any watch. */
static bool retry_all_due(struct conn *conn, uint64_t now)
{
	struct kvs_watch *w, *next;
	struct kvs_err err = { 0 };
	int code;

	DL_FOREACH_SAFE (conn->watches, w, next) {
		if (w->state != WAITING || w->retry_at > now)
			continue;
		code = start(w, &err);
		if (!code)
			continue;
		conn->depth++;
		watch_done(w, code, &err);
		conn->depth--;
		return false;
	}
	return true;
}

void watch_retry_due(struct conn *conn, uint64_t now)
{
	struct kvs_watch *w;

	if (!conn->next_retry || now < conn->next_retry)
		return;
	/* What is left over is due at once: at the next dispatch. */
	if (!retry_all_due(conn, now))
		return;
	conn->next_retry = 0;
	DL_FOREACH (conn->watches, w)
		if (w->state == WAITING)
			note_retry(conn, w->retry_at);
}

/* ---- events ---- */

static int fail(struct kvs_watch *w, int code, const struct kvs_err *err)
{
	if (w->store)
		conn_cancel(w->store->conn, w->tag);
	broke(w, code, err);
	return 1;
}

static int begin_snapshot(struct kvs_watch *w, uint32_t type)
{
	struct kvs_err err = { 0 };
	bool first = !w->diff;

	w->diffing = false;
	w->silent = false;
	if (by_snapshots(w)) {
		if (type == KVS_EV_RESET) {
			diff_free(w->diff);
			w->diff = NULL;
		}
		if (!w->diff && diff_new(&w->diff, &err))
			return fail(w, err.code, &err);
		diff_begin(w->diff);
		w->diffing = true;
		w->silent = (w->flags & KVS_WATCH_CHANGES) && !w->resume;
		if (type == KVS_BEV_SNAPSHOT && !first && !w->silent)
			return 0;
	}
	w->synced = false;
	w->dirty = true;
	if (!w->silent)
		tell(w, KVS_EV_RESET, NULL, 0);
	return 0;
}

static int put(struct kvs_watch *w, const struct kvs_entry *entry)
{
	struct kvs_entry seen = *entry;
	struct kvs_err err = { 0 };
	int changed = 1;

	if (w->diffing) {
		changed = diff_put(w->diff, entry, &err);
		if (changed < 0)
			return fail(w, changed, &err);
	}
	if (!changed || w->silent || !view_strip(w->store, &seen.key))
		return 0;
	w->dirty = true;
	tell(w, KVS_EV_PUT, &seen, 0);
	return 0;
}

static void tell_deleted(struct kvs_watch *w, const struct kvs_entry *entry)
{
	struct kvs_entry seen = *entry;

	/* A callback may have closed the watch within this batch. */
	if (!w->store || !view_strip(w->store, &seen.key))
		return;
	w->dirty = true;
	tell(w, KVS_EV_DELETE, &seen, 0);
}

static void tell_gone(struct kvs_watch *w)
{
	struct known *gone = diff_end(w->diff);
	struct known *k = gone;

	while (k) {
		struct kvs_entry entry = { .size = sizeof(entry) };

		k = known_next(k, &entry.key);
		tell_deleted(w, &entry);
	}
	known_free_list(gone);
}

static int sync(struct kvs_watch *w, uint64_t index)
{
	struct kvs_err err = { 0 };

	if (w->synced && index < w->resume) {
		(void)kvs_err_set(&err, KVS_E_PROTOCOL,
				  "the index fell from %" PRIu64 " to %" PRIu64, w->resume, index);
		/* What was known may be of another history: the next snapshot is told whole. */
		diff_free(w->diff);
		w->diff = NULL;
		return fail(w, err.code, &err);
	}
	if (w->diffing)
		tell_gone(w);
	w->diffing = false;
	w->silent = false;
	kvs_backoff_reset(&w->backoff);
	w->resume = index;
	/* "Now" was this moment: if its history is ever lost, only a snapshot loses no change. */
	w->flags &= ~KVS_WATCH_CHANGES;
	if (w->dirty || !w->synced) {
		w->dirty = false;
		w->synced = true;
		tell(w, KVS_EV_SYNC, NULL, index);
	}
	return 0;
}

static int handle(struct kvs_watch *w, uint32_t type, const struct kvs_entry *entry, uint64_t index)
{
	switch (type) {
	case KVS_EV_RESET:
	case KVS_BEV_SNAPSHOT:
		return begin_snapshot(w, type);
	case KVS_EV_PUT:
		return put(w, entry);
	case KVS_EV_DELETE:
		tell_deleted(w, entry);
		return 0;
	case KVS_EV_SYNC:
		return sync(w, index);
	default:
		return 0;
	}
}

int watch_event(struct kvs_watch *w, uint32_t type, const struct kvs_entry *entry, uint64_t index)
{
	int stop;

	w->busy++;
	stop = handle(w, type, entry, index) || w->closed || w->state != RUNNING;
	w->busy--;
	release(w);
	return stop;
}

/* ---- the user's side ---- */

static struct kvs_watch *watch_new(struct kvs_store *store, const struct kvs_request *req,
				   const struct kvs_watch_callback *cb)
{
	struct kvs_watch *w = kvs_zalloc(sizeof(*w));

	if (!w)
		return NULL;
	w->key = kvs_memdup0(req->key.p, req->key.n);
	if (!w->key) {
		kvsi_free(w);
		return NULL;
	}
	w->key_n = req->key.n;
	w->store = store;
	w->cb = *cb;
	w->flags = req->flags;
	w->resume = req->index;
	w->backoff = (struct kvs_backoff){ .base_ms = RETRY_BASE_MS, .max_ms = RETRY_MAX_MS };
	return w;
}

int kvs_watch(struct kvs_store *store, const struct kvs_request *req,
	      const struct kvs_watch_callback *cb, struct kvs_watch **ret_watch,
	      struct kvs_err *err)
{
	struct kvs_watch *w = watch_new(store, req, cb);
	int code = w ? start(w, err) : kvs_err_oom(err);

	if (code) {
		if (w) {
			w->closed = true;
			release(w);
		}
		if (cb->drop)
			cb->drop(cb->arg);
		return code;
	}
	DL_APPEND(store->conn->watches, w);
	*ret_watch = w;
	return 0;
}

/* Takes the watch out of its store, without a word to the user. */
static void detach(struct kvs_watch *w)
{
	struct conn *conn = w->store->conn;
	struct pending *p = w->state == RUNNING ? request_find(conn, w->tag) : NULL;

	if (p) {
		conn_cancel(conn, p->tag);
		request_forget(conn, p);
	}
	DL_DELETE(conn->watches, w);
	w->store = NULL;
}

static void cancel(struct kvs_watch *w)
{
	struct kvs_err err = { 0 };

	w->busy++;
	if (w->store)
		detach(w);
	end(w, kvs_err_set(&err, KVS_E_CANCELED, "the watch was closed"), &err);
	w->busy--;
	release(w);
}

void kvs_watch_close(struct kvs_watch *w)
{
	if (!w || w->closed)
		return;
	w->closed = true;
	cancel(w);
}

static struct kvs_watch *first_of(const struct conn *conn, const struct kvs_store *store)
{
	struct kvs_watch *w;

	DL_FOREACH (conn->watches, w)
		if (w->store == store)
			return w;
	return NULL;
}

void watch_cancel_all(struct conn *conn, const struct kvs_store *store)
{
	struct kvs_watch *w;

	while ((w = first_of(conn, store)))
		cancel(w);
}
