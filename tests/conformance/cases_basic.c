/* SPDX-License-Identifier: Apache-2.0 */
/* One key at a time: what is written is what is read. */
#include "tests/conformance/suite.h"

#include <string.h>

CASE(case_identity)
{
	char got[300];

	is_str(kvs_store_backend(t->store), t->file->backend, "the backend says its name");
	ok(strlen(kvs_store_name(t->store)) > 0, "the store says what it is");
	(void)snprintf(got, sizeof(got), "%s", caps_text(t->caps));
	is_str(got, caps_text(t->file->caps), "it can what the .store file expects");
	is_uint(t->limits.size, sizeof(t->limits), "limits carry their size");
	ok(!t->limits.max_key || t->limits.max_key >= 255, "keys of 255 bytes fit");
	ok(!t->limits.max_ops || t->limits.max_ops >= 2, "two operations fit a transaction");
}

CASE(case_get_absent)
{
	struct kvs_entry *e = (struct kvs_entry *)&t->err;

	is_err(kvs_get(t->store, K(t, "nobody"), 0, &e, &t->err), KVS_E_NOTFOUND, &t->err, "nobody",
	       "a key that is not there is named");
	ok(e == (struct kvs_entry *)&t->err, "the result is written only on success");
	is_code(kvs_get(t->store, K(t, "nobody"), 0, &e, NULL), KVS_E_NOTFOUND, NULL,
		"and without an error object");
	set(t, "somebody", "1");
	is_value(t, "some", NULL, "a beginning of a key is not the key");
	is_value(t, "somebody/", NULL, "nor is more than the key");
	is_value(t, "Somebody", NULL, "nor another case");
}

CASE(case_put_get)
{
	struct kvs_op op = op_put(K(t, "a"), "one");
	struct kvs_reply reply = { 0 };
	struct kvs_entry *e;

	need(t, kvs_put(t->store, &op, &reply, &t->err));
	e = fetch(t, "a");
	if (!e)
		return;
	is_uint(e->size, sizeof(*e), "an entry carries its size");
	is_slice(e->key, op.key, "its key");
	is_slice(e->value, kvs_s("one"), "its value");
	is_uint(e->flags, 0, "no flags unless given");
	is_slice(e->lease, kvs_s(""), "no lease unless given");
	is_uint(e->info, 0, "not folded");
	ok(e->mod_index > 0, "it has an index");
	ok(!e->create_index || e->create_index == e->mod_index, "a new key was created just now");
	ok(e->version <= 1, "and changed once");
	if (t->caps & KVS_CAP_WRITE_INDEX)
		is_uint(reply.index, e->mod_index, "the write told its index");
	else
		is_uint(reply.index, 0, "the write told no index");
	is_int(reply.failed_op, -1, "no operation failed");
	kvs_entry_free(e);
}

CASE(case_put_replaces)
{
	struct kvs_entry *first, *second;

	set(t, "a", "a longer value at first");
	first = fetch(t, "a");
	set(t, "a", "two");
	second = fetch(t, "a");
	if (first && second) {
		is_slice(second->value, kvs_s("two"), "the new value, whole");
		ok(second->mod_index > first->mod_index, "a change has a higher index");
		is_uint(second->create_index, first->create_index, "the creation stays");
		ok(!second->version || second->version == first->version + 1, "changes count");
	}
	kvs_entry_free(first);
	kvs_entry_free(second);
}

static void check_round_trip(struct t *t, const void *p, size_t n, const char *what)
{
	struct kvs_op op = op_put(K(t, "value"), "");
	struct kvs_entry *e;

	op.value = kvs_sn(p, n);
	need(t, kvs_put(t->store, &op, NULL, &t->err));
	e = fetch(t, "value");
	if (e)
		is_slice(e->value, op.value, "%s", what);
	kvs_entry_free(e);
}

