/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Watchers.  A snapshot is a Range at one revision; the subscription begins right behind that
 * revision, so that there is no gap.  The same when history was compacted, when the cluster is
 * another one than before, or when it does not know the revision to resume behind.  A SYNC only ever
 * has the revision of an event that was told (or of the snapshot): etcd's progress answers can
 * overtake events.
 */
#include "backends/etcd/etcd_range.h"
#include "backends/etcd/etcd_scan.h"
#include "backends/etcd/etcd_stream.h"

#include "base/alloc.h"
#include "base/err.h"
#include "base/str.h"

struct watcher {
	struct etcd_job job;
	struct etcd_conn *conn;
	char *key;
	size_t key_n;
	struct kvs_buf end;
	uint32_t flags;
	uint64_t cluster_id; /* whose revisions it goes by; 0: not known */

	struct etcd_sub sub;
	/* Only while they are under way: a thousand idle watchers are to stay small. */
	struct snapshot *snapshot;
	struct probe *probe;
	bool reset_told;
	unsigned int telling;
	bool over; /* cancelled: to be freed */
};

struct snapshot {
	struct etcd_scan scan;
	struct watcher *w;
};

/* Is the revision to resume behind known to the cluster? */
struct probe {
	struct etcd_call call;
	struct watcher *w;
};

#define watcher_of(ptr_, member_)                                                                  \
	((struct watcher *)((char *)(ptr_)-offsetof(struct watcher, member_)))
#define snapshot_of(scan_) ((struct snapshot *)((char *)(scan_)-offsetof(struct snapshot, scan)))
#define probe_of(call_)	   ((struct probe *)((char *)(call_)-offsetof(struct probe, call)))

/* ---- its end ---- */

/* The last one that uses it frees it. */
static void free_if_over(struct watcher *w)
{
	if (!w->over || w->telling || w->snapshot || w->probe)
		return;
	kvs_buf_release(&w->end);
	kvsi_free(w->key);
	kvsi_free(w);
}

static void stop(struct watcher *w)
{
	w->over = true;
	etcd_job_remove(w->conn, &w->job);
	etcd_sub_leave(&w->sub);
	w->telling++;
	if (w->snapshot)
		etcd_scan_abandon(&w->snapshot->scan);
	if (w->probe)
		etcd_call_abandon(&w->probe->call);
	w->telling--;
	free_if_over(w);
}

static void cancel(struct etcd_job *job)
{
	stop(watcher_of(job, job));
}

static void end(struct watcher *w, int code, const struct kvs_err *err)
{
	struct etcd_conn *conn = w->conn;
	struct kvs_err why = *err;
	uint64_t tag = w->job.tag;

	stop(w);
	conn->sink->done(conn->core, tag, code, NULL, &why);
}

/* ---- to the core ---- */

/* Nonzero: it wants no more; then the watcher is over. */
static int tell(struct watcher *w, uint32_t type, const struct kvs_entry *entry, uint64_t index)
{
	int no_more;

	if (w->over)
		return 1;
	w->telling++;
	no_more = w->conn->sink->event(w->conn->core, w->job.tag, type, entry, index);
	if (no_more && !w->over)
		stop(w);
	no_more = w->over;
	w->telling--;
	return no_more;
}

static int tell_event(struct watcher *w, const Etcdpb__Event *event)
{
	char lease[ETCD_LEASE_SIZE];
	struct kvs_entry e = etcd_entry(event->kv, lease);
	bool deleted = event->type == ETCDPB__EVENT__TYPE__DELETE;

	if (deleted)
		e = (struct kvs_entry){ .size = sizeof(e), .key = e.key, .mod_index = e.mod_index };
	if (w->flags & KVS_KEYS_ONLY)
		e.value = (struct kvs_str){ NULL, 0 };
	return tell(w, deleted ? KVS_EV_DELETE : KVS_EV_PUT, &e, 0);
}

/* ---- snapshot ---- */

static int reset(struct watcher *w)
{
	if (w->reset_told)
		return 0;
	w->reset_told = true;
	return tell(w, KVS_EV_RESET, NULL, 0);
}

