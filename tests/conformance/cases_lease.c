/* SPDX-License-Identifier: Apache-2.0 */
/* Leases: keys that go when their holder does. */
#include "tests/conformance/suite.h"

#include <poll.h>
#include <string.h>

static struct kvs_op on_lease(struct kvs_op op, const struct kvs_reply *grant)
{
	op.lease = kvs_s(grant->lease);
	return op;
}

static bool grant(struct t *t, uint64_t ttl, struct kvs_reply *ret)
{
	memset(ret, 0, sizeof(*ret));
	return need(t, kvs_lease_grant(t->store, ttl, ret, &t->err)) &&
	       ok(ret->lease[0] && memchr(ret->lease, 0, sizeof(ret->lease)), "it has a name") &&
	       ok(ret->ttl >= ttl, "its time to live is what was asked, or more (%llu)",
		  (unsigned long long)ret->ttl);
}

CASE(case_lease)
{
	struct kvs_reply a, b;
	struct kvs_entry *e;

	if (!grant(t, 30000, &a) || !grant(t, 30000, &b))
		return;
	ok(strcmp(a.lease, b.lease) != 0, "each lease has its own name");
	need(t, do_put(t, on_lease(op_put(K(t, "a1"), "1"), &a)));
	need(t, do_put(t, on_lease(op_put(K(t, "a2"), "2"), &a)));
	need(t, do_put(t, on_lease(op_put(K(t, "b1"), "3"), &b)));
	set(t, "free", "4");
	e = fetch(t, "a1");
	is_slice(e ? e->lease : kvs_s(NULL), kvs_s(a.lease), "a key tells its lease");
	kvs_entry_free(e);
	need(t, kvs_lease_keepalive(t->store, kvs_s(a.lease), &a, &t->err));
	ok(a.ttl > 0, "keeping it alive tells the time to live");
	need(t, kvs_lease_revoke(t->store, kvs_s(a.lease), &t->err));
	is_state(t, "b1=3 free=4", "revoking a lease deletes its keys, and no other");
	is_code(kvs_lease_keepalive(t->store, kvs_s(a.lease), NULL, &t->err), KVS_E_NOTFOUND,
		&t->err, "what is revoked is gone");
	need(t, kvs_lease_revoke(t->store, kvs_s(b.lease), &t->err));
	is_state(t, "free=4", "the other too");
}

CASE(case_lease_detach)
{
	bool sticky = kvs_caps(t->store) & KVS_CAP_STICKY;
	struct kvs_reply a;
	struct kvs_entry *e;

	if (!grant(t, 30000, &a))
		return;
	need(t, do_put(t, on_lease(op_put(K(t, "a"), "1"), &a)));
	set(t, "a", "2");
	e = fetch(t, "a");
	is_slice(e ? e->lease : kvs_s("?"), kvs_s(sticky ? a.lease : ""),
		 "a put without a lease %s",
		 sticky ? "leaves the key on it" : "takes the key off it");
	kvs_entry_free(e);
	need(t, kvs_lease_revoke(t->store, kvs_s(a.lease), &t->err));
	is_value(t, "a", sticky ? NULL : "2", "and so it outlives the lease or not");
}

CASE(case_lease_unknown)
{
	struct kvs_reply a;
	struct kvs_op op;

	if (!grant(t, 30000, &a))
		return;
	need(t, kvs_lease_revoke(t->store, kvs_s(a.lease), &t->err));
	op = on_lease(op_put(K(t, "a"), "1"), &a);
	is_code(do_put(t, op), KVS_E_NOTFOUND, &t->err, "putting on a lease that is over");
	is_code(do_txn(t, &op, 1), KVS_E_NOTFOUND, &t->err, "or in a transaction");
	is_value(t, "a", NULL, "writes nothing");
	is_code(kvs_lease_revoke(t->store, kvs_s(a.lease), &t->err), KVS_E_NOTFOUND, &t->err,
		"revoking it again");
	is_code(kvs_lease_keepalive(t->store, kvs_s(""), NULL, &t->err), KVS_E_ARG, &t->err,
		"a lease without a name");
	is_code(kvs_lease_grant(t->store, 0, &a, &t->err), KVS_E_ARG, &t->err,
		"a lease without time");
}

