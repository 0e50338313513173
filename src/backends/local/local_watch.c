/* SPDX-License-Identifier: Apache-2.0 */
#include "backends/local/local_scan.h"

#include "base/err.h"
#include "base/str.h"

#include <utlist.h>

/* How soon to try again to end leases when the store is busy. */
#define BUSY_RETRY_MS 20

struct local_watch {
	struct local_scan scan; /* first */
	struct local_watch *prev_watch, *next_watch;
	struct kvs_str key;  /* owned, behind the struct */
	uint32_t flags;	     /* KVS_PREFIX, KVS_KEYS_ONLY */
	bool reset;	     /* a snapshot is due, or under way */
	bool greet;	     /* a SYNC is due even if nothing changed */
	bool news;	     /* this scan has sent something */
	bool stale;	     /* this scan is of a moment that has passed */
	uint64_t position;   /* everything up to it was told */
	uint64_t target;     /* position after this scan */
	uint64_t generation; /* of the file that position speaks of */
};

static struct local_watch *watch_of(struct local_scan *scan)
{
	return (struct local_watch *)scan;
}

static void send_event(struct local_conn *conn, struct local_watch *watch, uint32_t type,
		       const struct kvs_entry *entry, uint64_t index)
{
	if (!watch->scan.gone &&
	    conn->q.sink->event(conn->q.core, watch->scan.tag, type, entry, index) != 0)
		watch->scan.gone = true;
}

static int changes(struct local_conn *conn, const struct local_watch *watch,
		   sqlite3_stmt **ret_rows, struct kvs_err *err)
{
	sqlite3_stmt *st;
	int rc = local_stmt(&conn->reader, SQL_CHANGES, &st, err);

	if (rc)
		return rc;
	local_range_bind(st, &conn->range);
	local_bind_u64(st, 3, watch->position);
	(void)sqlite3_bind_int(st, 4, (watch->flags & KVS_KEYS_ONLY) != 0);
	*ret_rows = st;
	return 0;
}

/* Is the history behind position still there, and of this very file? */
static bool can_resume(const struct local_conn *conn, const struct local_watch *watch,
		       const struct local_meta *meta)
{
	return watch->generation == conn->generation && watch->position >= meta->floor &&
	       watch->position <= meta->index;
}

static int watch_begin(struct local_conn *conn, struct local_scan *scan,
		       const struct local_meta *meta, sqlite3_stmt **ret_rows, struct kvs_err *err)
{
	struct local_watch *watch = watch_of(scan);

	watch->reset |= !can_resume(conn, watch, meta);
	watch->target = meta->index;
	watch->generation = conn->generation;
	watch->news = watch->reset;
	watch->stale = false;
	if (watch->flags & KVS_PREFIX)
		local_range_prefix(&conn->range, watch->key);
	else
		local_range_key(&conn->range, watch->key);
	if (watch->reset) {
		send_event(conn, watch, KVS_EV_RESET, NULL, 0);
		return local_scan_list(conn, watch->flags & KVS_KEYS_ONLY, ret_rows, err);
	}
	if (watch->greet)
		send_event(conn, watch, KVS_EV_SYNC, NULL, watch->position);
	watch->greet = false;
	return changes(conn, watch, ret_rows, err);
}

static int watch_row(struct local_conn *conn, struct local_scan *scan,
		     const struct kvs_entry *entry, struct kvs_err *err)
{
	struct local_watch *watch = watch_of(scan);
	bool put = watch->reset || sqlite3_column_int(conn->rows, 7);

	watch->news = true;
	send_event(conn, watch, put ? KVS_EV_PUT : KVS_EV_DELETE, entry, 0);
	return LOCAL_SCAN_ON;
}

static bool watch_end(struct local_conn *conn, struct local_scan *scan, int code,
		      const struct kvs_err *err)
{
	struct local_watch *watch = watch_of(scan);

	if (code) {
		conn->q.sink->done(conn->q.core, scan->tag, code, NULL, err);
		return false;
	}
	watch->position = watch->target;
	watch->reset = watch->greet = false;
	if (watch->news)
		send_event(conn, watch, KVS_EV_SYNC, NULL, watch->position);
	if (watch->stale)
		local_look_again(conn);
	return true;
}

