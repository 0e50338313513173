/* SPDX-License-Identifier: Apache-2.0 */
/* Watches of servers that answer as etcd may, seldom does, or never should. */
#include "backends/etcd/rpc.pb-c.h"
#include "base/clock.h"
#include "base/str.h"
#include "tests/lib/tap.h"
#include "tests/unit/backends/etcd/server.h"

#include <stdio.h>
#include <string.h>

#define LIMIT_MS 20000

/* ---- the server ---- */

struct world;

/* What happens when a subscription is created, for the nth time. */
typedef void created_fn(struct world *w, struct server_call *call, unsigned int nth);

/* Under the server's lock. */
struct world {
	struct server *server;
	created_fn *created;
	int64_t revision;
	unsigned int creations, cancels, streams;
	int64_t last_cancelled;
	int64_t last_start;
	bool stuck;	 /* pages do not advance */
	bool unanswered; /* creations are not */
	struct server_call *waiting;
	struct server_call *last_stream;
};

static ProtobufCBinaryData bytes(const char *s)
{
	return (ProtobufCBinaryData){ strlen(s), (uint8_t *)(uintptr_t)s };
}

static void say(struct server_call *call, Etcdpb__WatchResponse answer, int64_t revision)
{
	Etcdpb__Header header = ETCDPB__HEADER__INIT;

	header.cluster_id = 1;
	header.revision = revision;
	answer.header = &header;
	server_push(call, &answer.base);
}

static void say_created(struct server_call *call, int64_t id, int64_t revision)
{
	Etcdpb__WatchResponse answer = ETCDPB__WATCH_RESPONSE__INIT;

	answer.created = true;
	answer.watch_id = id;
	say(call, answer, revision);
}

static void say_put(struct server_call *call, int64_t id, const char *key, int64_t revision,
		    bool fragment)
{
	Etcdpb__WatchResponse answer = ETCDPB__WATCH_RESPONSE__INIT;
	Etcdpb__KeyValue kv = ETCDPB__KEY_VALUE__INIT;
	Etcdpb__Event event = ETCDPB__EVENT__INIT, *events[] = { &event };

	kv.key = bytes(key ? key : "");
	kv.mod_revision = revision;
	event.kv = key ? &kv : NULL;
	answer.events = events;
	answer.n_events = 1;
	answer.watch_id = id;
	answer.fragment = fragment;
	say(call, answer, revision);
}

static void say_cancelled(struct server_call *call, int64_t id, const char *reason,
			  int64_t compacted, bool created)
{
	Etcdpb__WatchResponse answer = ETCDPB__WATCH_RESPONSE__INIT;

	answer.watch_id = id;
	answer.created = created;
	answer.canceled = true;
	answer.compact_revision = compacted;
	answer.cancel_reason = (char *)(uintptr_t)reason;
	say(call, answer, 0);
}

static void snapshot(const struct world *w, struct server_call *call)
{
	Etcdpb__RangeResponse answer = ETCDPB__RANGE_RESPONSE__INIT;
	Etcdpb__Header header = ETCDPB__HEADER__INIT;
	Etcdpb__KeyValue kv = ETCDPB__KEY_VALUE__INIT, *kvs[] = { &kv };

	header.cluster_id = 1;
	header.revision = w->revision;
	kv.key = bytes("k/a");
	kv.mod_revision = 3;
	answer.header = &header;
	answer.kvs = kvs;
	answer.n_kvs = 1;
	answer.more = w->stuck;
	server_answer(call, &answer.base);
}

static void on_stream(struct world *w, const struct question *q)
{
	Etcdpb__WatchRequest *request = etcdpb__watch_request__unpack(NULL, q->message.n,
								      q->message.p);

	if (!request)
		bail("the backend sends no request");
	if (q->call != w->last_stream)
		w->streams++;
	w->last_stream = q->call;
	if (request->request_case == ETCDPB__WATCH_REQUEST__REQUEST_CREATE) {
		w->creations++;
		w->last_start = request->create->start_revision;
		w->waiting = q->call;
		if (!w->unanswered)
			w->created(w, q->call, w->creations);
	} else {
		w->cancels++;
		w->last_cancelled = request->cancel->watch_id;
	}
	etcdpb__watch_request__free_unpacked(request, NULL);
}