CASE(case_values)
{
	static const char sample[] = "line\r\n\ttab \"quoted\" \\ %s {} \xc3\xa9 \xff\xfe";
	unsigned char bytes[256];
	char *big;
	size_t i, n = 200000;

	for (i = 0; i < sizeof(bytes); i++)
		bytes[i] = (unsigned char)i;
	check_round_trip(t, bytes, sizeof(bytes), "every byte comes back");
	check_round_trip(t, "", 0, "an empty value is a value");
	check_round_trip(t, NULL, 0, "also without memory");
	check_round_trip(t, "\0", 1, "a NUL");
	check_round_trip(t, "\n", 1, "a newline is not trimmed");
	check_round_trip(t, sample, sizeof(sample) - 1, "no text is special");
	big = malloc(n);
	if (!big)
		bail("no memory");
	for (i = 0; i < n; i++)
		big[i] = (char)(i * 2654435761u >> 13);
	if (!t->limits.max_value || t->limits.max_value >= n)
		check_round_trip(t, big, n, "200,000 bytes");
	free(big);
}

CASE(case_delete)
{
	struct kvs_op op = op_delete(K(t, "a"));
	struct kvs_reply reply = { 0 };

	set(t, "a", "1");
	set(t, "ab", "2");
	need(t, kvs_delete(t->store, &op, &reply, &t->err));
	ok(reply.count <= 1, "it counts one key, if it counts");
	is_state(t, "ab=2", "the key is gone, its neighbour is not");
	need(t, kvs_delete(t->store, &op, &reply, &t->err));
	is_uint(reply.count, 0, "deleting what is not there succeeds and counts nothing");
}

CASE(case_delete_prefix)
{
	struct kvs_op op = op_delete(K(t, "a/"));
	struct kvs_reply reply = { 0 };

	op.type = KVS_OP_DELETE_PREFIX;
	set(t, "a", "1");
	set(t, "a/", "2");
	set(t, "a/x", "3");
	set(t, "a/x/y", "4");
	set(t, "a.", "5");
	set(t, "a0", "6");
	set(t, "b", "7");
	need(t, kvs_delete(t->store, &op, &reply, &t->err));
	ok(reply.count == 3 || reply.count == 0, "it counts three keys, if it counts");
	is_state(t, "a=1 a.=5 a0=6 b=7", "what begins with the prefix is gone, and nothing else");
	need(t, kvs_delete(t->store, &op, &reply, &t->err));
	is_uint(reply.count, 0, "nothing there is no error");
}

CASE(case_born_again)
{
	struct kvs_entry *first, *second;

	set(t, "a", "1");
	set(t, "a", "2");
	first = fetch(t, "a");
	unset(t, "a");
	set(t, "a", "3");
	second = fetch(t, "a");
	if (first && second) {
		ok(second->mod_index > first->mod_index, "its index is higher than before");
		ok(!second->create_index || second->create_index == second->mod_index,
		   "it is created anew");
		ok(second->version <= 1, "and changed once");
	}
	kvs_entry_free(first);
	kvs_entry_free(second);
}

CASE(case_get_many)
{
	struct kvs_entry *entries[4] = { NULL };
	struct kvs_str keys[4];
	int i;

	set(t, "a", "1");
	set(t, "c", "3");
	keys[0] = K(t, "c");
	keys[1] = K(t, "b");
	keys[2] = K(t, "a");
	keys[3] = K(t, "c");
	need(t, kvs_get_many(t->store, keys, 4, 0, entries, &t->err));
	ok(entries[0] && kvs_str_eq(entries[0]->value, kvs_s("3")), "the first of the order asked");
	ok(!entries[1], "NULL where there is no key");
	ok(entries[2] && kvs_str_eq(entries[2]->value, kvs_s("1")), "the third");
	ok(entries[3] && kvs_str_eq(entries[3]->value, kvs_s("3")), "a key asked for twice");
	for (i = 0; i < 4; i++) {
		kvs_entry_free(entries[i]);
		entries[i] = NULL;
	}
	need(t, kvs_get_many(t->store, keys, 0, 0, entries, &t->err));
	keys[2] = kvs_s("");
	is_code(kvs_get_many(t->store, keys, 4, 0, entries, &t->err), KVS_E_ARG, &t->err,
		"one bad key fails all");
	ok(!entries[0] && !entries[1] && !entries[2] && !entries[3], "and nothing is returned");
}

