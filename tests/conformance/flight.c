/* SPDX-License-Identifier: Apache-2.0 */
/* Requests in flight: what was called back, and how often. */
#include "tests/conformance/suite.h"

#include <string.h>

static int on_entry(void *arg, const struct kvs_entry *e)
{
	struct flight *f = arg;

	f->entries++;
	(void)snprintf(f->value, sizeof(f->value), "%.*s", (int)e->value.n,
		       (const char *)e->value.p);
	return f->stop;
}

static void on_done(void *arg, int code, const struct kvs_reply *reply, const struct kvs_err *err)
{
	struct flight *f = arg;

	f->dones++;
	f->code = code;
	if (reply)
		f->reply = *reply;
	f->worded = !code || (err && err->msg[0]);
	if (f->on_done)
		f->on_done(f);
}

static void on_drop(void *arg)
{
	struct flight *f = arg;

	f->drops++;
}

int take_off(struct t *t, struct kvs_store *store, struct flight *f, const struct kvs_request *req)
{
	const struct kvs_callback cb = {
		.entry = on_entry,
		.done = on_done,
		.drop = on_drop,
		.arg = f,
	};

	f->t = t;
	return kvs_start(store, req, &cb, &f->tag, &t->err);
}

struct kvs_request get_request(struct kvs_str key)
{
	struct kvs_request req = KVS_REQUEST_INIT;

	req.kind = KVS_REQ_GET;
	req.key = key;
	return req;
}

struct kvs_request put_request(const struct kvs_op *op)
{
	struct kvs_request req = KVS_REQUEST_INIT;

	req.kind = KVS_REQ_PUT;
	req.ops = op;
	req.n_ops = 1;
	return req;
}

static bool all_landed(const struct flight *flights, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (!flights[i].dones)
			return false;
	return true;
}

bool land_all(struct t *t, struct kvs_store *store, struct flight *flights, size_t n)
{
	uint64_t limit = now_ms() + PATIENCE;

	if (kvs_dispatch(store, &t->err))
		return false;
	while (!all_landed(flights, n) && now_ms() < limit)
		if (kvs_poll(store, 100, &t->err))
			return false;
	return all_landed(flights, n);
}
