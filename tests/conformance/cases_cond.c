/* SPDX-License-Identifier: Apache-2.0 */
/* Conditions and transactions: all or nothing, and only one of many wins. */
#include "tests/conformance/suite.h"

#include <string.h>

CASE(case_absent)
{
	need(t, do_put(t, with_absent(op_put(K(t, "a"), "first"))));
	is_err(do_put(t, with_absent(op_put(K(t, "a"), "second"))), KVS_E_CONFLICT, &t->err, "",
	       "the second comes too late");
	is_value(t, "a", "first", "the first stays");
	unset(t, "a");
	need(t, do_put(t, with_absent(op_put(K(t, "a"), "third"))));
	is_value(t, "a", "third", "a deleted key is absent");
	need(t, do_put(t, op_put(K(t, "b"), "")));
	is_code(do_put(t, with_absent(op_put(K(t, "b"), "x"))), KVS_E_CONFLICT, &t->err,
		"an empty value is not absent");
}

CASE(case_cas)
{
	uint64_t first, second;

	set(t, "a", "1");
	first = mod_of(t, "a");
	need(t, do_put(t, with_index(op_put(K(t, "a"), "2"), first)));
	is_value(t, "a", "2", "at the index that was read, it is written");
	is_code(do_put(t, with_index(op_put(K(t, "a"), "3"), first)), KVS_E_CONFLICT, &t->err,
		"the same index again is old");
	is_value(t, "a", "2", "and changes nothing");
	second = mod_of(t, "a");
	is_code(do_put(t, with_index(op_put(K(t, "a"), "3"), second + 1000)), KVS_E_CONFLICT,
		&t->err, "an index that never was");
	is_code(do_put(t, with_index(op_put(K(t, "b"), "1"), second)), KVS_E_CONFLICT, &t->err,
		"another key's index");
	is_state(t, "a=2", "nothing came of these");
	unset(t, "a");
	is_code(do_put(t, with_index(op_put(K(t, "a"), "4"), second)), KVS_E_CONFLICT, &t->err,
		"a key that was deleted meanwhile");
	set(t, "a", "2");
	is_code(do_put(t, with_index(op_put(K(t, "a"), "5"), second)), KVS_E_CONFLICT, &t->err,
		"or deleted and written again, even the same value");
}

CASE(case_cas_delete)
{
	uint64_t first, second;

	set(t, "a", "1");
	first = mod_of(t, "a");
	set(t, "a", "2");
	second = mod_of(t, "a");
	is_code(do_delete(t, with_index(op_delete(K(t, "a")), first)), KVS_E_CONFLICT, &t->err,
		"an old index deletes nothing");
	is_value(t, "a", "2", "it is still there");
	need(t, do_delete(t, with_index(op_delete(K(t, "a")), second)));
	is_value(t, "a", NULL, "the right index does");
	is_code(do_delete(t, with_index(op_delete(K(t, "a")), second)), KVS_E_CONFLICT, &t->err,
		"what is gone has no index");
}

/* Adds one by compare-and-set.  True: it was written. */
static bool add_one(struct t *t, struct kvs_store *store)
{
	struct kvs_entry *e = NULL;
	struct kvs_op op;
	char text[24];
	int n;

	if (kvs_get(store, K(t, "n"), 0, &e, &t->err))
		return false;
	(void)snprintf(text, sizeof(text), "%.*s", (int)e->value.n, (const char *)e->value.p);
	n = atoi(text);
	(void)snprintf(text, sizeof(text), "%d", n + 1);
	op = with_index(op_put(K(t, "n"), text), e->mod_index);
	kvs_entry_free(e);
	return kvs_put(store, &op, NULL, &t->err) == 0;
}

CASE(case_cas_counter)
{
	struct kvs_store *other = t->file->shared ? t_open(t) : t->store;
	int i, written = 0;
	char want[24];

	set(t, "n", "0");
	for (i = 0; i < 60; i++)
		written += add_one(t, i % 3 ? t->store : other);
	(void)snprintf(want, sizeof(want), "%d", written);
	is_int(written, 60, "one after the other, every addition is written");
	is_value(t, "n", want, "and none is lost");
}

CASE(case_one_winner)
{
	enum { N = 20 };
	struct kvs_op ops[N];
	struct flight flights[N];
	char values[N][12];
	int i, won = 0, lost = 0, winner = 0;

	memset(flights, 0, sizeof(flights));
	for (i = 0; i < N; i++) {
		struct kvs_request req;

		(void)snprintf(values[i], sizeof(values[i]), "%d", i);
		ops[i] = with_absent(op_put(K(t, "lock"), values[i]));
		req = put_request(&ops[i]);
		need(t, take_off(t, t->store, &flights[i], &req));
	}
	ok(land_all(t, t->store, flights, N), "%d at once are all answered", N);
	for (i = 0; i < N; i++) {
		won += flights[i].code == 0;
		lost += flights[i].code == KVS_E_CONFLICT;
		winner = flights[i].code == 0 ? i : winner;
	}
	is_int(won, 1, "one wins");
	is_int(lost, N - 1, "all others are told of the conflict");
	is_value(t, "lock", values[winner], "the winner's value stands");
}

