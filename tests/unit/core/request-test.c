/* SPDX-License-Identifier: Apache-2.0 */
/* What the core refuses of callers, what it catches of backends, and deadlines. */
#include "base/err.h"
#include "base/str.h"
#include "tests/lib/tap.h"
#include "tests/unit/core/fake.h"

#include <poll.h>

struct seen {
	struct fake *f;
	unsigned int entries, dones, drops;
	int code;
	struct kvs_err err;
	int inner_code; /* of a blocking call from inside */
	int stop;
	unsigned int again; /* done starts the request anew, so often at most */
	int again_code;
};

static int on_entry(void *arg, const struct kvs_entry *entry)
{
	struct seen *s = arg;

	s->entries++;
	return s->stop;
}

static int start_anew(struct seen *s);

static void on_done(void *arg, int code, const struct kvs_reply *reply, const struct kvs_err *err)
{
	struct seen *s = arg;
	uint64_t index;

	s->dones++;
	s->code = code;
	if (err)
		s->err = *err;
	s->inner_code = kvs_index(s->f->store, &index, NULL);
	if (s->again) {
		s->again--;
		s->again_code = start_anew(s);
	}
}

static void on_drop(void *arg)
{
	struct seen *s = arg;

	s->drops++;
}

static int start_anew(struct seen *s)
{
	struct kvs_request req = KVS_REQUEST_INIT;
	struct kvs_callback cb = { on_entry, on_done, on_drop, s };

	req.kind = KVS_REQ_GET;
	req.key = kvs_s("again");
	return kvs_start(s->f->store, &req, &cb, NULL, NULL);
}

static uint64_t start(struct seen *s, uint32_t kind, const char *key, const struct kvs_op *op)
{
	struct kvs_request req = KVS_REQUEST_INIT;
	struct kvs_callback cb = { on_entry, on_done, on_drop, s };
	uint64_t tag = 0;

	req.kind = kind;
	req.key = kvs_s(key);
	req.ops = op;
	req.n_ops = op != NULL;
	s->code = 1;
	s->entries = s->dones = s->drops = 0;
	s->inner_code = kvs_start(s->f->store, &req, &cb, &tag, &s->err);
	return tag;
}

static void run(struct seen *s)
{
	(void)kvs_dispatch(s->f->store, NULL);
}

static void test_answers(struct seen *s)
{
	uint64_t tag = start(s, KVS_REQ_LIST, "a/", NULL);

	fake_entry(s->f, tag, "a/2", "", 1);
	fake_entry(s->f, tag, "a/1", "", 1);
	fake_done(s->f, tag, 0);
	run(s);
	is_err(s->code, KVS_E_PROTOCOL, &s->err, "not sorted at a/1", "an unsorted list");
	is_uint(s->dones, 1, "done once");
	is_uint(s->drops, 1, "dropped once");
	is_int(s->inner_code, KVS_E_BUG, "blocking calls inside a callback are refused");

	tag = start(s, KVS_REQ_LIST, "a/", NULL);
	fake_entry(s->f, tag, "b/1", "", 1);
	fake_done(s->f, tag, 0);
	run(s);
	is_err(s->code, KVS_E_PROTOCOL, &s->err, "the list of a/ has the key b/1",
	       "a key that is not under the prefix");

	s->stop = 1;
	tag = start(s, KVS_REQ_LIST, "", NULL);
	fake_entry(s->f, tag, "a", "", 1);
	fake_entry(s->f, tag, "b", "", 1);
	fake_done(s->f, tag, 0);
	run(s);
	s->stop = 0;
	is_int(s->code, KVS_E_CANCELED, "the caller stopped it");
	is_uint(s->entries, 1, "nothing came after that");
	is_uint(s->dones, 1, "done once");

	tag = start(s, KVS_REQ_GET, "k", NULL);
	fake_entry(s->f, tag, "k", "v", 1);
	kvs_cancel(s->f->store, tag);
	is_int(s->code, KVS_E_CANCELED, "cancelled");
	is_uint(s->drops, 1, "dropped once");
	run(s);
	is_uint(s->entries, 0, "nothing is delivered afterwards");
	kvs_cancel(s->f->store, tag);
	is_uint(s->dones, 1, "cancelling twice is nothing");
}

static void test_deadlines(struct seen *s)
{
	struct kvs_op op = KVS_OP_INIT;
	struct pollfd fd = { .events = POLLIN };

	(void)start(s, KVS_REQ_GET, "k", NULL);
	fake_clock_move(999);
	run(s);
	is_uint(s->dones, 0, "within its time");
	fake_clock_move(1);
	run(s);
	is_err(s->code, KVS_E_TIMEOUT, &s->err, "within 1000 ms", "a read times out");

	op.type = KVS_OP_PUT;
	op.key = kvs_s("k");
	(void)start(s, KVS_REQ_PUT, "", &op);
	fake_clock_move(1000);
	run(s);
	is_err(s->code, KVS_E_UNCERTAIN, &s->err, "may have happened",
	       "a write without an answer is uncertain");

	s->f->unsent = 1;
	(void)start(s, KVS_REQ_PUT, "", &op);
	fake_clock_move(1000);
	run(s);
	is_err(s->code, KVS_E_TIMEOUT, &s->err, "within 1000 ms",
	       "one of which nothing was sent is not");
	s->f->unsent = 0;

	kvs_set_timeout(s->f->store, 20);
	fd.fd = kvs_fd(s->f->store, NULL);
	(void)start(s, KVS_REQ_GET, "k", NULL);
	is_int(poll(&fd, 1, 10000), 1,
	       "the descriptor tells of a time-out, without a dispatch before");
	fake_clock_move(20);
	run(s);
	is_err(s->code, KVS_E_TIMEOUT, &s->err, "within 20 ms", "which the dispatch then finds");
	is_int(poll(&fd, 1, 0), 0, "and there is no more to tell");
	kvs_set_timeout(s->f->store, 1000);

	kvs_set_deadline(s->f->store, 1);
	(void)start(s, KVS_REQ_GET, "k", NULL);
	is_err(s->inner_code, KVS_E_TIMEOUT, &s->err, "deadline has passed",
	       "nothing starts behind the store's deadline");
	is_uint(s->drops, 1, "and arg is dropped");
	kvs_set_deadline(s->f->store, 0);

	kvs_set_timeout(s->f->store, UINT64_MAX);
	(void)start(s, KVS_REQ_GET, "k", NULL);
	fake_clock_move(1000000);
	run(s);
	is_uint(s->dones, 0, "the longest time is not over at once");
	fake_done(s->f, s->f->tag, 0);
	run(s);
	kvs_set_timeout(s->f->store, 1000);
}

