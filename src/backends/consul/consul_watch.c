/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Watches by blocking queries.  All watches of the same key or prefix share one query, which holds
 * one connection while the server makes it wait.
 *
 *	ASKING     the first answer, which comes at once, is under way
 *	BLOCKING   the server holds the query until something changes, or the wait is over
 *	CHECKING   names are gone from a prefix, perhaps only from sight: each is looked at
 *	RESTING    until `due`: a server that answers too fast, or asked for a pause
 *
 * Each answer is a snapshot; the core finds the differences.  An index that went backwards (a
 * restored store, forgotten deletions) makes a RESET.  What ends a query ends its watches with
 * the same words, and the core starts them again.
 */
#include "backends/consul/consul.h"
#include "backends/consul/consul_names.h"

#include "base/alloc.h"
#include "base/backoff.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/rand.h"
#include "base/str.h"

#include <inttypes.h>
#include <string.h>
#include <utlist.h>

#define MAX_PATH_BYTES (16u << 10)
/* How much later than promised an answer may come: servers add up to a sixteenth to the wait. */
#define WAIT_MARGIN_MS 10000
/* An answer without news that comes sooner than this is followed by a rest. */
#define TOO_FAST_MS  100
#define REST_BASE_MS 100
#define REST_MAX_MS  2000

struct watcher {
	uint64_t tag;
	uint64_t seen; /* index of the last SYNC; 0: none */
	bool fresh;    /* has had no snapshot of this query */
	bool told;     /* is part of the snapshot under way */
	struct watcher *prev, *next;
};

enum phase {
	ASKING,
	BLOCKING,
	CHECKING,
	RESTING,
};

struct consul_query {
	struct consul *c;
	char *key;
	size_t key_n;
	uint32_t flags;
	struct watcher *watchers;

	enum phase phase;
	struct consul_call *call; /* all but RESTING */
	uint64_t due;		  /* RESTING */
	uint64_t index;		  /* of the last answer; 0: ask without waiting */
	uint64_t asked_at;
	struct kvs_backoff rest;

	/* the answer under way */
	bool begun;
	uint64_t answer_index;
	struct consul_array array;
	struct kvs_buf value;
	struct consul_names names; /* prefixes, where access rules may hide something */
	struct consul_query *prev, *next;
};

static struct kvs_str query_key(const struct consul_query *q)
{
	return kvs_sn(q->key, q->key_n);
}

static bool is_prefix(const struct consul_query *q)
{
	return q->flags & KVS_PREFIX;
}

/* Is it asked as a listing?  Also a key that no path can name is found in one. */
static bool is_listing(const struct consul_query *q)
{
	return is_prefix(q) || !consul_path_ok(query_key(q));
}

/* ---- ends ---- */

static void query_free(struct consul_query *q)
{
	struct watcher *w, *next;

	DL_DELETE(q->c->queries, q);
	consul_call_cancel(q->call);
	DL_FOREACH_SAFE (q->watchers, w, next)
		kvsi_free(w);
	consul_array_release(&q->array);
	kvs_buf_release(&q->value);
	consul_names_release(&q->names);
	kvsi_free(q->key);
	kvsi_free(q);
}

static void query_failed(struct consul_query *q, int code, const struct kvs_err *err)
{
	struct watcher *w;

	DL_FOREACH (q->watchers, w)
		kvs_replyq_done(&q->c->q, w->tag, code, NULL, err);
	query_free(q);
}

bool consul_watch_cancel(struct consul *c, uint64_t tag)
{
	struct consul_query *q;
	struct watcher *w;

	DL_FOREACH (c->queries, q) {
		DL_SEARCH_SCALAR(q->watchers, w, tag, tag);
		if (!w)
			continue;
		DL_DELETE(q->watchers, w);
		kvsi_free(w);
		if (!q->watchers)
			query_free(q);
		return true;
	}
	return false;
}

void consul_watch_free_all(struct consul *c)
{
	struct consul_query *q, *next;

	DL_FOREACH_SAFE (c->queries, q, next)
		query_free(q);
}

/* ---- telling ---- */

static int tell(struct consul_query *q, uint32_t type, const struct kvs_entry *entry,
		uint64_t index, struct kvs_err *err)
{
	struct watcher *w;
	int code;

	DL_FOREACH (q->watchers, w) {
		if (!w->told)
			continue;
		code = kvs_replyq_event(&q->c->q, w->tag, type, entry, index, err);
		if (code)
			return code;
	}
	return 0;
}

