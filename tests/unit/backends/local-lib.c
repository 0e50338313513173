/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/backends/local-lib.h"

#include "base/clock.h"
#include "base/str.h"
#include "tests/lib/tap.h"

#include <limits.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>

static int open_store(const char *path, const char *tombstones, struct kvs_store **ret_store,
		      struct kvs_err *err)
{
	struct kvs_opts *opts;
	char url[PATH_MAX + 8];
	int rc;

	(void)snprintf(url, sizeof(url), "local:%s", path);
	rc = kvs_opts_new(&opts, err);
	if (!rc && tombstones)
		rc = kvs_opts_add(opts, "tombstones", tombstones, err);
	if (!rc)
		rc = kvs_open(url, opts, ret_store, err);
	kvs_opts_free(opts);
	return rc;
}

struct kvs_store *local_store_keeping(const char *path, const char *tombstones)
{
	struct kvs_store *store;
	struct kvs_err err = { 0 };

	if (open_store(path, tombstones, &store, &err))
		bail("cannot open %s: %s", path, err.msg);
	return store;
}

struct kvs_store *local_store(const char *path)
{
	return local_store_keeping(path, NULL);
}

int local_try(const char *path, struct kvs_err *err)
{
	struct kvs_store *store = NULL;
	int rc = open_store(path, NULL, &store, err);

	kvs_close(store);
	return rc;
}

static int64_t index_or_code(int rc, const struct kvs_reply *reply)
{
	return rc ? rc : (int64_t)reply->index;
}

int64_t local_put(struct kvs_store *store, const char *key, const char *value)
{
	struct kvs_op op = KVS_OP_INIT;
	struct kvs_reply reply;

	op.type = KVS_OP_PUT;
	op.key = kvs_s(key);
	op.value = kvs_s(value);
	return index_or_code(kvs_put(store, &op, &reply, NULL), &reply);
}

int64_t local_put_leased(struct kvs_store *store, const char *key, const char *lease)
{
	struct kvs_op op = KVS_OP_INIT;
	struct kvs_reply reply;

	op.type = KVS_OP_PUT;
	op.key = kvs_s(key);
	op.lease = kvs_s(lease);
	return index_or_code(kvs_put(store, &op, &reply, NULL), &reply);
}

int64_t local_delete(struct kvs_store *store, const char *key)
{
	struct kvs_op op = KVS_OP_INIT;
	struct kvs_reply reply;

	op.type = KVS_OP_DELETE;
	op.key = kvs_s(key);
	return index_or_code(kvs_delete(store, &op, &reply, NULL), &reply);
}

const char *local_value(struct kvs_store *store, const char *key)
{
	static char value[256];
	struct kvs_entry *entry;

	if (kvs_get(store, kvs_s(key), 0, &entry, NULL))
		return NULL;
	(void)snprintf(value, sizeof(value), "%.*s", (int)entry->value.n,
		       entry->value.n ? (const char *)entry->value.p : "");
	kvs_entry_free(entry);
	return value;
}

uint64_t local_index_of(struct kvs_store *store)
{
	struct kvs_err err = { 0 };
	uint64_t index;

	if (kvs_index(store, &index, &err))
		bail("no index: %s", err.msg);
	return index;
}

const char *local_grant(struct kvs_store *store, uint64_t ttl_ms)
{
	static struct kvs_reply reply;
	struct kvs_err err = { 0 };

	if (kvs_lease_grant(store, ttl_ms, &reply, &err))
		bail("no lease: %s", err.msg);
	return reply.lease;
}

/* ---- watching ---- */

static const char *const words[] = {
	[KVS_EV_RESET] = "R",
	[KVS_EV_PUT] = "+",
	[KVS_EV_DELETE] = "-",
	[KVS_EV_SYNC] = "S",
};

static void on_event(void *arg, const struct kvs_event *ev)
{
	struct local_log *log = arg;
	size_t n = strlen(log->text);
	struct kvs_str key = ev->entry ? ev->entry->key : kvs_s("");

	log->puts += ev->type == KVS_EV_PUT;
	if (ev->type == KVS_EV_SYNC)
		log->index = ev->index;
	if (!log->terse)
		(void)snprintf(log->text + n, sizeof(log->text) - n, "%s%.*s ", words[ev->type],
			       (int)key.n, (const char *)key.p);
}

static void on_done(void *arg, int code, const struct kvs_err *err)
{
	struct local_log *log = arg;

	log->ended = code;
}

void local_watch_open(struct kvs_store *store, struct local_log *log, const char *prefix,
		      uint64_t index, uint32_t flags)
{
	const struct kvs_watch_callback cb = { .event = on_event, .done = on_done, .arg = log };
	struct kvs_request req = KVS_REQUEST_INIT;
	struct kvs_err err = { 0 };

	*log = (struct local_log){ 0 };
	req.kind = KVS_REQ_WATCH;
	req.key = kvs_s(prefix);
	req.flags = flags | KVS_PREFIX;
	req.index = index;
	if (kvs_watch(store, &req, &cb, &log->watch, &err))
		bail("cannot watch: %s", err.msg);
}

int64_t local_watch_until(struct kvs_store *store, struct local_log *log, uint64_t index,
			  int limit_ms)
{
	uint64_t start = kvsi_monotonic_ms(), now = start;

	while (log->index < index) {
		if (now >= start + (uint64_t)limit_ms)
			return -1;
		if (kvs_poll(store, (int)(start + (uint64_t)limit_ms - now), NULL))
			return -1;
		now = kvsi_monotonic_ms();
	}
	return (int64_t)(now - start);
}

void local_log_clear(struct local_log *log)
{
	log->text[0] = '\0';
}

/* ---- from below ---- */

static int keep_first(void *arg, int n, char **values, char **names)
{
	int64_t *number = arg;

	*number = values[0] ? strtoll(values[0], NULL, 10) : 0;
	return 1;
}

static int64_t run_sql(const char *path, const char *sql)
{
	int64_t number = 0;
	sqlite3 *db;
	int rc;

	if (sqlite3_open(path, &db) != SQLITE_OK)
		bail("cannot open %s", path);
	(void)sqlite3_busy_timeout(db, 5000);
	rc = sqlite3_exec(db, sql, keep_first, &number, NULL);
	if (rc != SQLITE_OK && rc != SQLITE_ABORT)
		bail("%s: %s", sql, sqlite3_errmsg(db));
	(void)sqlite3_close(db);
	return number;
}

void local_sql(const char *path, const char *sql)
{
	(void)run_sql(path, sql);
}

int64_t local_sql_number(const char *path, const char *sql)
{
	return run_sql(path, sql);
}