CASE(case_index)
{
	struct kvs_request req = list_of(kvs_s(t->ns));
	struct listing l = { 0 };
	uint64_t before = 0, after = 0, again = 0, mod;

	need(t, kvs_index(t->store, &before, &t->err));
	ok(before > 0, "there is always an index");
	set(t, "a", "1");
	mod = mod_of(t, "a");
	need(t, kvs_index(t->store, &after, &t->err));
	ok(after >= mod && mod > before, "a change raises it: %llu, changed at %llu, %llu",
	   (unsigned long long)before, (unsigned long long)mod, (unsigned long long)after);
	unset(t, "a");
	need(t, kvs_index(t->store, &again, &t->err));
	ok(again > mod, "a deletion raises it");
	set(t, "b", "1");
	need(t, run_list(t, t->store, &req, &l));
	ok(l.reply.index >= mod_of(t, "b"), "a list tells the index of its reading");
	before = 0;
	need(t, kvs_index(t->store, &before, &t->err));
	ok(before >= again, "it never falls");
}

CASE(case_bump_equal)
{
	uint64_t first;

	set(t, "a", "same");
	first = mod_of(t, "a");
	set(t, "a", "same");
	ok(mod_of(t, "a") > first, "putting an equal value makes a new index");
}

CASE(case_flags)
{
	static const uint64_t numbers[] = { 0, 1, 2, 3, 1ull << 32, UINT64_MAX };
	struct kvs_op op = op_put(K(t, "a"), "1");
	struct kvs_request req = list_of(kvs_s(t->ns));
	struct listing l = { 0 };
	struct kvs_entry *e;
	size_t i;

	for (i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
		op.flags = numbers[i];
		need(t, kvs_put(t->store, &op, NULL, &t->err));
		e = fetch(t, "a");
		if (e)
			is_uint(e->flags, numbers[i], "flags come back");
		kvs_entry_free(e);
	}
	op.flags = 2;
	need(t, kvs_txn(t->store, &op, 1, 0, NULL, &t->err));
	e = fetch(t, "a");
	is_uint(e ? e->flags : 0, 2, "also from a transaction");
	kvs_entry_free(e);
	set(t, "a", "2");
	e = fetch(t, "a");
	is_uint(e ? e->flags : 1, 0, "a put without flags clears them");
	kvs_entry_free(e);
	need(t, run_list(t, t->store, &req, &l));
}

CASE(case_no_flags)
{
	struct kvs_op op = op_put(K(t, "a"), "1");

	op.flags = 1;
	is_code(do_put(t, op), KVS_E_UNSUPPORTED, &t->err, "flags are refused");
	is_value(t, "a", NULL, "and nothing is written");
}

CASE(case_read_modes)
{
	struct kvs_request req = list_of(kvs_s(t->ns));
	struct listing l = { 0 };
	struct kvs_entry *e = NULL;

	set(t, "a", "1");
	need(t, kvs_get(t->store, K(t, "a"), KVS_READ_CONSISTENT, &e, &t->err));
	is_slice(e ? e->value : kvs_s(NULL), kvs_s("1"), "a consistent read is the newest");
	kvs_entry_free(e);
	e = NULL;
	need(t, kvs_get(t->store, K(t, "a"), KVS_READ_STALE, &e, &t->err));
	kvs_entry_free(e);
	req.flags = KVS_READ_CONSISTENT;
	need(t, run_list(t, t->store, &req, &l));
	is_str(l.text, "a=1", "a consistent list");
	is_code(kvs_get(t->store, K(t, "a"), KVS_READ_STALE | KVS_READ_CONSISTENT, &e, &t->err),
		KVS_E_ARG, &t->err, "not both");
}