static void serve(void *arg, const struct question *q)
{
	struct world *w = arg;

	if (strcmp(q->method, "Watch"))
		snapshot(w, q->call);
	else
		on_stream(w, q);
}

/* ---- the client ---- */

/* What a watch told, in short: "R" reset, "P key", "D key", "S index", "T code", "E code". */
struct story {
	char text[512];
};

static void note(struct story *s, const char *what, const char *more)
{
	size_t n = strlen(s->text);

	(void)snprintf(s->text + n, sizeof(s->text) - n, "%s%s%s ", what, *more ? " " : "", more);
}

static void on_event(void *arg, const struct kvs_event *ev)
{
	char more[32] = "";

	if (ev->type == KVS_EV_SYNC)
		(void)snprintf(more, sizeof(more), "%u", (unsigned int)ev->index);
	else if (ev->entry)
		(void)snprintf(more, sizeof(more), "%.*s", (int)ev->entry->key.n,
			       (const char *)ev->entry->key.p);
	note(arg,
	     ev->type == KVS_EV_RESET	 ? "R"
	     : ev->type == KVS_EV_PUT	 ? "P"
	     : ev->type == KVS_EV_DELETE ? "D"
					 : "S",
	     more);
}

static void on_trouble(void *arg, const struct kvs_err *err, uint64_t retry_ms)
{
	(void)retry_ms;
	note(arg, "T", kvs_code_name(err->code));
}

static void on_done(void *arg, int code, const struct kvs_err *err)
{
	(void)err;
	note(arg, "E", kvs_code_name(code));
}

static struct kvs_store *open_at(const struct server *server)
{
	struct kvs_store *store = NULL;
	struct kvs_err err = { 0 };
	char url[128];

	(void)snprintf(url, sizeof(url), "etcd://127.0.0.1:%u", server_port(server));
	if (kvs_open(url, NULL, &store, &err))
		lacking("%s", err.msg);
	return store;
}

static struct kvs_watch *watch(struct kvs_store *store, uint32_t flags, uint64_t since,
			       struct story *story)
{
	const struct kvs_watch_callback cb = { on_event, on_trouble, on_done, NULL, story };
	struct kvs_request req = KVS_REQUEST_INIT;
	struct kvs_watch *w = NULL;
	struct kvs_err err;

	req.key = kvs_s("k/");
	req.flags = KVS_PREFIX | flags;
	req.index = since;
	if (kvs_watch(store, &req, &cb, &w, &err))
		bail("%s", err.msg);
	return w;
}

static void until_told(struct kvs_store *store, const struct story *story, const char *last)
{
	uint64_t limit = kvsi_monotonic_ms() + LIMIT_MS;

	while (!strstr(story->text, last) && kvsi_monotonic_ms() < limit)
		if (kvs_poll(store, 100, NULL))
			bail("the store is broken");
}

/* Until the server has got so many. */
static bool until_got(struct kvs_store *store, struct world *w, const unsigned int *what,
		      unsigned int n)
{
	uint64_t limit = kvsi_monotonic_ms() + LIMIT_MS;
	bool there;

	do {
		server_lock(w->server);
		there = *what >= n;
		server_unlock(w->server);
		if (!there && kvs_poll(store, 20, NULL))
			bail("the store is broken");
	} while (!there && kvsi_monotonic_ms() < limit);
	return there;
}

