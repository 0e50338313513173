/* SPDX-License-Identifier: Apache-2.0 */
/* A watch's events: their grammar, and the state that they add up to. */
#include "tests/conformance/suite.h"

#include <stdarg.h>
#include <string.h>
#include <utlist.h>

struct rec_item {
	char key[200];
	char value[64];
	struct rec_item *next;
};

__attribute__((format(printf, 2, 3))) static void wrong(struct rec *r, const char *fmt, ...)
{
	va_list ap;

	if (r->wrong[0])
		return;
	va_start(ap, fmt);
	(void)vsnprintf(r->wrong, sizeof(r->wrong), fmt, ap);
	va_end(ap);
}

/* ---- the model ---- */

static int by_key(const struct rec_item *a, const struct rec_item *b)
{
	return strcmp(a->key, b->key);
}

static struct rec_item *find(struct rec *r, const char *key)
{
	struct rec_item *item;

	LL_FOREACH (r->items, item)
		if (!strcmp(item->key, key))
			return item;
	return NULL;
}

static void forget(struct rec *r, struct rec_item *item)
{
	LL_DELETE(r->items, item);
	free(item);
}

static void forget_all(struct rec *r)
{
	while (r->items)
		forget(r, r->items);
}

static void model_put(struct rec *r, const char *key, struct kvs_str value)
{
	struct rec_item *item = find(r, key);

	if (!item) {
		item = calloc(1, sizeof(*item));
		if (!item)
			bail("no memory");
		(void)snprintf(item->key, sizeof(item->key), "%s", key);
		LL_INSERT_INORDER(r->items, item, by_key);
	}
	(void)snprintf(item->value, sizeof(item->value), "%.*s", (int)value.n,
		       (const char *)value.p);
}

void rec_text(const struct rec *r, char *text, size_t size)
{
	const struct rec_item *item;
	size_t len = 0;

	text[0] = '\0';
	LL_FOREACH (r->items, item) {
		len += (size_t)snprintf(text + len, size - len, "%s%s%s%s", len ? " " : "",
					item->key, item->value[0] ? "=" : "", item->value);
		if (len >= size)
			return;
	}
}

/* ---- events ---- */

static void take_reset(struct rec *r)
{
	if (r->open_batch)
		wrong(r, "RESET inside a batch");
	r->resets++;
	r->in_snapshot = true;
	r->index = 0;
	r->last_key[0] = '\0';
	forget_all(r);
}

static void take_put(struct rec *r, const char *key, const struct kvs_entry *e)
{
	r->puts++;
	if (r->in_snapshot && strcmp(r->last_key, key) >= 0)
		wrong(r, "the snapshot is not sorted: %s behind %s", key, r->last_key);
	if (r->keys_only && e->value.n)
		wrong(r, "a value came with KEYS_ONLY");
	(void)snprintf(r->last_key, sizeof(r->last_key), "%s", key);
	model_put(r, key, e->value);
}

static void take_delete(struct rec *r, const char *key, const struct kvs_entry *e)
{
	struct rec_item *item = find(r, key);

	r->deletes++;
	if (r->in_snapshot)
		wrong(r, "DELETE %s inside a snapshot", key);
	if (e->value.n)
		wrong(r, "DELETE %s has a value", key);
	if (item)
		forget(r, item);
}

static void take_sync(struct rec *r, uint64_t index)
{
	r->syncs++;
	if (index == 0)
		wrong(r, "SYNC without an index");
	if (index < r->index)
		wrong(r, "the index fell from %llu to %llu", (unsigned long long)r->index,
		      (unsigned long long)index);
	r->index = index;
	r->in_snapshot = false;
}

static void take_entry(struct rec *r, const struct kvs_event *ev)
{
	struct kvs_str name = bare(r->t, ev->entry->key);
	char key[200];

	(void)snprintf(key, sizeof(key), "%.*s", (int)name.n, (const char *)name.p);
	if (ev->entry->size != sizeof(struct kvs_entry))
		wrong(r, "an entry has no size");
	if (ev->type == KVS_EV_PUT)
		take_put(r, key, ev->entry);
	else
		take_delete(r, key, ev->entry);
}

static void on_event(void *arg, const struct kvs_event *ev)
{
	struct rec *r = arg;

	if (!r->watch)
		wrong(r, "an event came outside the watch's life");
	switch (ev->type) {
	case KVS_EV_RESET:
		take_reset(r);
		break;
	case KVS_EV_PUT:
	case KVS_EV_DELETE:
		take_entry(r, ev);
		break;
	case KVS_EV_SYNC:
		take_sync(r, ev->index);
		break;
	default:
		wrong(r, "an event of unknown type %u", ev->type);
	}
	r->open_batch = ev->type != KVS_EV_SYNC;
	if (r->on_event)
		r->on_event(r, ev);
}

static void on_trouble(void *arg, const struct kvs_err *err, uint64_t retry_ms)
{
	struct rec *r = arg;

	r->troubles++;
	if (!err->msg[0])
		wrong(r, "trouble without words");
	/* what came of a broken batch is repeated or completed later */
	r->open_batch = false;
}

static void on_done(void *arg, int code, const struct kvs_err *err)
{
	struct rec *r = arg;

	r->dones++;
	r->done_code = code;
}

static void on_drop(void *arg)
{
	struct rec *r = arg;

	r->drops++;
	if (!r->dones && r->watch)
		wrong(r, "drop before done");
}

/* ---- the case's side ---- */

struct kvs_request watch_of(struct kvs_str key, uint32_t flags)
{
	struct kvs_request req = KVS_REQUEST_INIT;

	req.kind = KVS_REQ_WATCH;
	req.key = key;
	req.flags = flags;
	return req;
}

bool rec_open(struct t *t, struct kvs_store *store, struct rec *r, struct kvs_request req)
{
	const struct kvs_watch_callback cb = {
		.event = on_event,
		.trouble = on_trouble,
		.done = on_done,
		.drop = on_drop,
		.arg = r,
	};
	int code;

	r->t = t;
	r->store = store;
	r->keys_only = req.flags & KVS_KEYS_ONLY;
	r->index = req.index;
	code = kvs_watch(store, &req, &cb, &r->watch, &t->err);
	return is_code(code, 0, &t->err, "the watch begins");
}

bool rec_wait_syncs(struct rec *r, int n)
{
	uint64_t limit = now_ms() + PATIENCE;

	while (r->syncs < n && !r->dones && now_ms() < limit)
		if (kvs_poll(r->store, 100, &r->t->err))
			return false;
	return r->syncs >= n;
}

bool rec_check(struct tap_at at, struct rec *r, const char *want, const char *what)
{
	uint64_t limit = now_ms() + PATIENCE;
	char text[4096];

	for (;;) {
		rec_text(r, text, sizeof(text));
		if (r->syncs && !r->open_batch && !strcmp(text, want))
			return tap_ok(at, true, "", "%s", what);
		if (r->dones || now_ms() >= limit || kvs_poll(r->store, 100, &r->t->err))
			return tap_is_str(at, text, want, "%s", what);
	}
}

void rec_close(struct rec *r)
{
	struct kvs_watch *watch = r->watch;

	r->watch = NULL; /* events from now on are a breach */
	kvs_watch_close(watch);
	is_str(r->wrong, "", "its events are well-formed");
	is_int(r->dones * 10 + r->drops, 11, "its end is told once, then dropped once");
	forget_all(r);
}