static int begin_snapshot(struct consul_query *q, uint64_t index, struct kvs_err *err)
{
	struct watcher *w;
	uint32_t type;
	int code;

	q->begun = true;
	q->answer_index = index;
	consul_array_reset(&q->array);
	consul_names_begin(&q->names);
	DL_FOREACH (q->watchers, w) {
		type = index < w->seen ? KVS_EV_RESET : KVS_BEV_SNAPSHOT;
		w->told = true;
		code = kvs_replyq_event(&q->c->q, w->tag, type, NULL, 0, err);
		if (code)
			return code;
	}
	return 0;
}

static bool wants(const struct consul_query *q, struct kvs_str key)
{
	return is_prefix(q) ? kvs_str_starts(key, query_key(q)) : kvs_str_eq(key, query_key(q));
}

static int take_entry(void *arg, struct json_object *member, struct kvs_err *err)
{
	struct consul_query *q = arg;
	struct kvs_entry entry;
	int code = consul_entry_read(member, q->flags & KVS_KEYS_ONLY, &q->value, &entry, err);

	if (code || !wants(q, entry.key))
		return code;
	if (is_listing(q) && q->c->acl != CONSUL_ACL_NONE)
		code = consul_names_add(&q->names, entry.key, err);
	return code ? code : tell(q, KVS_EV_PUT, &entry, 0, err);
}

static int on_body(void *arg, const struct consul_header *header, const void *p, size_t n,
		   struct kvs_err *err)
{
	struct consul_query *q = arg;
	int code = q->begun ? 0 : begin_snapshot(q, header->index, err);

	return code ? code : consul_array_feed(&q->array, p, n, take_entry, q, err);
}

/* ---- asking ---- */

static void on_answer(void *arg, const struct consul_answer *answer);

static void put_path(const struct consul_query *q, struct kvs_buf *path)
{
	struct kvs_str key = query_key(q);

	consul_path_kv(path, is_listing(q) ? consul_path_safe_prefix(key) : key);
	kvs_buf_char(path, '?');
	if (is_listing(q))
		kvs_buf_str(path, "recurse&");
	if (q->index)
		kvs_buf_fmt(path, "index=%" PRIu64 "&", q->index);
	kvs_buf_fmt(path, "wait=%" PRIu64 "ms", q->c->config.wait_ms);
}

static int ask(struct consul_query *q, struct kvs_err *err)
{
	const struct consul_config *config = &q->c->config;
	struct kvs_buf path;
	const struct consul_call_spec spec = {
		.method = "GET",
		.what = is_prefix(q) ? "watch of prefix" : "watch of",
		.about = query_key(q),
		.path = &path,
		.reading = true,
		.flags = q->flags,
		.timeout_ms = q->index ? config->wait_ms + config->wait_ms / 16 + WAIT_MARGIN_MS
				       : config->timeout_ms,
		.body = on_body,
		.done = on_answer,
		.arg = q,
	};

	q->phase = q->index ? BLOCKING : ASKING;
	q->begun = false;
	q->asked_at = kvsi_monotonic_ms();
	kvs_buf_init(&path, MAX_PATH_BYTES);
	put_path(q, &path);
	return consul_call_start(q->c, &spec, &q->call, err);
}

static void rest_until(struct consul_query *q, uint64_t due)
{
	q->phase = RESTING;
	q->due = due;
	consul_arm_timer(q->c);
}

/* Asks now, or when a pause that a server wanted is over. */
static int ask_in_time(struct consul_query *q, struct kvs_err *err)
{
	uint64_t now = kvsi_monotonic_ms();

	if (q->c->quiet_until <= now)
		return ask(q, err);
	rest_until(q, q->c->quiet_until + kvs_rand_below(REST_MAX_MS));
	return 0;
}

static void go_on(struct consul_query *q)
{
	bool any_fresh = false, news = q->answer_index != q->index;
	uint64_t now = kvsi_monotonic_ms();
	struct kvs_err err = { 0 };
	struct watcher *w;

	DL_FOREACH (q->watchers, w)
		any_fresh = any_fresh || w->fresh;
	if (news || now - q->asked_at >= TOO_FAST_MS)
		kvs_backoff_reset(&q->rest);
	q->index = any_fresh ? 0 : q->answer_index;
	if (!news && !any_fresh && now - q->asked_at < TOO_FAST_MS)
		rest_until(q, now + kvs_backoff_next(&q->rest));
	else if (ask(q, &err))
		query_failed(q, err.code, &err);
}

