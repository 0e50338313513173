/* SPDX-License-Identifier: Apache-2.0 */
/*
 * When an item is read.  A query goes round: what needs reading is read, then it waits; if what
 * woke it brought nothing, it rests first.
 *
 * The names' index is older than what is read behind it: a change in between wakes the query again.
 */
#include "backends/consul/consul_watch.h"

#include "base/alloc.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/rand.h"
#include "base/str.h"

#include <inttypes.h>
#include <utlist.h>

#define MAX_PATH_BYTES (16u << 10)
/*
 * A server holds a query that was given up, and counts its connection, until the wait is over: so
 * a query waits shortly at first, and longer while nothing happens.
 */
#define FIRST_WAIT_MS 250
/* How much later than promised an answer may come: servers add up to a sixteenth to the wait. */
#define WAIT_MARGIN_MS 10000
/* An answer without news that comes sooner than this is followed by a rest. */
#define TOO_FAST_MS  100
#define REST_BASE_MS 100
#define REST_MAX_MS  2000
/* The longest rest of one that others than ours wake: a change of ours may wait for it. */
#define REST_SHARED_MS 500
/* Names that may not be listed: how often items are read. */
#define POLL_MS 2000

/* ---- life ---- */

static void go_on_soon(struct consul_query *q)
{
	q->soon = true;
	kvs_replyq_wake(&q->c->q);
}

struct consul_query *consul_query_new(struct consul *c, struct consul_item *item)
{
	struct consul_query *q = kvs_zalloc(sizeof(*q));

	if (!q)
		return NULL;
	if (consul_array_init(&q->array, NULL)) {
		kvsi_free(q);
		return NULL;
	}
	q->c = c;
	DL_APPEND(q->items, item);
	q->n_items = 1;
	q->common = item->key_n;
	q->rest = (struct kvs_backoff){ .base_ms = REST_BASE_MS, .max_ms = REST_MAX_MS };
	kvs_buf_init(&q->value, CONSUL_MAX_ANSWER);
	go_on_soon(q);
	return q;
}

static void give_up_calls(struct consul_query *q)
{
	consul_call_cancel(q->call);
	consul_call_cancel(q->names_call);
	q->call = q->names_call = NULL;
	q->waiting = false;
}

/* All but the items. */
static void dismantle(struct consul_query *q)
{
	give_up_calls(q);
	consul_array_release(&q->array);
	kvs_buf_release(&q->value);
	kvsi_free(q);
}

void consul_query_free(struct consul_query *q)
{
	struct consul_item *item, *next;

	DL_DELETE(q->c->queries, q);
	DL_FOREACH_SAFE (q->items, item, next)
		consul_item_free(item);
	dismantle(q);
}

static void query_failed(struct consul_query *q, int code, const struct kvs_err *err)
{
	struct consul_item *item, *next;

	/* It may be another server, with other rules, that answers next. */
	q->c->acl = CONSUL_ACL_UNKNOWN;
	DL_DELETE(q->c->queries, q);
	DL_FOREACH_SAFE (q->items, item, next) {
		struct kvs_err why = *err;

		if (item != q->reading) /* then it is not named so far */
			(void)kvs_err_context(&why, code, "watch of %s",
					      KVS_Q(kvs_sn(item->key, item->key_n)));
		consul_item_end(q->c, item, code, &why);
	}
	dismantle(q);
}

/* False: it was the last one, and q is gone, too. */
static bool take_out(struct consul_query *q, struct consul_item *item)
{
	DL_DELETE(q->items, item);
	q->n_items--;
	if (q->items)
		return true;
	DL_DELETE(q->c->queries, q);
	dismantle(q);
	return false;
}

void consul_query_restart(struct consul_query *q)
{
	if (q->reading)
		q->reading->unread = true;
	q->reading = NULL;
	give_up_calls(q);
	q->resting = false;
	q->wait_ms = 0;
	go_on_soon(q);
}

void consul_query_newcomer(struct consul_query *q)
{
	if (q->resting || (q->waiting && q->call && !q->begun))
		consul_query_restart(q);
	else if (q->waiting && !q->call)
		go_on_soon(q);
}

/* ---- waiting ---- */

static void go_on(struct consul_query *q);

uint64_t consul_query_patience(const struct consul_query *q)
{
	return q->wait_ms + q->wait_ms / 16 + WAIT_MARGIN_MS;
}

void consul_query_heed(struct consul *c, const struct consul_answer *answer)
{
	if (answer->header->retry_after_ms)
		c->quiet_until = kvsi_monotonic_ms() + answer->header->retry_after_ms;
}

static void mark_all(struct consul_query *q)
{
	struct consul_item *item;

	DL_FOREACH (q->items, item)
		item->unread = true;
}

/* The names themselves are of no use. */
static int skip_body(void *arg, const struct consul_header *header, const void *p, size_t n,
		     struct kvs_err *err)
{
	(void)arg, (void)header, (void)p, (void)n, (void)err;
	return 0;
}

static int finish_names(struct consul_query *q, const struct consul_answer *answer,
			struct kvs_err *err)
{
	uint64_t index = answer->header->index;

	/* The items may be readable one by one; each will say so itself if it is not. */
	if (answer->code == KVS_E_DENIED) {
		q->unlistable = true;
		mark_all(q);
		return 0;
	}
	if (answer->code)
		return kvs_err_copy(err, answer->code, answer->err);
	if (!index || (answer->status != 200 && answer->status != 404))
		return consul_call_nonsense(q->names_call, err);
	if (index != q->names_index) {
		q->in_vain = q->names_index != 0;
		mark_all(q);
	}
	q->names_index = index;
	return 0;
}

