/* SPDX-License-Identifier: Apache-2.0 */
/* Requests in flight: each is answered once, whatever happens meanwhile. */
#include "tests/conformance/suite.h"

#include <poll.h>
#include <string.h>

CASE(case_many_in_flight)
{
	enum { N = 200 };
	static struct flight flights[N];
	char name[16];
	int i, wrong = 0, refused = 0;

	memset(flights, 0, sizeof(flights));
	for (i = 0; i < 20; i++) {
		(void)snprintf(name, sizeof(name), "k%d", i);
		set(t, name, name);
	}
	for (i = 0; i < N; i++) {
		struct kvs_request req;

		(void)snprintf(name, sizeof(name), "k%d", i % 25);
		req = get_request(K(t, name));
		refused += take_off(t, t->store, &flights[i], &req) != 0;
	}
	is_int(refused, 0, "%d requests are taken", N);
	ok(land_all(t, t->store, flights, N), "and answered");
	for (i = 0; i < N; i++) {
		(void)snprintf(name, sizeof(name), "k%d", i % 25);
		if (flights[i].dones != 1 || flights[i].drops != 1)
			wrong++;
		else if (i % 25 < 20)
			wrong += flights[i].code != 0 || strcmp(flights[i].value, name) != 0;
		else
			wrong += flights[i].code != KVS_E_NOTFOUND || flights[i].entries != 0;
	}
	is_int(wrong, 0, "each once, with its own value");
	for (i = 1; i < N; i++)
		wrong += flights[i].tag == 0 || flights[i].tag == flights[i - 1].tag;
	is_int(wrong, 0, "each under its own tag");
}

CASE(case_fd)
{
	struct kvs_request req = get_request(K(t, "a"));
	struct pollfd pfd = { .fd = kvs_fd(t->store, &t->err), .events = POLLIN };
	uint64_t limit = now_ms() + PATIENCE;
	struct flight f = { 0 };
	int woken = 0;

	ok(pfd.fd >= 0, "there is a descriptor to poll");
	is_int(kvs_fd(t->store, &t->err), pfd.fd, "always the same");
	set(t, "a", "1");
	need(t, take_off(t, t->store, &f, &req));
	while (!f.dones && now_ms() < limit) {
		woken += poll(&pfd, 1, 1000) > 0;
		if (kvs_dispatch(t->store, &t->err))
			break;
	}
	ok(f.dones == 1 && woken > 0, "it tells when there is an answer");
	is_str(f.value, "1", "the right one");
	/* a level that stays high would make an event loop spin */
	for (limit = now_ms() + 2000; poll(&pfd, 1, 0) > 0 && now_ms() < limit;)
		need(t, kvs_dispatch(t->store, &t->err));
	is_int(poll(&pfd, 1, 0), 0, "and is quiet when there is none");
}

CASE(case_borrowed_memory)
{
	char key[100], value[] = "value";
	struct kvs_op op = KVS_OP_INIT;
	struct kvs_request req;
	struct flight f = { 0 };

	(void)snprintf(key, sizeof(key), "%sa", t->ns);
	op.type = KVS_OP_PUT;
	op.key = kvs_s(key);
	op.value = kvs_s(value);
	req = put_request(&op);
	need(t, take_off(t, t->store, &f, &req));
	memset(key, '!', sizeof(key));
	memset(value, '!', sizeof(value));
	memset(&op, 0xff, sizeof(op));
	memset(&req, 0xff, sizeof(req));
	ok(land_all(t, t->store, &f, 1) && f.code == 0, "it is written");
	is_state(t, "a=value", "as it was when it was asked for");
}

CASE(case_cancel)
{
	struct kvs_request req = get_request(K(t, "a"));
	struct flight f[2] = { { 0 } };

	set(t, "a", "1");
	need(t, take_off(t, t->store, &f[0], &req));
	need(t, take_off(t, t->store, &f[1], &req));
	kvs_cancel(t->store, f[0].tag);
	is_int(f[0].dones, 1, "done runs inside kvs_cancel()");
	ok(f[0].code == KVS_E_CANCELED && f[0].worded, "with CANCELED and words");
	is_int(f[0].drops, 1, "and drop");
	ok(land_all(t, t->store, f, 2), "the other is answered");
	is_str(f[1].value, "1", "with its value");
	is_int(f[0].dones + f[0].entries, 1, "nothing more comes under the first tag");
	kvs_cancel(t->store, f[0].tag);
	kvs_cancel(t->store, UINT64_MAX);
	kvs_cancel(t->store, 0);
	is_value(t, "a", "1", "an unknown tag is fine");
}

static void cancel_the_other(struct flight *f)
{
	struct flight *other = f->arg;

	if (!other->dones)
		kvs_cancel(f->t->store, other->tag);
}

CASE(case_cancel_in_callback)
{
	struct kvs_request req = get_request(K(t, "a"));
	struct flight f[2] = { { .on_done = cancel_the_other }, { .on_done = cancel_the_other } };
	int canceled;

	f[0].arg = &f[1];
	f[1].arg = &f[0];
	set(t, "a", "1");
	need(t, take_off(t, t->store, &f[0], &req));
	need(t, take_off(t, t->store, &f[1], &req));
	ok(land_all(t, t->store, f, 2), "both end");
	canceled = (f[0].code == KVS_E_CANCELED) + (f[1].code == KVS_E_CANCELED);
	is_int(canceled, 1, "the first to be answered cancels the other");
	is_int(f[0].dones + f[0].drops + f[1].dones + f[1].drops, 4, "each ends once");
}