static int scan_entry(struct etcd_scan *scan, const struct kvs_entry *entry)
{
	struct watcher *w = snapshot_of(scan)->w;

	return reset(w) || tell(w, KVS_EV_PUT, entry, 0);
}

static void subscribe(struct watcher *w)
{
	struct kvs_err err = { 0 };
	int code = etcd_sub_join(w->conn, &w->sub, &err);

	if (code)
		end(w, code, &err);
}

/* Frees it. */
static struct watcher *end_snapshot(struct etcd_scan *scan)
{
	struct snapshot *snapshot = snapshot_of(scan);
	struct watcher *w = snapshot->w;

	w->snapshot = NULL;
	etcd_scan_release(scan);
	kvsi_free(snapshot);
	return w;
}

static void scan_done(struct etcd_scan *scan, int code, const struct kvs_err *err)
{
	int64_t revision = scan->revision;
	uint64_t index = scan->index;
	struct watcher *w = end_snapshot(scan);

	if (code) {
		end(w, code, err);
		return;
	}
	w->cluster_id = w->conn->cluster_id;
	w->sub.start = revision + 1;
	w->telling++;
	(void)(reset(w) || tell(w, KVS_EV_SYNC, NULL, index));
	w->telling--;
	if (w->over)
		free_if_over(w);
	else
		subscribe(w);
}

static void scan_dropped(struct etcd_scan *scan)
{
	free_if_over(end_snapshot(scan));
}

static int take_snapshot(struct watcher *w, struct kvs_err *err)
{
	struct kvs_request req = KVS_REQUEST_INIT;
	struct snapshot *snapshot = kvs_zalloc(sizeof(*snapshot));
	int code;

	if (!snapshot)
		return kvs_err_oom(err);
	req.kind = KVS_REQ_WATCH;
	req.key = kvs_sn(w->key, w->key_n);
	req.flags = w->flags & (KVS_PREFIX | KVS_KEYS_ONLY);
	w->reset_told = false;
	snapshot->w = w;
	snapshot->scan = (struct etcd_scan){
		.conn = w->conn,
		.entry = scan_entry,
		.done = scan_done,
		.drop = scan_dropped,
	};
	code = etcd_scan_start(&snapshot->scan, &req, err);
	if (code)
		kvsi_free(snapshot);
	else
		w->snapshot = snapshot;
	return code;
}

static void begin_anew(struct watcher *w)
{
	struct kvs_err err = { 0 };
	int code;

	etcd_sub_leave(&w->sub);
	code = take_snapshot(w, &err);
	if (code)
		end(w, code, &err);
}

/* ---- is the revision known? ---- */

/* Frees it. */
static struct watcher *end_probe(struct etcd_call *call)
{
	struct probe *probe = probe_of(call);
	struct watcher *w = probe->w;

	w->probe = NULL;
	kvsi_free(probe);
	return w;
}

static void probe_done(struct etcd_call *call, int code, const struct kvs_err *err)
{
	struct watcher *w = probe_of(call)->w;
	Etcdpb__RangeResponse *answer = NULL;
	struct kvs_err why = *err;
	uint64_t newest = 0;

	if (!code) {
		answer = etcd_call_answer(call, &etcdpb__range_response__descriptor, &why);
		code = answer ? 0 : why.code;
	}
	if (answer)
		newest = etcd_header(w->conn, answer->header);
	etcd_message_free(answer);
	(void)end_probe(call);
	if (code)
		end(w, code, &why);
	else if (!w->snapshot && (int64_t)newest < w->sub.start - 1)
		begin_anew(w);
}

static void probe_dropped(struct etcd_call *call)
{
	free_if_over(end_probe(call));
}

static int start_probe(struct watcher *w, struct kvs_err *err)
{
	Etcdpb__RangeRequest request = ETCDPB__RANGE_REQUEST__INIT;
	struct probe *probe = kvs_zalloc(sizeof(*probe));
	int code;

	if (!probe)
		return kvs_err_oom(err);
	request.key = etcd_borrow(w->sub.key);
	request.range_end = etcd_borrow(w->sub.end);
	request.count_only = true;
	probe->w = w;
	probe->call = (struct etcd_call){
		.conn = w->conn,
		.done = probe_done,
		.drop = probe_dropped,
	};
	code = etcd_call_start(&probe->call, "/etcdserverpb.KV/Range", (ProtobufCMessage *)&request,
			       ETCD_READ, 0, err);
	if (code)
		kvsi_free(probe);
	else
		w->probe = probe;
	return code;
}