static void on_names(void *arg, const struct consul_answer *answer)
{
	struct consul_query *q = arg;
	struct kvs_err err = { 0 };
	int code = finish_names(q, answer, &err);

	q->names_call = NULL;
	q->waiting = false;
	if (!code) {
		go_on(q);
		return;
	}
	consul_query_heed(q->c, answer);
	query_failed(q, code, &err);
}

/* A separator folds what lies deeper, which counts nevertheless. */
static int ask_names(struct consul_query *q, bool wait, struct kvs_err *err)
{
	struct kvs_str common = consul_query_common(q);
	struct kvs_buf path;
	const struct consul_call_spec spec = {
		.method = "GET",
		.what = "watch of names under",
		.about = common,
		.path = &path,
		.reading = true,
		.flags = q->items->flags,
		.timeout_ms = wait ? consul_query_patience(q) : q->c->config.timeout_ms,
		.body = skip_body,
		.done = on_names,
		.arg = q,
	};

	kvs_buf_init(&path, MAX_PATH_BYTES);
	consul_path_kv(&path, consul_path_safe_prefix(common));
	kvs_buf_str(&path, "?keys&separator=/");
	if (wait)
		kvs_buf_fmt(&path, "&index=%" PRIu64 "&wait=%" PRIu64 "ms", q->names_index,
			    q->wait_ms);
	return consul_call_start(q->c, &spec, &q->names_call, err);
}

static int wait_for_change(struct consul_query *q, struct kvs_err *err)
{
	if (!q->wait_ms)
		q->wait_ms = FIRST_WAIT_MS;
	if (q->wait_ms > q->c->config.wait_ms)
		q->wait_ms = q->c->config.wait_ms;
	q->waiting = true;
	q->waiting_since = kvsi_monotonic_ms();
	q->news = q->in_vain = false;
	return consul_query_is_shared(q) ? ask_names(q, true, err)
					 : consul_item_read(q, q->items, true, err);
}

/* ---- going round ---- */

static struct consul_item *next_unread(const struct consul_query *q)
{
	struct consul_item *item;

	DL_FOREACH (q->items, item)
		if (consul_item_needs_reading(item))
			return item;
	return NULL;
}

static void rest_until(struct consul_query *q, uint64_t due)
{
	q->resting = true;
	q->due = due;
	consul_arm_timer(q->c);
}

static int next_call(struct consul_query *q, struct kvs_err *err)
{
	struct consul_item *item = next_unread(q);

	if (!item && q->names_call)
		return 0;
	if (consul_query_is_shared(q) && !q->names_index && !q->unlistable)
		return ask_names(q, false, err);
	return item ? consul_item_read(q, item, false, err) : wait_for_change(q, err);
}

static void step(struct consul_query *q)
{
	struct kvs_err err = { 0 };

	if (q->c->quiet_until > kvsi_monotonic_ms())
		rest_until(q, q->c->quiet_until + kvs_rand_below(REST_MAX_MS));
	else if (next_call(q, &err))
		query_failed(q, err.code, &err);
}

/* How long before it waits again? */
static uint64_t pause_of(struct consul_query *q)
{
	bool quick = kvsi_monotonic_ms() - q->waiting_since < TOO_FAST_MS;

	if (q->unlistable && consul_query_is_shared(q))
		return POLL_MS;
	if (!q->news && (q->in_vain || quick)) {
		q->rest.max_ms = consul_query_is_shared(q) ? REST_SHARED_MS : REST_MAX_MS;
		return kvs_backoff_next(&q->rest);
	}
	if (!q->news)
		q->wait_ms *= 2;
	kvs_backoff_reset(&q->rest);
	return 0;
}

static void go_on(struct consul_query *q)
{
	bool unread = next_unread(q) != NULL;
	uint64_t pause;

	if (q->call || q->resting || (q->names_call && !unread))
		return;
	pause = unread ? 0 : pause_of(q);
	if (pause)
		rest_until(q, kvsi_monotonic_ms() + pause);
	else
		step(q);
}

void consul_query_was_read(struct consul_query *q, bool news)
{
	q->reading = NULL;
	q->news = q->news || news;
	go_on(q);
}

void consul_query_not_read(struct consul_query *q, int code, const struct kvs_err *err)
{
	struct consul_item *item = q->reading;
	struct consul *c = q->c;

	/* What is wrong with the server is wrong with all items. */
	if (code == KVS_E_UNAVAILABLE || code == KVS_E_NOMEM) {
		query_failed(q, code, err);
		return;
	}
	q->reading = NULL;
	if (take_out(q, item))
		go_on(q);
	consul_item_end(c, item, code, err);
}

void consul_query_drop(struct consul_query *q, struct consul_item *item)
{
	bool reading = q->reading == item;

	if (take_out(q, item) && reading) {
		consul_call_cancel(q->call);
		q->call = NULL;
		q->reading = NULL;
		go_on_soon(q);
	}
	consul_item_free(item);
}

/* ---- the loop ---- */

static void wake(struct consul_query *q)
{
	q->resting = false;
	if (q->unlistable)
		mark_all(q);
	if (!q->call)
		step(q);
}

void consul_watch_wake(struct consul *c, uint64_t now)
{
	struct consul_query *q, *next;

	DL_FOREACH_SAFE (c->queries, q, next) {
		bool soon = q->soon;

		q->soon = false;
		if (q->resting && q->due <= now)
			wake(q);
		else if (soon)
			go_on(q);
	}
}

uint64_t consul_watch_next(const struct consul *c)
{
	const struct consul_query *q;
	uint64_t due = 0;

	DL_FOREACH (c->queries, q)
		if (q->resting && (!due || q->due < due))
			due = q->due;
	return due;
}