/* Leases of stores that raise short times are tested in the long run only. */
static bool too_slow(const struct kvs_reply *a)
{
	const char *lengthy = getenv("KVS_LONG");

	if (a->ttl <= 3000 || (lengthy && *lengthy == '1'))
		return false;
	skip(1, "the shortest lease here lasts %llu ms (KVS_LONG=1 waits for it)",
	     (unsigned long long)a->ttl);
	return true;
}

CASE(case_lease_expiry)
{
	struct rec r = { 0 };
	struct kvs_reply a;
	uint64_t limit;

	if (!grant(t, 1000, &a) || too_slow(&a))
		return;
	need(t, do_put(t, on_lease(op_put(K(t, "a"), "1"), &a)));
	set(t, "free", "2");
	if (!rec_open(t, t->store, &r, watch_of(kvs_s(t->ns), KVS_PREFIX)))
		return;
	rec_becomes(&r, "a=1 free=2", "both are there");
	/* enforced at up to twice the time, and some stores look only now and then */
	limit = now_ms() + 3 * a.ttl + 10000;
	while (!r.deletes && now_ms() < limit)
		if (kvs_poll(t->store, 100, &t->err))
			break;
	is_int(r.deletes, 1, "nobody kept it alive: the key goes, and a watch hears of it");
	is_state(t, "free=2", "the other stays");
	is_code(kvs_lease_keepalive(t->store, kvs_s(a.lease), NULL, &t->err), KVS_E_NOTFOUND,
		&t->err, "the lease is over");
	rec_close(&r);
}

CASE(case_lease_keepalive)
{
	struct kvs_reply a;
	uint64_t until;
	int kept = 0;

	if (!grant(t, 2000, &a) || too_slow(&a))
		return;
	need(t, do_put(t, on_lease(op_put(K(t, "a"), "1"), &a)));
	until = now_ms() + 2 * a.ttl + a.ttl / 2;
	while (now_ms() < until) {
		if (kvs_lease_keepalive(t->store, kvs_s(a.lease), NULL, &t->err)) {
			fail("keeping alive: %s", t->err.msg);
			break;
		}
		kept++;
		(void)poll(NULL, 0, (int)(a.ttl / 10));
	}
	ok(kept > 2, "kept alive for longer than its time");
	is_value(t, "a", "1", "the key is still there");
	need(t, kvs_lease_revoke(t->store, kvs_s(a.lease), &t->err));
}

CASE(case_lease_fence)
{
	struct kvs_op ops[2];
	struct kvs_reply a, b;

	if (!grant(t, 30000, &a) || !grant(t, 30000, &b))
		return;
	need(t, do_put(t, with_absent(on_lease(op_put(K(t, "lock"), "a"), &a))));
	ops[0] = op_put(K(t, "data"), "by a");
	ops[1] = with_lease_fence(op_check(K(t, "lock")), a.lease);
	need(t, do_txn(t, ops, 2));
	is_value(t, "data", "by a", "the holder writes");
	ops[0] = op_put(K(t, "data"), "by b");
	ops[1] = with_lease_fence(op_check(K(t, "lock")), b.lease);
	is_code(do_txn(t, ops, 2), KVS_E_CONFLICT, &t->err, "somebody else does not");
	need(t, kvs_lease_revoke(t->store, kvs_s(a.lease), &t->err));
	ops[0] = op_put(K(t, "data"), "late");
	ops[1] = with_lease_fence(op_check(K(t, "lock")), a.lease);
	is_code(do_txn(t, ops, 2), KVS_E_CONFLICT, &t->err, "nor one who has lost the lock");
	set(t, "lock", "nobody's");
	ops[1] = with_lease_fence(op_check(K(t, "lock")), b.lease);
	is_code(do_txn(t, ops, 2), KVS_E_CONFLICT, &t->err, "nor anybody where no lease is");
	is_value(t, "data", "by a", "what the holder wrote stands");
	need(t, kvs_lease_revoke(t->store, kvs_s(b.lease), &t->err));
}

CASE(case_no_leases)
{
	struct kvs_op op = op_put(K(t, "a"), "1");
	struct kvs_reply a;

	is_code(kvs_lease_grant(t->store, 10000, &a, &t->err), KVS_E_UNSUPPORTED, &t->err,
		"a lease is refused");
	op.lease = kvs_s("x");
	is_code(do_put(t, op), KVS_E_UNSUPPORTED, &t->err, "so is a key on one");
	is_value(t, "a", NULL, "and nothing is written");
}