static void watch_drop(struct local_conn *conn, struct local_scan *scan)
{
	struct local_watch *watch = watch_of(scan);

	DL_DELETE2(conn->watches, watch, prev_watch, next_watch);
	if (!conn->watches)
		local_notify_deaf(conn);
	kvsi_free(watch);
}

static const struct local_scan_kind watch_kind = {
	.begin = watch_begin,
	.row = watch_row,
	.end = watch_end,
	.drop = watch_drop,
};

int local_watch(void *arg, uint64_t tag, const struct kvs_request *req, struct kvs_err *err)
{
	struct local_conn *conn = arg;
	struct local_watch *watch;
	struct local_meta meta;
	char *room;
	int rc;

	rc = local_range_check(req->key, err);
	if (!rc)
		rc = local_use(conn, req->timeout, err);
	/* Listen first: what is committed behind the reading makes a sign. */
	if (!rc)
		rc = local_notify_listen(conn, err);
	if (!rc)
		rc = local_meta_read(&conn->db, &meta, err);
	if (rc)
		return rc;
	watch = kvs_zalloc(sizeof(*watch) + req->key.n);
	if (!watch)
		return kvs_err_oom(err);
	room = (char *)(watch + 1);
	*watch = (struct local_watch){
		.scan = { .tag = tag, .kind = &watch_kind },
		.key = kvs_str_place(&room, req->key),
		.flags = req->flags,
		.reset = !req->index && !(req->flags & KVS_WATCH_CHANGES),
		.greet = true,
		.position = req->index ? req->index : meta.index,
		.generation = conn->generation,
	};
	DL_APPEND2(conn->watches, watch, prev_watch, next_watch);
	local_scan_add(conn, &watch->scan);
	local_look_again(conn);
	return 0;
}

void local_watch_cancel(struct local_conn *conn, uint64_t tag)
{
	struct local_watch *watch;

	DL_FOREACH2 (conn->watches, watch, next_watch) {
		if (watch->scan.tag == tag) {
			watch_drop(conn, &watch->scan);
			return;
		}
	}
}

void local_watches_free(struct local_conn *conn)
{
	while (conn->watches)
		watch_drop(conn, &conn->watches->scan);
}

void local_look_again(struct local_conn *conn)
{
	conn->look = true;
	if (conn->watches)
		kvs_replyq_wake(&conn->q);
}

/* Ends leases that are over.  *ret_ms: when to look at them again. */
static int tend_leases(struct local_conn *conn, struct local_meta *meta, uint64_t *ret_ms,
		       struct kvs_err *err)
{
	int rc;

	*ret_ms = UINT64_MAX;
	if (!meta->leases)
		return 0;
	rc = local_lease_next(conn, ret_ms, err);
	if (rc || *ret_ms > 0)
		return rc;
	local_db_patience(&conn->db, 0);
	rc = local_leases_end(conn, NULL);
	if (rc) {
		/* Without the right to write, hiding them is all that can be done. */
		*ret_ms = rc == KVS_E_UNAVAILABLE ? BUSY_RETRY_MS : UINT64_MAX;
		return 0;
	}
	rc = local_meta_read(&conn->db, meta, err);
	return rc ? rc : local_lease_next(conn, ret_ms, err);
}

static int look(struct local_conn *conn, struct local_meta *ret_meta, uint64_t *ret_ms,
		struct kvs_err *err)
{
	int rc;

	rc = local_use(conn, 0, err);
	if (!rc)
		rc = local_notify_listen(conn, err);
	if (!rc)
		rc = local_meta_read(&conn->db, ret_meta, err);
	return rc ? rc : tend_leases(conn, ret_meta, ret_ms, err);
}

/* One that is under way has missed this sign: it looks again when it is through. */
static void requeue(struct local_conn *conn, struct local_watch *watch)
{
	watch->stale = true;
	local_scan_add(conn, &watch->scan);
}

void local_watches_look(struct local_conn *conn)
{
	struct local_meta meta = { 0 };
	struct local_watch *watch;
	uint64_t ms = UINT64_MAX;
	int rc = look(conn, &meta, &ms, NULL);

	conn->look = false;
	/* A failure is for the scans to find and to tell. */
	DL_FOREACH2 (conn->watches, watch, next_watch)
		if (rc || watch->position != meta.index || watch->generation != conn->generation)
			requeue(conn, watch);
	local_notify_in(conn, ms);
}
