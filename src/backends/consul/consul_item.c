/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One reading of an item.  An index that went backwards (a restored store, forgotten deletions)
 * makes a RESET, once it is sure: a leader that was just elected may answer before it has caught
 * up with what its predecessor has acknowledged, but not when it is asked for a consistent reading.
 */
#include "backends/consul/consul_watch.h"

#include "base/alloc.h"
#include "base/err.h"
#include "base/str.h"

#include <inttypes.h>
#include <utlist.h>

#define MAX_PATH_BYTES (16u << 10)
/* Items of broken watches whose names are kept. */
#define MAX_PARKED 1024

static struct kvs_str key_of(const struct consul_item *item)
{
	return kvs_sn(item->key, item->key_n);
}

static bool is_prefix(const struct consul_item *item)
{
	return item->flags & KVS_PREFIX;
}

/* Is it asked as a listing?  Also a key that no path can name is found in one. */
static bool is_listing(const struct consul_item *item)
{
	return is_prefix(item) || !consul_path_ok(key_of(item));
}

/* ---- life ---- */

/* What decides that two watches are of one item. */
static uint32_t own_flags(uint32_t flags)
{
	return flags & (KVS_PREFIX | KVS_KEYS_ONLY | KVS_READ_STALE | KVS_READ_CONSISTENT);
}

bool consul_item_is_of(const struct consul_item *item, const struct kvs_request *req)
{
	return item->flags == own_flags(req->flags) && kvs_str_eq(key_of(item), req->key);
}

static struct consul_item *find_parked(struct consul *c, const struct kvs_request *req)
{
	struct consul_item *item;

	DL_FOREACH (c->parked, item)
		if (consul_item_is_of(item, req))
			return item;
	return NULL;
}

static void unpark(struct consul *c, struct consul_item *item)
{
	DL_DELETE(c->parked, item);
	c->n_parked--;
}

struct consul_item *consul_item_new(struct consul *c, const struct kvs_request *req)
{
	struct consul_item *item = find_parked(c, req);

	if (item) {
		unpark(c, item);
		return item;
	}
	item = kvs_zalloc(sizeof(*item));
	if (!item)
		return NULL;
	item->key = kvs_memdup0(req->key.p, req->key.n);
	if (!item->key) {
		kvsi_free(item);
		return NULL;
	}
	item->key_n = req->key.n;
	item->flags = own_flags(req->flags);
	return item;
}

static void free_watchers(struct consul_item *item)
{
	struct consul_watcher *w, *next;

	DL_FOREACH_SAFE (item->watchers, w, next)
		kvsi_free(w);
	item->watchers = NULL;
}

void consul_item_free(struct consul_item *item)
{
	free_watchers(item);
	consul_names_release(&item->names);
	kvsi_free(item->key);
	kvsi_free(item);
}

/* The core will begin these watches again and knows what it was told.  What is gone then may be
 * hidden by rules that came meanwhile. */
static void park(struct consul *c, struct consul_item *item)
{
	struct consul_item *oldest = c->n_parked < MAX_PARKED ? NULL : c->parked;

	free_watchers(item);
	item->index = 0;
	DL_APPEND(c->parked, item);
	c->n_parked++;
	if (oldest) {
		unpark(c, oldest);
		consul_item_free(oldest);
	}
}

bool consul_item_needs_reading(const struct consul_item *item)
{
	const struct consul_watcher *w;

	DL_FOREACH (item->watchers, w)
		if (w->fresh)
			return true;
	return item->unread;
}

/* A server's certificate that does not verify is a mistake in the configuration, unless it did
 * verify before: then it will be renewed. */
static int code_for(const struct consul_watcher *w, int code)
{
	return code == KVS_E_CONFIG && w->seen ? KVS_E_UNAVAILABLE : code;
}

void consul_item_end(struct consul *c, struct consul_item *item, int code,
		     const struct kvs_err *err)
{
	const struct consul_watcher *w;

	DL_FOREACH (item->watchers, w)
		kvs_replyq_done(&c->q, w->tag, code_for(w, code), NULL, err);
	if (item->names.all && code != KVS_E_DENIED)
		park(c, item);
	else
		consul_item_free(item);
}

/* ---- telling ---- */

