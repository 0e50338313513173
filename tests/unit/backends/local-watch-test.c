/* SPDX-License-Identifier: Apache-2.0 */
/* The embedded store's watches, lists and leases, where they are its own. */
#include "base/clock.h"
#include "base/str.h"
#include "tests/lib/scratch.h"
#include "tests/lib/tap.h"
#include "tests/unit/backends/local-lib.h"

#include <stdio.h>

/* What is committed through one handle reaches another's watch, as if by another process. */
static void test_others(void)
{
	const char *path = scratch_path("others.db");
	struct kvs_store *watcher = local_store(path), *writer = local_store(path);
	struct local_log log;
	int64_t ms, worst = 0;
	int i, missed = 0;
	char key[16];

	local_watch_open(watcher, &log, "a", 0, 0);
	is_int(local_watch_until(watcher, &log, 1, 1000) >= 0, 1, "a snapshot of nothing");
	is_str(log.text, "R S ", "is RESET and SYNC");
	local_log_clear(&log);
	(void)local_put(writer, "b", "not watched");
	(void)local_put(writer, "a1", "v");
	ok(local_watch_until(watcher, &log, 3, 1000) >= 0, "somebody else puts");
	(void)local_delete(writer, "a1");
	ok(local_watch_until(watcher, &log, 4, 1000) >= 0, "and deletes");
	is_str(log.text, "+a1 S -a1 S ", "only what is under the prefix");
	for (i = 0; i < 50; i++) {
		(void)snprintf(key, sizeof(key), "a%d", i);
		ms = local_watch_until(watcher, &log, (uint64_t)local_put(writer, key, "v"), 1000);
		missed += ms < 0;
		worst = ms > worst ? ms : worst;
	}
	is_int(missed, 0, "fifty more, each seen");
	diag("the slowest took %d ms", (int)worst);
	ok(worst < 900, "by the sign, not by the safety poll of a second");
	kvs_watch_close(log.watch);
	kvs_close(writer);
	kvs_close(watcher);
}

static void test_resume(void)
{
	const char *path = scratch_path("resume.db");
	struct kvs_store *store = local_store(path);
	struct local_log log;
	uint64_t seen;

	(void)local_put(store, "a", "1");
	(void)local_put(store, "b", "1");
	seen = local_index_of(store);
	(void)local_delete(store, "a");
	(void)local_put(store, "c", "1");
	(void)local_put(store, "a", "2");
	(void)local_delete(store, "b");
	local_watch_open(store, &log, "", seen, 0);
	ok(local_watch_until(store, &log, seen + 4, 1000) >= 0, "a watch resumes");
	is_str(log.text, "S -a +c +a -b S ", "with what changed behind its index, in order");
	kvs_watch_close(log.watch);
	local_watch_open(store, &log, "", seen + 100, 0);
	ok(local_watch_until(store, &log, seen + 4, 1000) >= 0, "behind an index yet to come");
	is_str(log.text, "R +a +c S ", "it begins anew");
	kvs_watch_close(log.watch);
	local_watch_open(store, &log, "", 0, KVS_WATCH_CHANGES);
	(void)local_put(store, "d", "1");
	ok(local_watch_until(store, &log, seen + 5, 1000) >= 0, "changes only");
	is_str(log.text, "S +d S ", "what is put before the first dispatch is a change");
	kvs_watch_close(log.watch);
	kvs_close(store);
}

static void test_bound(void)
{
	const char *path = scratch_path("bound.db");
	struct kvs_store *store = local_store_keeping(path, "10");
	struct local_log log;
	uint64_t begin, i;
	char key[8];

	for (i = 0; i < 30; i++) {
		(void)snprintf(key, sizeof(key), "k%02d", (int)i);
		(void)local_put(store, key, "v");
	}
	begin = local_index_of(store);
	for (i = 0; i < 30; i++) {
		(void)snprintf(key, sizeof(key), "k%02d", (int)i);
		(void)local_delete(store, key);
	}
	is_int(local_sql_number(path, "SELECT count(*) FROM tombstone"), 10,
	       "deletions are remembered up to the bound");
	is_int(local_sql_number(path, "SELECT dead FROM meta"), 10, "and counted right");
	local_watch_open(store, &log, "", begin + 20, 0);
	ok(local_watch_until(store, &log, begin + 30, 1000) >= 0, "a watch that knows the rest");
	is_str(log.text, "S -k20 -k21 -k22 -k23 -k24 -k25 -k26 -k27 -k28 -k29 S ", "resumes");
	kvs_watch_close(log.watch);
	local_watch_open(store, &log, "", begin + 19, 0);
	ok(local_watch_until(store, &log, begin + 30, 1000) >= 0, "one that is older by one");
	is_str(log.text, "R S ", "begins anew");
	kvs_watch_close(log.watch);
	kvs_close(store);
}

