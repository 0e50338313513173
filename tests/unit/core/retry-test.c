/* SPDX-License-Identifier: Apache-2.0 */
/* Which failures a blocking call tries again, and what it says in the end. */
#include "base/err.h"
#include "base/str.h"
#include "tests/lib/tap.h"
#include "tests/unit/core/fake.h"

#include <errno.h>

static void reject(struct fake *f, const struct kvs_request *req)
{
	struct kvs_err err = { 0 };

	(void)req;
	(void)kvs_err_set(&err, KVS_E_UNAVAILABLE, "a certificate that nobody trusts");
	err.sys_errno = EKEYREJECTED;
	kvs_replyq_done(&f->q, f->tag, KVS_E_UNAVAILABLE, NULL, &err);
}

static int no_entry(void *arg, const struct kvs_entry *entry)
{
	(void)arg;
	(void)entry;
	return 0;
}

static void test_rejected(struct fake *f)
{
	struct kvs_str keys[] = { kvs_s("a"), kvs_s("b") };
	struct kvs_op op = KVS_OP_INIT;
	struct kvs_request list = KVS_REQUEST_INIT;
	struct kvs_entry *entries[2];
	struct kvs_err err;

	op.type = KVS_OP_PUT;
	op.key = keys[0];
	f->on_start = reject;
	f->started = 0;
	is_err(kvs_get(f->store, keys[0], 0, entries, &err), KVS_E_UNAVAILABLE, &err, "nobody",
	       "a certificate is rejected");
	is_int(f->started, 1, "a get asks once");
	is_err(kvs_get_many(f->store, keys, 2, 0, entries, &err), KVS_E_UNAVAILABLE, &err, "nobody",
	       "the same of several keys");
	is_int(f->started, 3, "each is asked for once");
	is_err(kvs_list(f->store, &list, no_entry, NULL, NULL, &err), KVS_E_UNAVAILABLE, &err,
	       "nobody", "the same of a list");
	is_int(f->started, 4, "it asks once");
	is_err(kvs_put(f->store, &op, NULL, &err), KVS_E_UNAVAILABLE, &err, "nobody",
	       "the same of a write");
	is_int(f->started, 5, "it asks once");
}

static void refuse_once(struct fake *f, const struct kvs_request *req)
{
	(void)req;
	if (f->started == 1)
		fake_done(f, f->tag, KVS_E_UNAVAILABLE);
}

static void test_time_out(struct fake *f)
{
	struct kvs_entry *entry;
	struct kvs_err err;

	f->on_start = refuse_once;
	f->started = 0;
	kvs_set_timeout(f->store, 300);
	is_err(kvs_get(f->store, kvs_s("a"), 0, &entry, &err), KVS_E_TIMEOUT, &err,
	       "ms; before that: the fake says UNAVAILABLE", "a time-out tells what was before it");
	is_int(f->started, 2, "after a failure that may pass it was asked again");
}

int main(void)
{
	struct fake f;

	fake_open(&f, 0, 0);
	test_rejected(&f);
	test_time_out(&f);
	fake_close(&f);
	return tap_end();
}