static int tell(struct consul_query *q, uint32_t type, const struct kvs_entry *entry,
		uint64_t index, struct kvs_err *err)
{
	const struct consul_watcher *w;
	int code;

	DL_FOREACH (q->reading->watchers, w) {
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
	struct consul_watcher *w;
	uint32_t type;
	int code;

	q->begun = true;
	q->found = false;
	q->answer_index = index;
	consul_array_reset(&q->array);
	consul_names_begin(&q->reading->names);
	DL_FOREACH (q->reading->watchers, w) {
		type = index < w->seen ? KVS_EV_RESET : KVS_BEV_SNAPSHOT;
		w->told = true;
		code = kvs_replyq_event(&q->c->q, w->tag, type, NULL, 0, err);
		if (code)
			return code;
	}
	return 0;
}

static bool wants(const struct consul_item *item, struct kvs_str key)
{
	return is_prefix(item) ? kvs_str_starts(key, key_of(item)) : kvs_str_eq(key, key_of(item));
}

static int take_entry(void *arg, struct json_object *member, struct kvs_err *err)
{
	struct consul_query *q = arg;
	struct consul_item *item = q->reading;
	struct kvs_entry entry;
	int code = consul_entry_read(member, item->flags & KVS_KEYS_ONLY, &q->value, &entry, err);

	if (code || !wants(item, entry.key))
		return code;
	q->found = true;
	if (is_listing(item))
		code = consul_names_add(&item->names, entry.key, err);
	return code ? code : tell(q, KVS_EV_PUT, &entry, 0, err);
}

/* Is it older than what was told, though it need not be? */
static bool is_doubtful(const struct consul_query *q, uint64_t index)
{
	const uint32_t settled = KVS_READ_STALE | KVS_READ_CONSISTENT;
	const struct consul_watcher *w;

	if (q->sure || (q->reading->flags & settled) || q->c->config.reading != CONSUL_READ_DEFAULT)
		return false;
	DL_FOREACH (q->reading->watchers, w)
		if (index < w->seen)
			return true;
	return false;
}

static int on_body(void *arg, const struct consul_header *header, const void *p, size_t n,
		   struct kvs_err *err)
{
	struct consul_query *q = arg;
	int code;

	q->doubtful = q->doubtful || (!q->begun && is_doubtful(q, header->index));
	if (q->doubtful)
		return 0;
	code = q->begun ? 0 : begin_snapshot(q, header->index, err);

	return code ? code : consul_array_feed(&q->array, p, n, take_entry, q, err);
}

static void end_snapshot(struct consul_query *q)
{
	struct consul_item *item = q->reading;
	struct consul_watcher *w;
	struct kvs_err err = { 0 };
	/* The index of a key that is not there moves with whatever is written. */
	bool news = q->found != item->found || (q->found && q->answer_index != item->index);

	if (tell(q, KVS_EV_SYNC, NULL, q->answer_index, &err)) {
		consul_query_not_read(q, err.code, &err);
		return;
	}
	DL_FOREACH (item->watchers, w) {
		if (!w->told)
			continue;
		news = news || w->fresh;
		w->told = w->fresh = false;
		w->seen = q->answer_index;
	}
	consul_names_end(&item->names);
	item->index = q->answer_index;
	item->found = q->found;
	consul_query_was_read(q, news);
}

/* ---- names that are gone from a listing ---- */

static void check_next(struct consul_query *q);

static void denied(struct consul_query *q, const char *name)
{
	struct kvs_err err = { 0 };

	(void)kvs_err_set(&err, KVS_E_DENIED,
			  "consul: access rules now hide %s from the watch of prefix %s",
			  KVS_Q(kvs_s(name)), KVS_Q(key_of(q->reading)));
	consul_query_not_read(q, err.code, &err);
}

static void on_checked(void *arg, const struct consul_answer *answer)
{
	struct consul_query *q = arg;
	struct consul_names *names = &q->reading->names;
	const char *name = consul_names_gone(names);

	q->call = NULL;
	if (answer->code == KVS_E_DENIED) {
		denied(q, name);
	} else if (answer->code) {
		consul_query_not_read(q, answer->code, answer->err);
	} else {
		consul_names_forget(names, name);
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
	const char *name = consul_names_gone(&q->reading->names);
	struct kvs_err err = { 0 };

	if (!name)
		end_snapshot(q);
	else if (!consul_path_ok(kvs_s(name))) /* it cannot be asked for by itself */
		denied(q, name);
	else if (check_name(q, name, &err))
		consul_query_not_read(q, err.code, &err);
}

static void on_acl(void *arg, const struct consul_answer *answer)
{
	struct consul_query *q = arg;

	q->call = NULL;
	consul_acl_learn(q->c, answer);
	if (q->c->acl == CONSUL_ACL_NONE)
		end_snapshot(q);
	else
		check_next(q);
}

/* The snapshot has all that we see.  May what it lacks only be hidden?  Old servers do not say. */
static void check_gone(struct consul_query *q, const struct consul_header *header)
{
	enum consul_acl acl = q->c->acl;
	struct kvs_err err = { 0 };

	if (header->tells_filtered)
		acl = header->filtered ? CONSUL_ACL_SOME : CONSUL_ACL_NONE;
	if (!consul_names_gone(&q->reading->names) || acl == CONSUL_ACL_NONE)
		end_snapshot(q);
	else if (acl == CONSUL_ACL_SOME)
		check_next(q);
	else if (consul_acl_call(q->c, on_acl, q, &q->call, &err))
		consul_query_not_read(q, err.code, &err);
}

/* ---- reading ---- */

static int finish_answer(struct consul_query *q, const struct consul_answer *answer,
			 struct kvs_err *err)
{
	int code = 0;

	if (answer->code)
		return kvs_err_copy(err, answer->code, answer->err);
	if (!answer->header->index || (answer->status != 200 && answer->status != 404))
		return consul_call_nonsense(q->call, err);
	q->doubtful = q->doubtful || (!q->begun && is_doubtful(q, answer->header->index));
	if (q->doubtful)
		return 0;
	if (!q->begun)
		code = begin_snapshot(q, answer->header->index, err);
	if (!code && answer->status == 200 && consul_array_end(&q->array, err))
		code = consul_call_context(q->call, err->code, err);
	return code;
}

static int read_item(struct consul_query *q, struct consul_item *item, bool wait, bool sure,
		     struct kvs_err *err);

static void on_answer(void *arg, const struct consul_answer *answer)
{
	struct consul_query *q = arg;
	struct kvs_err err = { 0 };
	int code = finish_answer(q, answer, &err);

	q->call = NULL;
	q->waiting = q->waiting && q->names_call;
	if (!code && q->doubtful) {
		code = read_item(q, q->reading, false, true, &err);
		if (!code)
			return;
	}
	if (!code) {
		check_gone(q, answer->header);
		return;
	}
	consul_query_heed(q->c, answer);
	consul_query_not_read(q, code, &err);
}

static void put_path(const struct consul_query *q, const struct consul_item *item, bool wait,
		     struct kvs_buf *path)
{
	struct kvs_str key = key_of(item);

	consul_path_kv(path, is_listing(item) ? consul_path_safe_prefix(key) : key);
	if (is_listing(item))
		kvs_buf_str(path, "?recurse");
	if (wait)
		kvs_buf_fmt(path, "%cindex=%" PRIu64 "&wait=%" PRIu64 "ms",
			    is_listing(item) ? '&' : '?', item->index, q->wait_ms);
}

static int read_item(struct consul_query *q, struct consul_item *item, bool wait, bool sure,
		     struct kvs_err *err)
{
	struct kvs_buf path;
	const struct consul_call_spec spec = {
		.method = "GET",
		.what = is_prefix(item) ? "watch of prefix" : "watch of",
		.about = key_of(item),
		.path = &path,
		.reading = true,
		.flags = item->flags | (sure ? KVS_READ_CONSISTENT : 0),
		.timeout_ms = wait ? consul_query_patience(q) : q->c->config.timeout_ms,
		.body = on_body,
		.done = on_answer,
		.arg = q,
	};

	q->reading = item;
	q->begun = q->doubtful = false;
	q->sure = sure;
	item->unread = false; /* what changes from now on marks it again */
	kvs_buf_init(&path, MAX_PATH_BYTES);
	put_path(q, item, wait, &path);
	return consul_call_start(q->c, &spec, &q->call, err);
}

int consul_item_read(struct consul_query *q, struct consul_item *item, bool wait,
		     struct kvs_err *err)
{
	return read_item(q, item, wait, false, err);
}
