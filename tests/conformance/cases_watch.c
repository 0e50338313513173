/* SPDX-License-Identifier: Apache-2.0 */
/* Watches: a snapshot, then what changes; nothing is lost and nothing is torn. */
#include "tests/conformance/suite.h"

#include <string.h>

static struct kvs_request watch_all(const struct t *t)
{
	return watch_of(kvs_s(t->ns), KVS_PREFIX);
}

CASE(case_watch_empty)
{
	struct rec r = { 0 };

	if (!rec_open(t, t->store, &r, watch_all(t)))
		return;
	ok(rec_wait_syncs(&r, 1), "an empty snapshot comes too");
	is_int(r.resets, 1, "as RESET");
	is_int(r.puts, 0, "and SYNC with nothing between");
	set(t, "a", "1");
	rec_becomes(&r, "a=1", "then what comes");
	rec_close(&r);
	is_int(r.done_code, KVS_E_CANCELED, "it ends with CANCELED");
}

CASE(case_watch_key)
{
	struct rec r = { 0 };

	set(t, "a", "1");
	set(t, "ab", "x");
	if (!rec_open(t, t->store, &r, watch_of(K(t, "a"), 0)))
		return;
	rec_becomes(&r, "a=1", "the key alone, not what begins with it");
	set(t, "ab", "y");
	set(t, "a/b", "z");
	set(t, "a", "2");
	rec_becomes(&r, "a=2", "a change");
	unset(t, "a");
	rec_becomes(&r, "", "its deletion");
	set(t, "a", "3");
	rec_becomes(&r, "a=3", "and its return");
	rec_close(&r);
}

CASE(case_watch_prefix)
{
	struct kvs_op op = op_delete(K(t, "d/"));
	struct kvs_request req = watch_of(K(t, "d/"), KVS_PREFIX);
	struct rec r = { 0 };

	op.type = KVS_OP_DELETE_PREFIX;
	set(t, "d/c", "3");
	set(t, "d/a", "1");
	set(t, "d/b/x", "2");
	set(t, "d", "outside");
	set(t, "d0", "outside");
	if (!rec_open(t, t->store, &r, req))
		return;
	rec_becomes(&r, "d/a=1 d/b/x=2 d/c=3", "the snapshot, sorted");
	set(t, "d0", "changed");
	set(t, "d/b/y", "4");
	rec_becomes(&r, "d/a=1 d/b/x=2 d/b/y=4 d/c=3", "a new key");
	unset(t, "d/a");
	rec_becomes(&r, "d/b/x=2 d/b/y=4 d/c=3", "a deletion");
	need(t, do_delete(t, op));
	rec_becomes(&r, "", "the deletion of a prefix is that of each key");
	is_int(r.resets, t->file->flaky ? r.resets : 1, "without a new snapshot");
	rec_close(&r);
}

/* At every SYNC, x and y say the same. */
static void compare_twins(struct rec *r, const struct kvs_event *ev)
{
	int *torn = r->arg;
	char text[200], x[50] = "", y[50] = "";

	if (ev->type != KVS_EV_SYNC)
		return;
	rec_text(r, text, sizeof(text));
	*torn += text[0] && (sscanf(text, "x=%49s y=%49s", x, y) != 2 || strcmp(x, y) != 0);
}

CASE(case_watch_txn)
{
	struct kvs_op ops[2];
	int i, torn = 0;
	struct rec r = { .on_event = compare_twins, .arg = &torn };
	char value[16];

	if (!rec_open(t, t->store, &r, watch_all(t)))
		return;
	for (i = 1; i <= 20; i++) {
		(void)snprintf(value, sizeof(value), "%d", i);
		ops[0] = op_put(K(t, "x"), value);
		ops[1] = op_put(K(t, "y"), value);
		need(t, do_txn(t, ops, 2));
	}
	rec_becomes(&r, "x=20 y=20", "transactions arrive");
	ops[0] = op_delete(K(t, "x"));
	ops[1] = op_delete(K(t, "y"));
	need(t, do_txn(t, ops, 2));
	rec_becomes(&r, "", "deletions too");
	is_int(torn, 0, "whole at every SYNC");
	rec_close(&r);
}