static void refused(struct seen *s, const struct kvs_op *op, int code, const char *words,
		    const char *name)
{
	(void)start(s, op->type == KVS_OP_PUT ? KVS_REQ_PUT : KVS_REQ_DELETE, "", op);
	is_err(s->inner_code, code, &s->err, words, "%s", name);
}

static void test_refusals(struct seen *s)
{
	const struct kvs_op put = { .size = sizeof(put), .type = KVS_OP_PUT, .key = kvs_s("k") };
	unsigned int before = s->f->started;
	struct kvs_op op = put;

	op.key.n = 0;
	refused(s, &op, KVS_E_ARG, "key is empty", "an empty key");
	op = put;
	op.key = kvs_sn("a\0b", 3);
	refused(s, &op, KVS_E_ARG, "a\\x00b is not UTF-8 without NUL",
		"NUL without the capability");
	op = put;
	op.key = kvs_s("a\xff");
	refused(s, &op, KVS_E_ARG, "a\\xff is not UTF-8", "bytes that are not UTF-8");
	op = put;
	op.flags = 1;
	refused(s, &op, KVS_E_UNSUPPORTED, "has no flags", "flags without the capability");
	op = put;
	op.lease = kvs_s("x");
	refused(s, &op, KVS_E_UNSUPPORTED, "has no leases", "leases without the capability");
	op = put;
	op.cond = KVS_COND_INDEX;
	refused(s, &op, KVS_E_ARG, "index above 0", "a condition without its index");
	op = put;
	op.type = KVS_OP_DELETE_PREFIX;
	op.cond = KVS_COND_ABSENT;
	refused(s, &op, KVS_E_ARG, "takes no condition", "a condition on a prefix");
	op = put;
	op.size = 8;
	refused(s, &op, KVS_E_ARG, "wrong size", "an op that was not initialised");
	is_uint(s->f->started, before, "nothing of this reached the backend");
}

static void test_txn(struct seen *s)
{
	struct kvs_op ops[2] = { KVS_OP_INIT, KVS_OP_INIT };
	struct kvs_err err;

	ops[0].type = ops[1].type = KVS_OP_PUT;
	ops[0].key = ops[1].key = kvs_s("k");
	is_err(kvs_txn(s->f->store, ops, 2, 0, NULL, &err), KVS_E_ARG, &err, "k stands twice",
	       "one key twice");
	ops[0].type = KVS_OP_DELETE_PREFIX;
	ops[1].key = kvs_s("k2");
	is_err(kvs_txn(s->f->store, ops, 2, 0, NULL, &err), KVS_E_ARG, &err, "prefix k is deleted",
	       "a key under a deleted prefix");
	is_err(kvs_txn(s->f->store, ops, 0, 0, NULL, &err), KVS_E_ARG, &err, "no operation",
	       "an empty transaction");
}

static void test_broken_transport(struct seen *s)
{
	struct kvs_err err;

	(void)start(s, KVS_REQ_GET, "k", NULL);
	s->f->dispatch_code = KVS_E_SYS;
	is_int(kvs_dispatch(s->f->store, &err), KVS_E_SYS, "dispatch says so");
	is_err(s->code, KVS_E_SYS, &s->err, "transport is broken", "every request ends with it");

	(void)start(s, KVS_REQ_GET, "k", NULL);
	s->again = 100;
	(void)kvs_dispatch(s->f->store, NULL);
	is_uint(s->again, 99, "what a callback begins anew is for the next dispatch");
	s->again = 0;
	(void)kvs_dispatch(s->f->store, NULL);
	s->f->dispatch_code = 0;
}

static void test_close(struct seen *s)
{
	(void)start(s, KVS_REQ_GET, "k", NULL);
	s->again = 100;
	fake_close(s->f);
	is_int(s->code, KVS_E_CANCELED, "closing the store ends its requests");
	is_uint(s->drops, 2, "dropped once, and what it began anew as well");
	is_int(s->again_code, KVS_E_CANCELED, "which is refused");
}

int main(void)
{
	struct fake f;
	struct seen s = { .f = &f };

	fake_clock();
	fake_open(&f, 0, 0);
	test_answers(&s);
	test_deadlines(&s);
	test_refusals(&s);
	test_txn(&s);
	test_broken_transport(&s);
	test_close(&s);
	return tap_end();
}