/* One watch, from a snapshot on, until `last` was told. */
static void tells(struct world *w, uint32_t flags, uint64_t since, const char *last,
		  const char *want, const char *name)
{
	struct story story = { "" };
	struct kvs_store *store;
	struct kvs_watch *watched;

	w->server = server_start(serve, w);
	store = open_at(w->server);
	watched = watch(store, flags, since, &story);
	until_told(store, &story, last);
	is_str(story.text, want, "%s", name);
	kvs_watch_close(watched);
	kvs_close(store);
	server_stop(w->server);
}

/* ---- cases ---- */

static void plain(struct world *w, struct server_call *call, unsigned int nth)
{
	(void)nth;
	say_created(call, 7, w->revision);
	if (w->last_start > 11)
		return; /* its time has not come */
	say_put(call, 99, "k/stranger", 10, false);
	say_put(call, 7, NULL, 10, false);
	say_put(call, 7, "k/b", 11, false);
}

static void in_parts(struct world *w, struct server_call *call, unsigned int nth)
{
	(void)nth;
	say_created(call, 0, w->revision);
	say_put(call, 0, "k/b", 11, true);
	say_put(call, 0, "k/c", 11, true);
	say_put(call, 0, "k/d", 11, false);
}

static void compacted_once(struct world *w, struct server_call *call, unsigned int nth)
{
	say_created(call, nth, w->revision);
	if (nth == 1) {
		w->revision = 50;
		say_cancelled(call, nth, "", 40, false);
	} else {
		say_put(call, nth, "k/b", 51, false);
	}
}

static void refused(struct world *w, struct server_call *call, unsigned int nth)
{
	(void)w;
	(void)nth;
	say_cancelled(call, -1, "rpc error: code = PermissionDenied desc = permission denied", 0,
		      true);
}

static void garbage_once(struct world *w, struct server_call *call, unsigned int nth)
{
	static const char garbage[] = "\xff\xff\xff";

	say_created(call, 1, w->revision);
	if (nth > 1) {
		say_put(call, 1, "k/b", 11, false);
		return;
	}
	server_answer_bytes(call, garbage, sizeof(garbage) - 1);
}

static void broken_once(struct world *w, struct server_call *call, unsigned int nth)
{
	/* a cluster behind what was told would be one that was restored */
	w->revision = 10 + nth;
	say_created(call, nth, w->revision);
	say_put(call, nth, nth == 1 ? "k/b" : "k/c", 10 + nth, false);
	if (nth == 1)
		server_refuse(call, GRPC_STATUS_UNAVAILABLE, "etcdserver: no leader");
}

static void test_stories(void)
{
	static const struct {
		const char *name;
		created_fn *created;
		uint32_t flags;
		uint64_t since;
		const char *last, *want;
	} rows[] = {
		{ "a snapshot, strangers' events, an event of nothing, a change", plain, 0, 0,
		  "S 11", "R P k/a S 9 P k/b S 11 " },
		{ "changes only", plain, KVS_WATCH_CHANGES, 0, "S 11", "S 9 P k/b S 11 " },
		{ "behind an index", plain, 0, 9, "S 11", "P k/b S 11 " },
		{ "parts of one answer are one batch", in_parts, KVS_WATCH_CHANGES, 0, "S 11",
		  "S 9 P k/b P k/c P k/d S 11 " },
		{ "history that was compacted is a new snapshot", compacted_once, 0, 0, "S 51",
		  "R P k/a S 9 R P k/a S 50 P k/b S 51 " },
		{ "what is denied ends", refused, 0, 0, "E", "R P k/a S 9 E DENIED " },
		{ "an answer without sense: from the beginning", garbage_once, 0, 0, "S 11",
		  "R P k/a S 9 T PROTOCOL R P k/a S 9 P k/b S 11 " },
		{ "a stream that breaks goes on behind what was told", broken_once, 0, 0, "S 12",
		  "R P k/a S 9 P k/b S 11 T UNAVAILABLE P k/c S 12 " },
		{ "a cluster that is behind the index was restored", plain, 0, 500, "S 11",
		  "R P k/a S 9 P k/b S 11 " },
	};
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct world w = { .created = rows[i].created, .revision = 9 };

		tells(&w, rows[i].flags, rows[i].since, rows[i].last, rows[i].want, rows[i].name);
	}
}