static void end_snapshot(struct consul_query *q)
{
	struct kvs_err err = { 0 };
	struct watcher *w;

	if (tell(q, KVS_EV_SYNC, NULL, q->answer_index, &err)) {
		query_failed(q, err.code, &err);
		return;
	}
	DL_FOREACH (q->watchers, w) {
		if (!w->told)
			continue;
		w->told = w->fresh = false;
		w->seen = q->answer_index;
	}
	consul_names_end(&q->names);
	go_on(q);
}

/* ---- names that are gone from a listing ---- */

static void check_next(struct consul_query *q);

static void denied(struct consul_query *q, const char *name)
{
	struct kvs_err err = { 0 };

	(void)kvs_err_set(&err, KVS_E_DENIED,
			  "consul: access rules now hide %s from the watch of prefix %s",
			  KVS_Q(kvs_s(name)), KVS_Q(query_key(q)));
	query_failed(q, err.code, &err);
}

static void on_checked(void *arg, const struct consul_answer *answer)
{
	struct consul_query *q = arg;
	const char *name = consul_names_gone(&q->names);

	q->call = NULL;
	if (answer->code == KVS_E_DENIED) {
		denied(q, name);
	} else if (answer->code) {
		query_failed(q, answer->code, answer->err);
	} else {
		consul_names_forget(&q->names, name);
		check_next(q);
	}
}

static int check_name(struct consul_query *q, const char *name, struct kvs_err *err)
{
	struct kvs_buf path;
	const struct consul_call_spec spec = {
		.method = "GET",
		.what = "get",
		.about = kvs_s(name),
		.path = &path,
		.timeout_ms = q->c->config.timeout_ms,
		.done = on_checked,
		.arg = q,
	};

	kvs_buf_init(&path, MAX_PATH_BYTES);
	consul_path_kv(&path, kvs_s(name));
	return consul_call_start(q->c, &spec, &q->call, err);
}

static void check_next(struct consul_query *q)
{
	const char *name = consul_names_gone(&q->names);
	struct kvs_err err = { 0 };

	q->phase = CHECKING;
	if (!name)
		end_snapshot(q);
	else if (!consul_path_ok(kvs_s(name))) /* it cannot be asked for by itself */
		denied(q, name);
	else if (check_name(q, name, &err))
		query_failed(q, err.code, &err);
}

static void on_acl(void *arg, const struct consul_answer *answer)
{
	struct consul_query *q = arg;

	q->call = NULL;
	consul_acl_learn(q->c, answer);
	if (q->c->acl == CONSUL_ACL_NONE)
		consul_names_release(&q->names);
	check_next(q);
}

/* The snapshot has all that we see.  May what it lacks only be hidden? */
static void check_gone(struct consul_query *q, const struct consul_header *header)
{
	struct kvs_err err = { 0 };

	if (!is_listing(q) || q->c->acl == CONSUL_ACL_NONE)
		end_snapshot(q);
	else if (q->c->acl == CONSUL_ACL_UNKNOWN) {
		q->phase = CHECKING;
		if (consul_acl_call(q->c, on_acl, q, &q->call, &err))
			query_failed(q, err.code, &err);
	} else if (header->tells_filtered && !header->filtered)
		end_snapshot(q);
	else
		check_next(q);
}

/* ---- answers ---- */

static int finish_answer(struct consul_query *q, const struct consul_answer *answer,
			 struct kvs_err *err)
{
	int code = 0;

	if (answer->code)
		return kvs_err_copy(err, answer->code, answer->err);
	if (!answer->header->index || (answer->status != 200 && answer->status != 404))
		return consul_call_nonsense(q->call, err);
	if (!q->begun)
		code = begin_snapshot(q, answer->header->index, err);
	if (!code && answer->status == 200 && consul_array_end(&q->array, err))
		code = consul_call_context(q->call, err->code, err);
	return code;
}

static void on_answer(void *arg, const struct consul_answer *answer)
{
	struct consul_query *q = arg;
	struct kvs_err err = { 0 };
	int code = finish_answer(q, answer, &err);

	q->call = NULL;
	if (!code) {
		check_gone(q, answer->header);
		return;
	}
	if (answer->header->retry_after_ms)
		q->c->quiet_until = kvsi_monotonic_ms() + answer->header->retry_after_ms;
	query_failed(q, code, &err);
}