static void test_compact(void)
{
	const char *path = scratch_path("compact.db");
	struct kvs_store *store = local_store(path);
	struct kvs_err err = { 0 };
	struct local_log log;

	(void)local_put(store, "a", "1");
	(void)local_delete(store, "a");
	(void)local_put(store, "b", "1");
	(void)local_delete(store, "b");
	is_code(kvs_compact(store, 3, &err), 0, &err, "compaction up to 3");
	is_uint(local_index_of(store), 5, "makes no index");
	is_int(local_sql_number(path, "SELECT group_concat(idx) FROM tombstone"), 5,
	       "drops what is older");
	local_watch_open(store, &log, "", 3, 0);
	ok(local_watch_until(store, &log, 5, 1000) >= 0, "a watch behind it");
	is_str(log.text, "S -b S ", "resumes");
	kvs_watch_close(log.watch);
	local_watch_open(store, &log, "", 2, 0);
	ok(local_watch_until(store, &log, 5, 1000) >= 0, "an older one");
	is_str(log.text, "R S ", "begins anew");
	kvs_watch_close(log.watch);
	is_err(kvs_compact(store, 6, &err), KVS_E_ARG, &err, "at 5", "an index yet to come");
	is_code(kvs_compact(store, 0, &err), 0, &err, "all of it");
	is_int(local_sql_number(path, "SELECT dead FROM meta"), 0, "nothing is left");
	kvs_close(store);
}

/* More rows than one dispatch hands on. */
enum { MANY = 5000 };

static void fill(struct kvs_store *store)
{
	static char keys[MANY][8];
	static struct kvs_op ops[MANY];
	struct kvs_err err = { 0 };
	int i;

	for (i = 0; i < MANY; i++) {
		(void)snprintf(keys[i], sizeof(keys[i]), "k%04d", i);
		ops[i] = (struct kvs_op)KVS_OP_INIT;
		ops[i].type = KVS_OP_PUT;
		ops[i].key = kvs_s(keys[i]);
		ops[i].value = kvs_s("v");
	}
	if (kvs_txn(store, ops, MANY, 0, NULL, &err))
		bail("cannot fill the store: %s", err.msg);
}

struct listing {
	struct kvs_store *store;
	int seen, changed;
	bool done;
	int code;
};

/* Puts and deletes through another handle while the list goes on. */
static int disturb(void *arg, const struct kvs_entry *entry)
{
	struct listing *l = arg;

	l->changed += !kvs_str_eq(entry->value, kvs_s("v"));
	if (++l->seen == 10) {
		(void)local_put(l->store, "k4000", "changed");
		(void)local_put(l->store, "k4000a", "new");
		(void)local_delete(l->store, "k4001");
	}
	return 0;
}

static void test_moment(void)
{
	const char *path = scratch_path("moment.db");
	struct kvs_store *store = local_store(path);
	struct listing l = { .store = local_store(path) };
	struct kvs_request req = KVS_REQUEST_INIT;
	struct kvs_reply reply;

	fill(store);
	req.flags = 0;
	is_int(kvs_list(store, &req, disturb, &l, &reply, NULL), 0, "a long list");
	is_int(l.seen, MANY, "is of one moment: nothing deleted since, nothing put");
	is_int(l.changed, 0, "nothing changed");
	is_uint(reply.index, 2, "the moment's index");
	is_uint(local_index_of(store), 5, "while writers went on");
	kvs_close(l.store);
	kvs_close(store);
}

static int write_inside(void *arg, const struct kvs_entry *entry)
{
	struct listing *l = arg;
	struct kvs_request req = KVS_REQUEST_INIT;
	struct kvs_op op = KVS_OP_INIT;

	l->seen++;
	req.kind = KVS_REQ_DELETE;
	op.type = KVS_OP_DELETE;
	op.key = entry->key;
	req.ops = &op;
	req.n_ops = 1;
	l->code |= kvs_start(l->store, &req, NULL, NULL, NULL);
	return 0;
}

static void list_done(void *arg, int code, const struct kvs_reply *reply, const struct kvs_err *err)
{
	struct listing *l = arg;

	l->done = true;
	l->code |= code;
}

/* A callback deletes each key as it is listed, through the same handle. */
static void test_reentry(void)
{
	const char *path = scratch_path("reentry.db");
	struct kvs_store *store = local_store(path);
	struct listing l = { .store = store };
	const struct kvs_callback cb = { .entry = write_inside, .done = list_done, .arg = &l };
	struct kvs_request req = KVS_REQUEST_INIT;
	int i;
	char key[8];

	for (i = 0; i < 50; i++) {
		(void)snprintf(key, sizeof(key), "k%d", i);
		(void)local_put(store, key, "v");
	}
	req.kind = KVS_REQ_LIST;
	is_int(kvs_start(store, &req, &cb, NULL, NULL), 0, "a list whose callback writes");
	while (!l.done && kvs_poll(store, 5000, NULL) == 0)
		;
	is_int(l.seen, 50, "sees every key");
	is_int(l.code, 0, "and every write is taken");
	is_int(local_sql_number(path, "SELECT count(*) FROM kv"), 0, "and done");
	kvs_close(store);
}