CASE(case_watch_resume)
{
	struct kvs_request req = watch_all(t);
	struct rec first = { 0 }, second = { 0 }, third = { 0 };
	char now[200];

	set(t, "a", "1");
	set(t, "b", "1");
	if (!rec_open(t, t->store, &first, req))
		return;
	rec_becomes(&first, "a=1 b=1", "up to here it was seen");
	rec_text(&first, now, sizeof(now));
	req.index = first.index;
	rec_close(&first);
	set(t, "c", "2");
	unset(t, "b");
	set(t, "a", "3");
	if (!rec_open(t, t->store, &second, req))
		return;
	ok(rec_wait_syncs(&second, 1), "behind an index the changes come");
	if (second.resets)
		rec_becomes(&second, "a=3 c=2", "as a new snapshot");
	else
		rec_becomes(&second, "a=3 c=2", "each of them");
	ok(second.index > req.index, "up to a higher index");
	req.index = second.index;
	rec_close(&second);
	if (!rec_open(t, t->store, &third, req))
		return;
	set(t, "d", "4");
	ok(rec_wait_syncs(&third, 1), "behind the newest index, what comes then");
	rec_becomes(&third, third.resets ? "a=3 c=2 d=4" : "d=4", "nothing is told twice");
	rec_close(&third);
}

CASE(case_watch_unknown_index)
{
	struct kvs_request req = watch_all(t);
	struct rec r = { 0 };

	set(t, "a", "1");
	need(t, kvs_index(t->store, &req.index, &t->err));
	req.index += 1000000;
	if (!rec_open(t, t->store, &r, req))
		return;
	r.index = 0;
	rec_becomes(&r, "a=1", "an index that the store has not reached gets a snapshot");
	ok(r.resets >= 1, "as RESET");
	set(t, "a", "2");
	rec_becomes(&r, "a=2", "and what comes");
	rec_close(&r);
}

CASE(case_watch_changes)
{
	struct kvs_request req = watch_all(t);
	struct rec r = { 0 };

	set(t, "a", "1");
	set(t, "b", "1");
	req.flags |= KVS_WATCH_CHANGES;
	if (!rec_open(t, t->store, &r, req))
		return;
	ok(rec_wait_syncs(&r, 1), "it begins with a SYNC");
	is_int(r.resets + r.puts, 0, "and without a snapshot");
	set(t, "b", "2");
	unset(t, "a");
	set(t, "c", "3");
	rec_becomes(&r, "b=2 c=3", "what changes from now on");
	is_int(r.resets, 0, "never a snapshot");
	is_int(r.deletes, 1, "deletions included");
	rec_close(&r);
}

CASE(case_watch_keys_only)
{
	struct kvs_request req = watch_all(t);
	struct rec r = { 0 };

	req.flags |= KVS_KEYS_ONLY;
	set(t, "a", "1");
	if (!rec_open(t, t->store, &r, req))
		return;
	rec_becomes(&r, "a", "a name without its value");
	set(t, "a", "2");
	set(t, "b", "3");
	rec_becomes(&r, "a b", "also of changes");
	ok(r.puts >= 3 || t->file->flaky, "a change of a value is an event");
	rec_close(&r);
}

CASE(case_watch_two)
{
	struct rec all = { 0 }, one = { 0 };

	set(t, "a", "1");
	if (!rec_open(t, t->store, &all, watch_all(t)) ||
	    !rec_open(t, t->store, &one, watch_of(K(t, "a"), 0)))
		return;
	rec_becomes(&all, "a=1", "one watch");
	rec_becomes(&one, "a=1", "and another of the same key");
	set(t, "a", "2");
	set(t, "b", "3");
	rec_becomes(&one, "a=2", "each gets its own");
	rec_becomes(&all, "a=2 b=3", "none takes from the other");
	rec_close(&one);
	set(t, "a", "4");
	rec_becomes(&all, "a=4 b=3", "closing one leaves the other");
	rec_close(&all);
}

