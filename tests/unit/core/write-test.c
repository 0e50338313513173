/* SPDX-License-Identifier: Apache-2.0 */
/* Writes whose answer is lost: what reading back decides. */
#include "base/err.h"
#include "base/str.h"
#include "tests/lib/tap.h"
#include "tests/unit/core/fake.h"

/* The store behind the fake: one key, and what to do with the next writes. */
static struct {
	uint64_t mod; /* 0: there is no key */
	const char *value;
	enum { ANSWER, LOSE_DONE, LOSE_UNDONE, LOSE_LATE, REFUSE } next;
	bool overtaken;	 /* after a lost write somebody else writes */
	bool down;	 /* after a lost write no other is taken */
	bool unreadable; /* reading is denied */
	unsigned int writes;
} world;

static bool guard_holds(const struct kvs_op *op)
{
	if (op->cond == KVS_COND_ABSENT)
		return !world.mod;
	return op->cond != KVS_COND_INDEX || world.mod == op->index;
}

static void apply(const struct kvs_op *op)
{
	world.mod = op->type == KVS_OP_DELETE ? 0 : world.mod + 10;
	world.value = op->value.p;
}

static void on_write(struct fake *f, const struct kvs_op *op)
{
	world.writes++;
	if (world.next == REFUSE) {
		world.next = world.down ? REFUSE : ANSWER;
		fake_done(f, f->tag, KVS_E_UNAVAILABLE);
	} else if (world.next == LOSE_UNDONE) {
		world.next = world.down ? REFUSE : ANSWER;
		fake_done(f, f->tag, KVS_E_UNCERTAIN);
	} else if (!guard_holds(op)) {
		fake_done(f, f->tag, KVS_E_CONFLICT);
	} else {
		apply(op);
		fake_done(f, f->tag, world.next == LOSE_DONE ? KVS_E_UNCERTAIN : 0);
		world.next = ANSWER;
		if (world.overtaken) {
			world.mod += 10;
			world.value = "theirs";
		}
	}
}

static void on_start(struct fake *f, const struct kvs_request *req)
{
	if (req->n_ops) {
		on_write(f, req->ops);
		return;
	}
	is_int(req->flags & KVS_READ_CONSISTENT, KVS_READ_CONSISTENT, "reads back consistently");
	if (world.unreadable) {
		fake_done(f, f->tag, KVS_E_DENIED);
		return;
	}
	if (world.mod)
		fake_entry(f, f->tag, "k", world.value, world.mod);
	fake_done(f, f->tag, world.mod ? 0 : KVS_E_NOTFOUND);
}

static void reset(uint64_t mod, int next)
{
	world.mod = mod;
	world.value = "old";
	world.next = next;
	world.overtaken = world.down = world.unreadable = false;
	world.writes = 0;
}

/* Somebody else may have deleted the key: that says nothing of the rest of a transaction. */
static void test_deletions(struct fake *f)
{
	struct kvs_op ops[2] = { KVS_OP_INIT, KVS_OP_INIT };
	struct kvs_err err;

	ops[0].type = KVS_OP_DELETE;
	ops[0].key = kvs_s("k");
	ops[0].cond = KVS_COND_INDEX;
	ops[0].index = 5;
	ops[1].type = KVS_OP_PUT;
	ops[1].key = kvs_s("other");
	reset(5, LOSE_DONE);
	is_int(kvs_txn(f->store, ops, 2, 0, NULL, &err), KVS_E_UNCERTAIN,
	       "a deletion does not vouch for a transaction");
}

int main(void)
{
	struct fake f;
	struct kvs_op put = KVS_OP_INIT, del = KVS_OP_INIT;
	struct kvs_reply reply;
	struct kvs_err err;

	fake_open(&f, 0, 0);
	f.on_start = on_start;
	put.type = KVS_OP_PUT;
	del.type = KVS_OP_DELETE;
	put.key = del.key = kvs_s("k");
	put.value = kvs_s("new");

	reset(5, LOSE_DONE);
	is_int(kvs_put(f.store, &put, NULL, &err), KVS_E_UNCERTAIN,
	       "unguarded: it stays uncertain");

	reset(5, REFUSE);
	is_code(kvs_put(f.store, &put, NULL, &err), 0, &err, "what was not sent is sent again");
	is_uint(world.writes, 2, "once");

	put.cond = del.cond = KVS_COND_INDEX;
	put.index = del.index = 5;
	reset(5, LOSE_DONE);
	is_code(kvs_put(f.store, &put, &reply, &err), 0, &err, "guarded: our bytes are there");
	is_uint(reply.index, 15, "with their index");
	is_uint(world.writes, 1, "not written twice");

	reset(5, LOSE_UNDONE);
	is_code(kvs_put(f.store, &put, NULL, &err), 0, &err, "the guard is untouched: once more");
	is_uint(world.writes, 2, "written again");

	reset(5, LOSE_DONE);
	world.overtaken = true;
	is_err(kvs_put(f.store, &put, NULL, &err), KVS_E_CONFLICT, &err, "changed by somebody else",
	       "somebody else's bytes are a conflict");

	reset(6, ANSWER);
	is_int(kvs_put(f.store, &put, NULL, &err), KVS_E_CONFLICT, "a plain conflict stays one");
	is_uint(world.writes, 1, "and is not tried again");

	reset(5, LOSE_DONE);
	is_code(kvs_delete(f.store, &del, NULL, &err), 0, &err, "a deletion: the key is gone");

	put.cond = KVS_COND_ABSENT;
	put.index = 0;
	reset(0, LOSE_UNDONE);
	is_code(kvs_txn(f.store, &put, 1, 0, NULL, &err), 0, &err, "a creation in a transaction");
	is_uint(world.writes, 2, "tried again since nothing was there");

	put.cond = KVS_COND_INDEX;
	put.index = 5;
	reset(5, LOSE_DONE);
	world.unreadable = true;
	is_int(kvs_put(f.store, &put, NULL, &err), KVS_E_UNCERTAIN, "what cannot be read back");

	reset(5, LOSE_UNDONE);
	world.down = true;
	kvs_set_timeout(f.store, 200);
	is_err(kvs_put(f.store, &put, NULL, &err), KVS_E_UNCERTAIN, &err, "may have happened",
	       "the lost one may still come through, though the next was refused");
	is_int(err.code, KVS_E_UNCERTAIN, "in the error too");

	test_deletions(&f);
	fake_close(&f);
	return tap_end();
}