static void test_stuck_snapshot(void)
{
	struct world w = { .created = plain, .revision = 9, .stuck = true };

	tells(&w, 0, 0, "T", "R P k/a P k/a T PROTOCOL ", "a snapshot whose pages do not advance");
}

/* ---- sharing ---- */

#define WATCHES 250

static void just_created(struct world *w, struct server_call *call, unsigned int nth)
{
	say_created(call, nth, w->revision);
}

static void test_many(void)
{
	static struct story stories[WATCHES];
	struct world w = { .created = just_created, .revision = 9, .unanswered = true };
	struct kvs_watch *watches[WATCHES];
	struct kvs_store *store;
	size_t i;

	w.server = server_start(serve, &w);
	store = open_at(w.server);
	for (i = 0; i < WATCHES; i++)
		watches[i] = watch(store, KVS_WATCH_CHANGES, 0, &stories[i]);
	ok(until_got(store, &w, &w.creations, 3), "250 watches take three streams");
	(void)kvs_poll(store, 50, NULL);
	server_lock(w.server);
	is_uint(w.creations, 3, "on each of which one creation is under way");
	w.unanswered = false;
	server_unlock(w.server);
	for (i = 0; i < WATCHES; i++)
		kvs_watch_close(watches[i]);
	kvs_close(store);
	server_stop(w.server);
}

static void test_leaving(void)
{
	struct story one = { "" }, two = { "" }, three = { "" };
	struct world w = { .created = just_created, .revision = 9 };
	struct kvs_watch *first, *second, *third;
	struct kvs_store *store;

	w.server = server_start(serve, &w);
	store = open_at(w.server);
	first = watch(store, KVS_WATCH_CHANGES, 0, &one);
	until_told(store, &one, "S");
	second = watch(store, KVS_WATCH_CHANGES, 0, &two);
	until_told(store, &two, "S");
	kvs_watch_close(first);
	ok(until_got(store, &w, &w.cancels, 1), "a watch that is closed is cancelled");
	is_int(w.last_cancelled, 1, "by its number");

	server_lock(w.server);
	w.unanswered = true;
	server_unlock(w.server);
	third = watch(store, KVS_WATCH_CHANGES, 0, &three);
	(void)until_got(store, &w, &w.creations, 3);
	kvs_watch_close(third);
	server_lock(w.server);
	say_created(w.waiting, 33, 9);
	server_unlock(w.server);
	ok(until_got(store, &w, &w.cancels, 2), "one that was closed before it was created, too");
	is_int(w.last_cancelled, 33, "by the number that it gets");
	is_str(three.text, "E CANCELED ", "and tells nothing");
	kvs_watch_close(second);
	kvs_close(store);
	server_stop(w.server);
}

/* A store is closed while everything is under way. */
static void test_close(void)
{
	struct story stories[3] = { { "" } };
	struct world w = { .created = just_created, .revision = 9, .unanswered = true };
	struct kvs_watch *watches[3];
	struct kvs_store *store;

	w.server = server_start(serve, &w);
	store = open_at(w.server);
	watches[0] = watch(store, KVS_WATCH_CHANGES, 0, &stories[0]);
	watches[1] = watch(store, 0, 0, &stories[1]);
	watches[2] = watch(store, 0, 9, &stories[2]);
	(void)until_got(store, &w, &w.creations, 1);
	kvs_close(store);
	is_str(stories[1].text + strlen(stories[1].text) - 11, "E CANCELED ", "all have ended");
	kvs_watch_close(watches[0]);
	kvs_watch_close(watches[1]);
	kvs_watch_close(watches[2]);
	server_stop(w.server);
}

int main(void)
{
	test_stories();
	test_stuck_snapshot();
	test_many();
	test_leaving();
	test_close();
	return tap_end();
}