CASE(case_txn)
{
	struct kvs_op ops[3];
	struct kvs_reply reply = { 0 };
	uint64_t a, b;

	set(t, "gone", "x");
	set(t, "a", "0");
	ops[0] = op_put(K(t, "a"), "1");
	ops[1] = op_put(K(t, "b"), "2");
	ops[2] = op_delete(K(t, "gone"));
	need(t, kvs_txn(t->store, ops, 3, 0, &reply, &t->err));
	is_state(t, "a=1 b=2", "all of it happened");
	a = mod_of(t, "a");
	b = mod_of(t, "b");
	is_uint(a, b, "at one index");
	if (t->caps & KVS_CAP_WRITE_INDEX)
		is_uint(reply.index, a, "which is told");
	is_int(reply.failed_op, -1, "no operation failed");
	ops[0] = op_delete(K(t, "nobody"));
	need(t, do_txn(t, ops, 1));
	ops[0] = op_put(K(t, "one"), "1");
	need(t, do_txn(t, ops, 1));
	is_value(t, "one", "1", "a transaction of one");
}

CASE(case_txn_conflict)
{
	struct kvs_op ops[4];
	struct kvs_reply reply = { 0 };
	uint64_t before = 0, after = 0;

	set(t, "a", "1");
	set(t, "b", "2");
	ops[0] = op_put(K(t, "new"), "x");
	ops[1] = op_delete(K(t, "a"));
	ops[2] = with_absent(op_put(K(t, "b"), "y"));
	ops[3] = op_put(K(t, "c"), "z");
	need(t, kvs_index(t->store, &before, &t->err));
	is_code(kvs_txn(t->store, ops, 4, 0, &reply, &t->err), KVS_E_CONFLICT, &t->err,
		"one condition that does not hold stops all");
	is_state(t, "a=1 b=2", "what stood before it, and behind it, did not happen");
	need(t, kvs_index(t->store, &after, &t->err));
	ops[2] = with_index(op_put(K(t, "b"), "y"), mod_of(t, "b"));
	need(t, do_txn(t, ops, 4));
	is_state(t, "b=y c=z new=x", "when it holds, all happens");
	is_code(do_txn(t, ops, 4), KVS_E_CONFLICT, &t->err, "but not twice");
}

/* Who failed is told as the last request's reply. */
CASE(case_txn_check)
{
	struct kvs_request req = KVS_REQUEST_INIT;
	struct kvs_op ops[3];
	struct flight f = { 0 };

	set(t, "guard", "1");
	ops[0] = op_put(K(t, "a"), "1");
	ops[1] = with_index(op_check(K(t, "guard")), mod_of(t, "guard"));
	ops[2] = with_absent(op_check(K(t, "stop")));
	need(t, do_txn(t, ops, 3));
	is_state(t, "a=1 guard=1", "checks that hold change nothing themselves");
	ops[0] = op_put(K(t, "a"), "2");
	set(t, "stop", "maintenance");
	is_code(do_txn(t, ops, 3), KVS_E_CONFLICT, &t->err, "a key that must be absent");
	is_value(t, "a", "1", "stops it");

	req.kind = KVS_REQ_TXN;
	req.ops = ops;
	req.n_ops = 3;
	do {
		f = (struct flight){ 0 };
		if (!need(t, take_off(t, t->store, &f, &req)) || !land_all(t, t->store, &f, 1))
			return;
	} while (f.code == KVS_E_UNAVAILABLE && t->file->flaky);
	is_int(f.code, KVS_E_CONFLICT, "again");
	ok(f.reply.failed_op == 2 || f.reply.failed_op == -1,
	   "the operation at fault is told, if any is (%lld)", (long long)f.reply.failed_op);
	unset(t, "stop");
	set(t, "guard", "2");
	is_code(do_txn(t, ops, 3), KVS_E_CONFLICT, &t->err, "a key that was changed");
	is_value(t, "a", "1", "stops it too");
	ops[1] = with_index(op_check(K(t, "guard")), mod_of(t, "guard"));
	need(t, do_txn(t, ops + 1, 2));
	is_state(t, "a=1 guard=2", "checks alone are a transaction");
}

CASE(case_txn_delete_prefix)
{
	struct kvs_op ops[2];

	set(t, "d/a", "1");
	set(t, "d/b", "2");
	set(t, "da", "3");
	ops[0] = op_delete(K(t, "d/"));
	ops[0].type = KVS_OP_DELETE_PREFIX;
	ops[1] = op_put(K(t, "e"), "4");
	need(t, do_txn(t, ops, 2));
	is_state(t, "da=3 e=4", "a prefix goes and a key comes, together");
}

CASE(case_txn_same_key)
{
	struct kvs_op ops[3];

	set(t, "a", "1");
	ops[0] = op_put(K(t, "a"), "2");
	ops[1] = op_put(K(t, "b"), "2");
	ops[2] = op_put(K(t, "a"), "3");
	is_err(do_txn(t, ops, 3), KVS_E_ARG, &t->err, "a", "two puts of one key");
	ops[2] = op_delete(K(t, "a"));
	is_code(do_txn(t, ops, 3), KVS_E_ARG, &t->err, "a put and a deletion");
	ops[2] = with_index(op_check(K(t, "a")), 1);
	is_code(do_txn(t, ops, 3), KVS_E_ARG, &t->err, "a put and a check");
	is_code(kvs_txn(t->store, ops, 3, KVS_TXN_BATCHED, NULL, &t->err), KVS_E_ARG, &t->err,
		"also in batches");
	is_state(t, "a=1", "and nothing happened");
}

CASE(case_txn_batched)
{
	struct kvs_op ops[3];
	struct kvs_reply reply = { 0 };

	ops[0] = op_put(K(t, "a"), "1");
	ops[1] = op_put(K(t, "b"), "2");
	ops[2] = op_put(K(t, "c"), "3");
	need(t, kvs_txn(t->store, ops, 3, KVS_TXN_BATCHED, &reply, &t->err));
	is_state(t, "a=1 b=2 c=3", "what fits goes as it is");
	if (t->caps & KVS_CAP_WRITE_INDEX)
		is_uint(reply.index, mod_of(t, "c"), "the index is the last part's");
}