CASE(case_watch_many)
{
	enum { N = 40 };
	static struct rec recs[N];
	char name[16], want[32];
	int i;

	memset(recs, 0, sizeof(recs));
	for (i = 0; i < N; i++) {
		(void)snprintf(name, sizeof(name), "k%02d", i);
		if (!rec_open(t, t->store, &recs[i], watch_of(K(t, name), 0)))
			return;
	}
	for (i = 0; i < N; i++) {
		(void)snprintf(name, sizeof(name), "k%02d", i);
		set(t, name, name);
	}
	for (i = 0; i < N; i++) {
		(void)snprintf(want, sizeof(want), "k%02d=k%02d", i, i);
		rec_becomes(&recs[i], want, "each of many gets its own");
	}
	for (i = 0; i < N; i++)
		rec_close(&recs[i]);
}

/* 200 changes of 10 keys.  Returns how often each was put. */
static int make_a_burst(struct t *t)
{
	char name[16], value[16];
	int i;

	for (i = 0; i < 200; i++) {
		(void)snprintf(name, sizeof(name), "k%d", i % 10);
		(void)snprintf(value, sizeof(value), "%d", i);
		set(t, name, value);
	}
	return 200;
}

static const char after_burst[] = "k0=190 k1=191 k2=192 k3=193 k4=194 k5=195 k6=196 k7=197 k8=198 "
				  "k9=199";

CASE(case_watch_burst)
{
	struct rec r = { 0 };

	if (!rec_open(t, t->store, &r, watch_all(t)))
		return;
	make_a_burst(t);
	rec_becomes(&r, after_burst, "the last of a burst is never lost");
	rec_close(&r);
}

CASE(case_watch_every_event)
{
	struct rec r = { 0 };

	if (!rec_open(t, t->store, &r, watch_all(t)))
		return;
	ok(rec_wait_syncs(&r, 1), "it is under way");
	make_a_burst(t);
	rec_becomes(&r, after_burst, "the burst arrives");
	is_int(r.puts, 200, "each change of it");
	rec_close(&r);
}

struct seen {
	uint64_t mod, create, version, flags;
	char key[100];
};

static void note_last(struct rec *r, const struct kvs_event *ev)
{
	struct seen *s = r->arg;

	if (ev->type != KVS_EV_PUT && ev->type != KVS_EV_DELETE)
		return;
	s->mod = ev->entry->mod_index;
	s->create = ev->entry->create_index;
	s->version = ev->entry->version;
	s->flags = ev->entry->flags;
	(void)snprintf(s->key, sizeof(s->key), "%.*s", (int)ev->entry->key.n,
		       (const char *)ev->entry->key.p);
}

CASE(case_watch_entry)
{
	struct seen seen = { 0 };
	struct rec r = { .on_event = note_last, .arg = &seen };
	struct kvs_op op = op_put(K(t, "a"), "1");
	struct kvs_entry *e;
	uint64_t mod;

	op.flags = t->caps & KVS_CAP_FLAGS ? 7 : 0;
	need(t, do_put(t, op));
	if (!rec_open(t, t->store, &r, watch_all(t)))
		return;
	op.value = kvs_s("2");
	need(t, do_put(t, op));
	rec_becomes(&r, "a=2", "a change arrives");
	e = fetch(t, "a");
	if (e) {
		is_str(seen.key, K(t, "a").p, "under its whole key");
		is_uint(seen.mod, e->mod_index, "with its index");
		is_uint(seen.create, e->create_index, "its creation");
		is_uint(seen.version, e->version, "its version");
		is_uint(seen.flags, e->flags, "its flags");
		ok(r.index >= e->mod_index, "the SYNC behind it is not older");
	}
	mod = e ? e->mod_index : 0;
	kvs_entry_free(e);
	unset(t, "a");
	rec_becomes(&r, "", "its deletion arrives");
	is_str(seen.key, K(t, "a").p, "with the key");
	ok(seen.mod == 0 || seen.mod > mod, "and the deletion's index, if any");
	rec_close(&r);
}

CASE(case_watch_other_handle)
{
	struct kvs_store *other = t_open(t);
	struct rec r = { 0 };

	if (!rec_open(t, t->store, &r, watch_all(t)))
		return;
	ok(rec_wait_syncs(&r, 1), "it is under way");
	set_on(t, other, "a", "1");
	rec_becomes(&r, "a=1", "what another handle writes is seen");
	set_on(t, other, "a", "2");
	rec_becomes(&r, "a=2", "also the second time");
	rec_close(&r);
}
