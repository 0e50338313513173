/* SPDX-License-Identifier: Apache-2.0 */
/* How watches end, and what their callbacks may do. */
#include "tests/conformance/suite.h"

#include <string.h>

static struct kvs_request watch_all(const struct t *t)
{
	return watch_of(kvs_s(t->ns), KVS_PREFIX);
}

struct closing {
	int events_after;
	bool closed;
};

static void close_at_first_put(struct rec *r, const struct kvs_event *ev)
{
	struct closing *c = r->arg;
	struct kvs_watch *watch = r->watch;

	c->events_after += c->closed;
	if (ev->type != KVS_EV_PUT || c->closed)
		return;
	c->closed = true;
	r->watch = NULL;
	kvs_watch_close(watch);
}

CASE(case_watch_close_in_event)
{
	struct closing c = { 0 };
	struct rec r = { .on_event = close_at_first_put, .arg = &c };
	struct rec witness = { 0 };

	set(t, "a", "1");
	set(t, "b", "2");
	set(t, "c", "3");
	if (!rec_open(t, t->store, &r, watch_all(t)) ||
	    !rec_open(t, t->store, &witness, watch_all(t)))
		return;
	rec_becomes(&witness, "a=1 b=2 c=3", "another watch goes on");
	set(t, "a", "4");
	rec_becomes(&witness, "a=4 b=2 c=3", "and hears of changes");
	ok(c.closed, "the watch was closed inside its event");
	is_int(c.events_after, 0, "no event came afterwards");
	is_int(r.puts, 1, "not even of the same batch");
	rec_close(&r);
	rec_close(&witness);
}

static void close_other_at_put(struct rec *r, const struct kvs_event *ev)
{
	struct rec *other = r->arg;
	struct kvs_watch *watch = other->watch;

	if (ev->type != KVS_EV_PUT || !watch)
		return;
	other->watch = NULL;
	kvs_watch_close(watch);
}

CASE(case_watch_close_other)
{
	struct rec second = { 0 };
	struct rec first = { .on_event = close_other_at_put, .arg = &second };

	if (!rec_open(t, t->store, &first, watch_all(t)) ||
	    !rec_open(t, t->store, &second, watch_all(t)))
		return;
	ok(rec_wait_syncs(&first, 1) && rec_wait_syncs(&second, 1), "both are under way");
	set(t, "a", "1");
	rec_becomes(&first, "a=1", "one closes the other inside an event");
	set(t, "a", "2");
	rec_becomes(&first, "a=2", "and goes on");
	ok(second.dones == 1 && second.drops == 1, "the other has ended");
	ok(second.puts <= 1, "and heard nothing more");
	rec_close(&first);
	rec_close(&second);
}

struct calls {
	struct flight get;
	int blocking, dispatch;
};

static void call_from_event(struct rec *r, const struct kvs_event *ev)
{
	struct calls *c = r->arg;
	struct kvs_request get = get_request(K(r->t, "a"));
	struct kvs_entry *e = NULL;

	if (ev->type != KVS_EV_PUT || c->get.tag)
		return;
	c->blocking = kvs_get(r->store, K(r->t, "a"), 0, &e, &r->t->err);
	c->dispatch = kvs_dispatch(r->store, &r->t->err);
	(void)take_off(r->t, r->store, &c->get, &get);
}

CASE(case_watch_calls_in_event)
{
	struct calls c = { 0 };
	struct rec r = { .on_event = call_from_event, .arg = &c };

	set(t, "a", "1");
	if (!rec_open(t, t->store, &r, watch_all(t)))
		return;
	rec_becomes(&r, "a=1", "an event came");
	is_int(c.blocking, KVS_E_BUG, "a blocking call inside it is refused");
	is_int(c.dispatch, KVS_E_BUG, "so is kvs_dispatch()");
	ok(c.get.tag != 0, "a request may be started");
	ok(land_all(t, t->store, &c.get, 1), "it is answered");
	is_str(c.get.value, "1", "with the value");
	rec_close(&r);
}

static void count(void *arg)
{
	++*(int *)arg;
}

static void count_done(void *arg, int code, const struct kvs_err *err)
{
	*(int *)arg += 100;
}

CASE(case_watch_refused)
{
	int calls = 0;
	const struct kvs_watch_callback cb = { .done = count_done, .drop = count, .arg = &calls };
	struct kvs_request req = watch_of(kvs_s(""), 0);
	struct kvs_watch *watch = NULL;

	is_code(kvs_watch(t->store, &req, &cb, &watch, &t->err), KVS_E_ARG, &t->err,
		"a watch of the empty key is refused");
	ok(!watch, "there is no watch");
	is_int(calls, 1, "what was to be dropped is dropped, once, and done does not run");
	kvs_watch_close(NULL);
	pass("closing no watch is fine");
}

CASE(case_watch_store_closed)
{
	struct kvs_store *store = NULL;
	struct rec r = { 0 };
	struct kvs_watch *watch;

	need(t, kvs_open(t->file->url, NULL, &store, &t->err));
	if (!rec_open(t, store, &r, watch_all(t)))
		return;
	kvs_close(store);
	is_int(r.dones, 1, "closing the store ends its watches");
	is_int(r.done_code, KVS_E_CANCELED, "with CANCELED");
	is_int(r.drops, 1, "dropped once");
	watch = r.watch;
	r.watch = NULL;
	kvs_watch_close(watch);
	is_int(r.dones + r.drops, 2, "closing it afterwards only frees it");
	rec_close(&r);
}