static void test_big_watch(void)
{
	const char *path = scratch_path("bigwatch.db");
	struct kvs_store *store = local_store(path), *other = local_store(path);
	struct local_log log;
	int64_t ms;

	fill(store);
	local_watch_open(store, &log, "", 0, 0);
	log.terse = true;
	(void)kvs_poll(store, 1000, NULL);
	ok(log.puts > 0 && log.puts < MANY, "a long snapshot takes several dispatches");
	(void)local_put(other, "k0000", "changed meanwhile");
	ms = local_watch_until(store, &log, 3, 5000);
	ok(ms >= 0 && ms < 900, "a change meanwhile");
	is_uint(log.puts, MANY + 1, "is told after the snapshot");
	kvs_watch_close(log.watch);
	local_watch_open(other, &log, "", 0, 0);
	(void)kvs_poll(other, 1000, NULL);
	kvs_watch_close(log.watch);
	(void)kvs_poll(other, 0, NULL);
	is_int(local_put(other, "k0001", "v"), 4, "a watch closed amid its snapshot does no harm");
	kvs_close(other);
	kvs_close(store);
}

static void test_expiry(void)
{
	const char *path = scratch_path("expiry.db");
	struct kvs_store *store = local_store(path), *other = local_store(path);
	struct local_log log;
	uint64_t begin;
	int64_t ms;

	local_watch_open(store, &log, "", 0, 0);
	(void)local_watch_until(store, &log, 1, 1000);
	begin = kvsi_monotonic_ms();
	is_int(local_put_leased(other, "held", local_grant(other, 300)), 2, "a key on a lease");
	is_int(local_put_leased(other, "held2", "none"), KVS_E_NOTFOUND, "not on one that is none");
	ms = local_watch_until(store, &log, 3, 3000);
	ok(ms >= 0, "the lease ends");
	ms = (int64_t)(kvsi_monotonic_ms() - begin);
	is_str(log.text, "R S +held S -held S ", "and the watch hears of it");
	diag("after %d ms", (int)ms);
	ok(ms >= 300 && ms < 900, "in time, not by the safety poll");
	is_str(local_value(other, "held"), NULL, "the key is gone");
	kvs_watch_close(log.watch);
	kvs_close(store);
	kvs_close(other);
}

static int count_entry(void *arg, const struct kvs_entry *entry)
{
	++*(int *)arg;
	return 0;
}

/* Nobody watched, nobody wrote: the next reader must not see it. */
static void test_expired_unseen(void)
{
	const char *path = scratch_path("unseen.db");
	struct kvs_store *store = local_store(path);
	struct kvs_request req = KVS_REQUEST_INIT;
	struct local_log log;
	int n = 0;

	(void)local_put_leased(store, "a", local_grant(store, 60000));
	(void)local_put_leased(store, "b", local_grant(store, 60000));
	(void)local_put(store, "c", "stays");
	local_sql(path, "UPDATE lease SET expires = 1");
	is_int(kvs_list(store, &req, count_entry, &n, NULL, NULL), 0, "a list after leases ended");
	is_int(n, 1, "shows only what is there");
	is_uint(local_index_of(store), 5, "the end of both has one index");
	is_int(local_sql_number(path, "SELECT count(*) FROM lease"), 0, "the leases are gone");
	local_watch_open(store, &log, "", 4, 0);
	ok(local_watch_until(store, &log, 5, 1000) >= 0, "a watch that resumes");
	is_str(log.text, "S -a -b S ", "is told of the deletions");
	kvs_watch_close(log.watch);
	(void)local_put_leased(store, "d", local_grant(store, 60000));
	local_sql(path, "UPDATE lease SET expires = 1");
	is_str(local_value(store, "d"), NULL, "a get does not see it either");
	is_uint(local_index_of(store), 7, "and gives the end its index");
	kvs_close(store);
}

/* A lease of an earlier boot counts anew. */
static void test_reboot(void)
{
	const char *path = scratch_path("reboot.db");
	struct kvs_store *store = local_store(path);
	const char *lease = local_grant(store, 60000);
	struct kvs_reply reply;

	(void)local_put_leased(store, "a", lease);
	local_sql(path, "UPDATE lease SET expires = 1, boot = 'earlier'");
	is_str(local_value(store, "a"), "", "a lease of an earlier boot is not over");
	is_int(kvs_lease_keepalive(store, kvs_s(lease), &reply, NULL), 0, "and can be kept");
	is_uint(reply.ttl, 60000, "with its time to live");
	local_sql(path, "UPDATE lease SET expires = 1, boot = 'earlier'");
	(void)local_put(store, "b", "1");
	is_int(local_sql_number(path, "SELECT count(*) FROM lease WHERE boot <> 'earlier'"
				      " AND expires > 60000"),
	       1, "the next write starts its time anew");
	is_int(kvs_lease_revoke(store, kvs_s(lease), NULL), 0, "revoked");
	is_str(local_value(store, "a"), NULL, "its key is gone");
	is_int(kvs_lease_revoke(store, kvs_s(lease), NULL), KVS_E_NOTFOUND, "only once");
	kvs_close(store);
}

int main(void)
{
	(void)scratch_make();
	test_others();
	test_resume();
	test_bound();
	test_compact();
	test_moment();
	test_reentry();
	test_big_watch();
	test_expiry();
	test_expired_unseen();
	test_reboot();
	return tap_end();
}