CASE(case_read_at)
{
	struct kvs_request get = get_request(K(t, "a"));
	struct kvs_request list = list_of(kvs_s(t->ns));
	struct listing l = { 0 };
	struct flight f = { 0 };

	set(t, "a", "old");
	set(t, "b", "old");
	list.index = get.index = mod_of(t, "b");
	set(t, "a", "new");
	unset(t, "b");
	if (need(t, take_off(t, t->store, &f, &get)) && land_all(t, t->store, &f, 1))
		is_str(f.value, "old", "a value of the past");
	need(t, run_list(t, t->store, &list, &l));
	is_str(l.text, "a=old b=old", "a list of the past");
	list.index = 0;
	need(t, run_list(t, t->store, &list, &l));
	is_str(l.text, "a=new", "and of today");
}

CASE(case_no_read_at)
{
	struct kvs_request list = list_of(kvs_s(t->ns));
	struct listing l = { 0 };

	list.index = 1;
	is_code(run_list(t, t->store, &list, &l), KVS_E_UNSUPPORTED, &t->err,
		"reading at an index is refused");
}

CASE(case_compact)
{
	struct kvs_request list = list_of(kvs_s(t->ns));
	struct kvs_request req = watch_of(kvs_s(t->ns), KVS_PREFIX);
	struct listing l = { 0 };
	struct rec r = { 0 };
	uint64_t old, newer;

	set(t, "a", "1");
	set(t, "b", "1");
	old = mod_of(t, "a");
	set(t, "a", "2");
	unset(t, "b");
	need(t, kvs_index(t->store, &newer, &t->err));
	need(t, kvs_compact(t->store, newer, &t->err));
	is_state(t, "a=2", "what is there now stays");
	list.index = old;
	if (t->caps & KVS_CAP_READ_AT)
		is_code(run_list(t, t->store, &list, &l), KVS_E_COMPACTED, &t->err,
			"an index before is no longer kept");
	req.index = old;
	if (rec_open(t, t->store, &r, req)) {
		rec_becomes(&r, "a=2", "a watch from before gets what is there");
		ok(r.resets >= 1, "as a new snapshot");
		rec_close(&r);
	}
}

CASE(case_no_compact)
{
	is_code(kvs_compact(t->store, 1, &t->err), KVS_E_UNSUPPORTED, &t->err,
		"compaction is refused");
}

CASE(case_durable)
{
	uint64_t index = 0, again = 0, mod;

	set(t, "a", "1");
	mod = mod_of(t, "a");
	need(t, kvs_index(t->store, &index, &t->err));
	t_reopen(t);
	is_value(t, "a", "1", "it is there after the store was closed and opened");
	is_uint(mod_of(t, "a"), mod, "with its index");
	need(t, kvs_index(t->store, &again, &t->err));
	ok(again >= index, "and the store's index has not fallen");
}

CASE(case_two_handles)
{
	struct kvs_store *other = t_open(t);

	set(t, "a", "1");
	check_value(TAP_HERE, t, other, "a", "1", "what one writes the other reads");
	set_on(t, other, "a", "2");
	is_value(t, "a", "2", "and the other way");
	is_str(kvs_store_name(other), kvs_store_name(t->store), "they are the same store");
}

static int note_pair(void *arg, const struct kvs_entry *pair)
{
	int *counts = arg;

	counts[0]++;
	counts[1] += pair->key.n == 0;
	counts[2] += !kvs_str_is_utf8(pair->key) || !kvs_str_is_utf8(pair->value) ||
		     memchr(pair->key.p, '\n', pair->key.n) != NULL;
	return 0;
}

CASE(case_status)
{
	int counts[3] = { 0 };

	need(t, kvs_status(t->store, note_pair, counts, &t->err));
	ok(counts[0] > 0, "there is something to say");
	is_int(counts[1], 0, "under a name");
	is_int(counts[2], 0, "in readable text");
}
