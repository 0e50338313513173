/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/core/fake.h"

#include "base/alloc.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/str.h"
#include "core/core.h"
#include "tests/lib/tap.h"

static struct fake *being_opened;

static int fake_start(void *conn, uint64_t tag, const struct kvs_request *req, struct kvs_err *err)
{
	struct fake *f = conn;
	struct kvs_str key = req->n_ops ? req->ops[0].key : req->key;
	int code = kvs_replyq_open(&f->q, tag, err);

	if (code)
		return code;
	f->tag = tag;
	f->kind = req->kind;
	f->flags = req->flags;
	f->index = req->index;
	f->started++;
	(void)kvs_escape_into(f->key, sizeof(f->key), key.p, key.n);
	if (f->on_start)
		f->on_start(f, req);
	return 0;
}

static int open_(const struct kvs_open_args *args, void **ret_conn, char *ret_name,
		 size_t name_size, struct kvs_err *err)
{
	kvs_replyq_init(&being_opened->q, args->sink, args->core, 1 << 20);
	(void)kvs_escape_into(ret_name, name_size, "fake", 4);
	*ret_conn = being_opened;
	return 0;
}

static void close_(void *conn)
{
	struct fake *f = conn;

	kvs_replyq_release(&f->q);
}

static void cancel(void *conn, uint64_t tag)
{
	struct fake *f = conn;

	f->cancelled++;
	kvs_replyq_cancel(&f->q, tag);
}

static int unsent(void *conn, uint64_t tag)
{
	struct fake *f = conn;

	return f->unsent;
}

static int fd(void *conn)
{
	struct fake *f = conn;

	return kvs_replyq_fd(&f->q, NULL);
}

static int dispatch(void *conn, struct kvs_err *err)
{
	struct fake *f = conn;

	if (f->dispatch_code)
		return kvs_err_set(err, f->dispatch_code, "the transport is broken");
	kvs_replyq_dispatch(&f->q);
	return 0;
}

void fake_open(struct fake *f, uint64_t traits, uint64_t caps)
{
	const struct kvs_backend be = {
		.abi = KVS_BACKEND_ABI,
		.size = sizeof(be),
		.name = "fake",
		.description = "answers as the test says",
		.caps = caps,
		.traits = traits,
		.open = open_,
		.close = close_,
		.get = fake_start,
		.list = fake_start,
		.put = fake_start,
		.delete_ = fake_start,
		.txn = fake_start,
		.index = fake_start,
		.watch = fake_start,
		.status = fake_start,
		.cancel = cancel,
		.unsent = unsent,
		.fd = fd,
		.dispatch = dispatch,
	};
	const struct kvs_open_args args = { .size = sizeof(args) };
	struct kvs_err err;

	*f = (struct fake){ 0 };
	being_opened = f;
	f->store = kvs_zalloc(sizeof(*f->store));
	if (!f->store || conn_open(&be, &args, &f->store->conn, &err))
		bail("cannot open the fake store");
	f->store->conn->root = f->store;
	f->store->timeout = 1000;
}

void fake_close(struct fake *f)
{
	kvs_close(f->store);
}

void fake_entry(struct fake *f, uint64_t tag, const char *key, const char *value, uint64_t mod)
{
	struct kvs_entry e = { .size = sizeof(e), .key = kvs_s(key), .value = kvs_s(value) };

	e.mod_index = mod;
	if (kvs_replyq_entry(&f->q, tag, &e, NULL))
		bail("no memory");
}

void fake_event(struct fake *f, uint64_t tag, uint32_t type, const char *key, uint64_t index)
{
	struct kvs_entry e = { .size = sizeof(e), .key = kvs_s(key), .mod_index = index };

	if (kvs_replyq_event(&f->q, tag, type, key ? &e : NULL, key ? 0 : index, NULL))
		bail("no memory");
}

void fake_done(struct fake *f, uint64_t tag, int code)
{
	struct kvs_reply reply = { .size = sizeof(reply), .index = 7, .failed_op = -1 };
	struct kvs_err err = { 0 };

	(void)kvs_err_set(&err, code, "the fake says %s", kvs_code_name(code));
	kvs_replyq_done(&f->q, tag, code, &reply, &err);
}

static uint64_t fake_now = 1000;

static uint64_t now(void)
{
	return fake_now;
}

void fake_clock(void)
{
	static const struct kvs_clock clock = { now, now };

	kvsi_clock_set(&clock);
}

void fake_clock_move(uint64_t ms)
{
	fake_now += ms;
}