/* ---- starting ---- */

static struct consul_query *query_new(struct consul *c, const struct kvs_request *req)
{
	struct consul_query *q = kvs_zalloc(sizeof(*q));

	if (!q)
		return NULL;
	q->key = kvs_memdup0(req->key.p, req->key.n);
	if (!q->key || consul_array_init(&q->array, NULL)) {
		kvsi_free(q->key);
		kvsi_free(q);
		return NULL;
	}
	q->c = c;
	q->key_n = req->key.n;
	q->flags = req->flags & (KVS_PREFIX | KVS_KEYS_ONLY | KVS_READ_STALE | KVS_READ_CONSISTENT);
	q->phase = RESTING;
	q->rest = (struct kvs_backoff){ .base_ms = REST_BASE_MS, .max_ms = REST_MAX_MS };
	kvs_buf_init(&q->value, CONSUL_MAX_ANSWER);
	DL_APPEND(c->queries, q);
	return q;
}

static struct consul_query *query_find(struct consul *c, const struct kvs_request *req)
{
	const uint32_t same = KVS_PREFIX | KVS_KEYS_ONLY | KVS_READ_STALE | KVS_READ_CONSISTENT;
	struct consul_query *q;

	DL_FOREACH (c->queries, q)
		if (q->flags == (req->flags & same) && kvs_str_eq(query_key(q), req->key))
			return q;
	return NULL;
}

/* A newcomer needs a snapshot: at once, if the query only waits for changes. */
static int ask_for_newcomer(struct consul_query *q, struct kvs_err *err)
{
	if (q->phase == ASKING || q->phase == CHECKING || (q->phase == BLOCKING && q->begun))
		return 0;
	if (q->phase == RESTING && q->due > kvsi_monotonic_ms())
		return 0;
	consul_call_cancel(q->call);
	q->call = NULL;
	q->index = 0;
	return ask_in_time(q, err);
}

static int add_watcher(struct consul_query *q, uint64_t tag, const struct kvs_request *req,
		       struct kvs_err *err)
{
	struct watcher *w = kvs_zalloc(sizeof(*w));
	int code = w ? kvs_replyq_open(&q->c->q, tag, err) : kvs_err_oom(err);

	if (code) {
		kvsi_free(w);
		return code;
	}
	w->tag = tag;
	w->seen = req->index;
	w->fresh = true;
	DL_APPEND(q->watchers, w);
	return 0;
}

/* The query could not go on: the newcomer hears it from its start function, the others as usual. */
static void refuse_newcomer(struct consul_query *q, uint64_t tag, int code,
			    const struct kvs_err *err)
{
	struct watcher *w;

	kvs_replyq_cancel(&q->c->q, tag);
	DL_SEARCH_SCALAR(q->watchers, w, tag, tag);
	DL_DELETE(q->watchers, w);
	kvsi_free(w);
	query_failed(q, code, err);
}

int consul_watch(void *conn, uint64_t tag, const struct kvs_request *req, struct kvs_err *err)
{
	struct consul *c = conn;
	struct consul_query *q = query_find(c, req), *q_counted;
	int n, code;

	DL_COUNT(c->queries, q_counted, n);
	if (!q && n >= CONSUL_MAX_QUERIES)
		return kvs_err_set(err, KVS_E_UNSUPPORTED,
				   "more than %d keys and prefixes are watched through one Consul "
				   "store; watch a prefix that they share",
				   CONSUL_MAX_QUERIES);
	if (!q)
		q = query_new(c, req);
	if (!q)
		return kvs_err_oom(err);
	code = add_watcher(q, tag, req, err);
	if (code) {
		if (!q->watchers)
			query_free(q);
		return code;
	}
	code = ask_for_newcomer(q, err);
	if (code)
		refuse_newcomer(q, tag, code, err);
	return code;
}

void consul_watch_wake(struct consul *c, uint64_t now)
{
	struct consul_query *q, *next;
	struct kvs_err err = { 0 };

	DL_FOREACH_SAFE (c->queries, q, next) {
		if (q->phase == RESTING && q->due <= now && ask_in_time(q, &err))
			query_failed(q, err.code, &err);
	}
}

uint64_t consul_watch_next(const struct consul *c)
{
	const struct consul_query *q;
	uint64_t due = 0;

	DL_FOREACH (c->queries, q)
		if (q->phase == RESTING && (!due || q->due < due))
			due = q->due;
	return due;
}