static void start_the_next(struct flight *f)
{
	struct kvs_request req = get_request(K(f->t, "a"));
	struct flight *next = f->arg;

	if (next)
		(void)take_off(f->t, f->t->store, next, &req);
}

CASE(case_start_in_callback)
{
	enum { N = 100 };
	static struct flight f[N];
	struct kvs_request req = get_request(K(t, "a"));
	int i, values = 0;

	memset(f, 0, sizeof(f));
	for (i = 0; i < N; i++) {
		f[i].on_done = start_the_next;
		f[i].arg = i + 1 < N ? &f[i + 1] : NULL;
	}
	set(t, "a", "1");
	need(t, take_off(t, t->store, &f[0], &req));
	ok(land_all(t, t->store, f, N), "a chain of %d, each begun in the one before", N);
	for (i = 0; i < N; i++)
		values += !strcmp(f[i].value, "1");
	is_int(values, N, "each with its value");
}

static void call_blocking(struct flight *f)
{
	int *codes = f->arg;
	struct kvs_entry *e = NULL;
	struct kvs_err err;
	uint64_t index;

	codes[0] = kvs_get(f->t->store, K(f->t, "a"), 0, &e, &err);
	codes[1] = kvs_index(f->t->store, &index, &err);
	codes[2] = kvs_dispatch(f->t->store, &err);
	codes[3] = kvs_poll(f->t->store, 0, &err);
}

CASE(case_blocking_in_callback)
{
	struct kvs_request req = get_request(K(t, "a"));
	int codes[4] = { 0 }, i;
	struct flight f = { .on_done = call_blocking, .arg = codes };

	set(t, "a", "1");
	need(t, take_off(t, t->store, &f, &req));
	ok(land_all(t, t->store, &f, 1), "the request ends");
	for (i = 0; i < 4; i++)
		is_code(codes[i], KVS_E_BUG, NULL, "a call that would wait is refused (%d)", i);
	is_value(t, "a", "1", "outside of callbacks it works");
}

CASE(case_entry_says_stop)
{
	struct kvs_request req = list_of(kvs_s(t->ns));
	struct flight f = { .stop = 1 };

	set(t, "a", "1");
	set(t, "b", "2");
	need(t, take_off(t, t->store, &f, &req));
	ok(land_all(t, t->store, &f, 1), "it ends");
	is_int(f.code, KVS_E_CANCELED, "with CANCELED");
	is_int(f.entries, 1, "after the entry that said so");
	is_int(f.dones * 10 + f.drops, 11, "once");
}

CASE(case_start_refused)
{
	struct kvs_request req = get_request(kvs_s(""));
	struct flight f = { 0 };

	is_code(take_off(t, t->store, &f, &req), KVS_E_ARG, &t->err, "a request that is refused");
	is_int(f.dones, 0, "has no done");
	is_int(f.drops, 1, "but its drop, once");
	is_uint(f.tag, 0, "and no tag");
	req = watch_of(K(t, "a"), 0);
	is_code(take_off(t, t->store, &f, &req), KVS_E_ARG, &t->err,
		"a watch is not started this way");
	is_int(f.drops, 2, "dropped too");
	req = get_request(K(t, "a"));
	req.kind = 99;
	is_code(take_off(t, t->store, &f, &req), KVS_E_ARG, &t->err, "an unknown request");
	req = get_request(K(t, "a"));
	req.size = 0;
	is_code(take_off(t, t->store, &f, &req), KVS_E_ARG, &t->err, "a request without its size");
	is_int(f.dones * 10 + f.drops, 4, "each dropped, none done");
}

CASE(case_store_closed)
{
	struct kvs_request req = get_request(K(t, "a"));
	struct kvs_store *store = NULL;
	struct flight f[3] = { { 0 } };
	int i;

	need(t, kvs_open(t->file->url, NULL, &store, &t->err));
	for (i = 0; i < 3; i++)
		need(t, take_off(t, store, &f[i], &req));
	kvs_close(store);
	for (i = 0; i < 3; i++)
		ok(f[i].dones == 1 && f[i].drops == 1 && f[i].code == KVS_E_CANCELED,
		   "closing the store ends what is in flight");
	kvs_close(NULL);
	pass("closing no store is fine");
}

CASE(case_deadline)
{
	struct kvs_request req = list_of(kvs_s(t->ns));
	struct kvs_op op = op_put(K(t, "b"), "1");
	struct listing l = { 0 };
	struct kvs_entry *e = NULL;
	uint64_t index;

	set(t, "a", "1");
	kvs_set_deadline(t->store, 1);
	is_code(kvs_get(t->store, K(t, "a"), 0, &e, &t->err), KVS_E_TIMEOUT, &t->err,
		"get: behind the deadline nothing starts");
	is_code(kvs_put(t->store, &op, NULL, &t->err), KVS_E_TIMEOUT, &t->err, "put");
	is_code(run_list(t, t->store, &req, &l), KVS_E_TIMEOUT, &t->err, "list");
	is_code(kvs_index(t->store, &index, &t->err), KVS_E_TIMEOUT, &t->err, "index");
	kvs_set_deadline(t->store, now_ms() + PATIENCE);
	is_value(t, "a", "1", "before it all is as ever");
	kvs_set_deadline(t->store, 0);
	is_state(t, "a=1", "and nothing was written behind it");
}

CASE(case_poll_timeout)
{
	uint64_t before = now_ms();

	need(t, kvs_poll(t->store, 0, &t->err));
	ok(now_ms() - before < 1000, "a poll of 0 does not wait");
	need(t, kvs_poll(t->store, 30, &t->err));
	pass("a poll ends when its time is over");
}
