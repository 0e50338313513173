/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/lib/once.h"

#include "base/str.h"
#include "tests/lib/tap.h"

static int on_entry(void *arg, const struct kvs_entry *entry)
{
	struct outcome *o = arg;

	(void)entry;
	o->entries++;
	return 0;
}

static void on_done(void *arg, int code, const struct kvs_reply *reply, const struct kvs_err *err)
{
	struct outcome *o = arg;

	o->done = true;
	o->code = code;
	o->reply = *reply;
	if (err)
		o->err = *err;
}

struct outcome once(struct kvs_store *store, const struct kvs_request *req)
{
	struct outcome o = { 0 };
	struct kvs_callback cb = { .entry = on_entry, .done = on_done, .arg = &o };

	o.code = kvs_start(store, req, &cb, NULL, &o.err);
	while (!o.code && !o.done)
		if (kvs_poll(store, -1, &o.err))
			bail("%s", o.err.msg);
	return o;
}

struct kvs_op once_put(void)
{
	struct kvs_op op = KVS_OP_INIT;

	op.type = KVS_OP_PUT;
	op.key = kvs_s("k");
	op.value = kvs_s("v");
	return op;
}

struct outcome once_of(struct kvs_store *store, uint32_t kind, uint64_t timeout)
{
	struct kvs_request req = KVS_REQUEST_INIT;
	struct kvs_op op = once_put();

	req.kind = kind;
	req.timeout = timeout;
	req.lease_op = KVS_LEASE_GRANT;
	req.ttl = kind == KVS_REQ_LEASE ? 15000 : 0;
	if (kind == KVS_REQ_TXN)
		op.cond = KVS_COND_ABSENT;
	if (kind == KVS_REQ_PUT || kind == KVS_REQ_TXN) {
		req.ops = &op;
		req.n_ops = 1;
	} else {
		req.key = kvs_s("k");
	}
	return once(store, &req);
}