/* The member may only lag behind, or the cluster may have been restored: a linearizable read tells. */
static void probe(struct watcher *w)
{
	struct kvs_err err = { 0 };
	int code = w->probe ? 0 : start_probe(w, &err);

	if (code)
		end(w, code, &err);
}

/* ---- the subscription ---- */

static void created(struct etcd_sub *sub, uint64_t revision)
{
	struct watcher *w = watcher_of(sub, sub);

	if (!sub->start) {
		w->cluster_id = w->conn->cluster_id;
		if (!tell(w, KVS_EV_SYNC, NULL, revision))
			return;
		free_if_over(w);
	} else if (w->cluster_id && w->cluster_id != w->conn->cluster_id) {
		begin_anew(w);
	} else {
		w->cluster_id = w->conn->cluster_id;
		if ((int64_t)revision < sub->start - 1)
			probe(w);
	}
}

static void answer_came(struct etcd_sub *sub, const Etcdpb__WatchResponse *answer)
{
	struct watcher *w = watcher_of(sub, sub);
	int64_t last = 0;
	size_t i;

	w->telling++;
	for (i = 0; i < answer->n_events && !w->over; i++) {
		if (!answer->events[i]->kv)
			continue;
		last = answer->events[i]->kv->mod_revision;
		(void)tell_event(w, answer->events[i]);
	}
	if (last && !answer->fragment)
		(void)tell(w, KVS_EV_SYNC, NULL, (uint64_t)last);
	w->telling--;
	free_if_over(w);
}

static void ended(struct etcd_sub *sub, int code, const struct kvs_err *err)
{
	struct watcher *w = watcher_of(sub, sub);

	if (code == KVS_E_COMPACTED)
		begin_anew(w);
	else
		end(w, code, err);
}

/* ---- the core's side ---- */

static struct watcher *watcher_new(struct etcd_conn *conn, const struct kvs_request *req)
{
	struct watcher *w = kvs_zalloc(sizeof(*w));
	/* All keys are those behind the smallest possible. */
	struct kvs_str key = req->key.n ? req->key : kvs_sn("", 1);

	if (!w)
		return NULL;
	w->conn = conn;
	w->flags = req->flags;
	w->cluster_id = conn->cluster_id;
	w->job.cancel = cancel;
	kvs_buf_init(&w->end, ETCD_MAX_REQUEST);
	if (req->flags & KVS_PREFIX)
		etcd_range_end(&w->end, req->key);
	w->key = kvs_memdup0(key.p, key.n);
	w->key_n = req->key.n;
	w->sub = (struct etcd_sub){
		.key = { w->key, key.n },
		.end = kvs_buf_slice(&w->end),
		.start = req->index ? (int64_t)req->index + 1 : 0,
		.created = created,
		.answer = answer_came,
		.ended = ended,
	};
	return w;
}

static bool needs_snapshot(const struct watcher *w, const struct kvs_request *req)
{
	if (!req->index)
		return !(req->flags & KVS_WATCH_CHANGES);
	return (int64_t)req->index <= w->conn->distrust;
}

int etcd_watch(void *conn, uint64_t tag, const struct kvs_request *req, struct kvs_err *err)
{
	struct watcher *w = watcher_new(conn, req);
	int code;

	if (!w)
		return kvs_err_oom(err);
	code = w->key ? kvs_buf_check(&w->end, "the prefix", err) : kvs_err_oom(err);
	if (!code)
		code = etcd_job_add(conn, &w->job, tag, err);
	if (!code)
		code = needs_snapshot(w, req) ? take_snapshot(w, err)
					      : etcd_sub_join(conn, &w->sub, err);
	if (code)
		stop(w);
	return code;
}
