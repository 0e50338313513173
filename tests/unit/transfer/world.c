/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/transfer/world.h"

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/fsio.h"
#include "base/log.h"
#include "base/str.h"
#include "tests/lib/scratch.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>

struct world world;

static bool at_peace; /* calls are those of the test itself */

/* ---- the wrapped calls ---- */

/* Is this call met by trouble? */
static struct trouble *meet(enum call call)
{
	struct trouble *t = &world.trouble[call];

	if (at_peace)
		return NULL;
	t->calls++;
	if (t->skip) {
		t->skip--;
		return NULL;
	}
	if (!t->times)
		return NULL;
	t->times--;
	if (t->before) {
		at_peace = true;
		t->before();
		at_peace = false;
	}
	return t;
}

#define WRAP(call_, name_, params_, args_)                                                         \
	int __real_##name_ params_;                                                                \
	int __wrap_##name_ params_;                                                                \
	int __wrap_##name_ params_                                                                 \
	{                                                                                          \
		struct trouble *t = meet(call_);                                                   \
		int rc = t && t->code && !t->after ? 0 : __real_##name_ args_;                     \
                                                                                                   \
		if (t && t->code && rc == 0)                                                       \
			return kvs_err_set_for_test(err, t->code);                                 \
		return rc;                                                                         \
	}

static int kvs_err_set_for_test(struct kvs_err *err, int code)
{
	if (err) {
		memset(err, 0, sizeof(*err));
		err->code = code;
		(void)snprintf(err->msg, sizeof(err->msg), "trouble was asked for");
	}
	return code;
}

WRAP(CALL_GET, kvs_get,
     (struct kvs_store * store, struct kvs_str key, uint32_t flags, struct kvs_entry **ret,
      struct kvs_err *err),
     (store, key, flags, ret, err))
WRAP(CALL_GET_MANY, kvs_get_many,
     (struct kvs_store * store, const struct kvs_str *keys, size_t n, uint32_t flags,
      struct kvs_entry **ret, struct kvs_err *err),
     (store, keys, n, flags, ret, err))
WRAP(CALL_PUT, kvs_put,
     (struct kvs_store * store, const struct kvs_op *op, struct kvs_reply *ret,
      struct kvs_err *err),
     (store, op, ret, err))
WRAP(CALL_TXN, kvs_txn,
     (struct kvs_store * store, const struct kvs_op *ops, size_t n, uint32_t flags,
      struct kvs_reply *ret, struct kvs_err *err),
     (store, ops, n, flags, ret, err))
WRAP(CALL_DELETE, kvs_delete,
     (struct kvs_store * store, const struct kvs_op *op, struct kvs_reply *ret,
      struct kvs_err *err),
     (store, op, ret, err))

/* ---- the world ---- */

static void report(void *arg, int level, const char *line)
{
	world.warnings += level <= KVS_LOG_WARNING;
	(void)snprintf(world.warning, sizeof(world.warning), "%s", line);
}

void world_calm(void)
{
	memset(world.trouble, 0, sizeof(world.trouble));
	world.warnings = 0;
	world.warning[0] = '\0';
}

void world_begin(void)
{
	struct kvs_err err;

	if (chdir(scratch_make()) != 0)
		bail("no working directory");
	if (kvs_open("mem:", NULL, &world.t.store, &err))
		bail("no mem store: %s", err.msg);
	world.t.prefix = "kvexpress";
	world.t.node = "node1";
	world.t.state_dir = "state";
	world.t.report = report;
}

int world_end(void)
{
	kvs_close(world.t.store);
	return tap_end();
}

/* ---- the store ---- */

static void store_write(const char *key, const char *value, uint32_t type)
{
	struct kvs_op op = KVS_OP_INIT;
	bool peace = at_peace;
	struct kvs_err err;
	int rc;

	op.type = type;
	op.key = kvs_s(key);
	op.value = kvs_s(value);
	at_peace = true;
	rc = type == KVS_OP_PUT ? kvs_put(world.t.store, &op, NULL, &err)
				: kvs_delete(world.t.store, &op, NULL, &err);
	at_peace = peace;
	if (rc)
		bail("%s: %s", key, err.msg);
}

void store_put(const char *key, const char *value)
{
	store_write(key, value, KVS_OP_PUT);
}

void store_delete(const char *key)
{
	store_write(key, NULL, KVS_OP_DELETE);
}

void is_stored(const char *key, const char *value, const char *name)
{
	const struct kvs_str k = kvs_s(key);
	struct kvs_entry *e = NULL;
	struct kvs_err err;
	int rc;

	at_peace = true;
	rc = kvs_get_many(world.t.store, &k, 1, 0, &e, &err);
	at_peace = false;
	if (rc)
		fail("%s: %s", name, err.msg);
	else if (!value)
		ok(!e, "%s", name);
	else
		is_slice(e ? e->value : kvs_s("(no such key)"), kvs_s(value), "%s", name);
	kvs_entry_free(e);
}

static char *part(const char *key, const char *last)
{
	char *name = kvs_asprintf("kvexpress/%s/%s", key, last);

	if (!name)
		bail("no memory");
	return name;
}

void put_pair(const char *key, const char *text)
{
	KVS_AUTO_FREE char *data = part(key, "data");
	KVS_AUTO_FREE char *checksum = part(key, "checksum");
	char hex[KVS_SHA256_HEX];

	kvs_sha256_of(kvs_s(text), hex);
	store_put(data, text);
	store_put(checksum, hex);
}

void is_pair(const char *key, const char *text, const char *name)
{
	KVS_AUTO_FREE char *data = part(key, "data");
	KVS_AUTO_FREE char *checksum = part(key, "checksum");
	char hex[KVS_SHA256_HEX];

	kvs_sha256_of(kvs_s(text), hex);
	is_stored(data, text, name);
	is_stored(checksum, hex, name);
}

/* ---- files ---- */

void file_put(const char *path, const char *text, mode_t mode)
{
	KVS_AUTO_FD int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode);

	if (fd < 0 || write(fd, text, strlen(text)) < 0 || fchmod(fd, mode) != 0)
		bail("cannot make %s", path);
}

void is_file(const char *path, const char *text, const char *name)
{
	KVS_AUTO_BUF struct kvs_buf b;
	struct kvs_err err;
	int rc;

	kvs_buf_init(&b, 1 << 20);
	rc = kvs_file_read(path, &b, &err);
	if (!text)
		is_int(rc, KVS_E_SYS, "%s", name);
	else if (rc)
		fail("%s: %s", name, err.msg);
	else
		is_slice(kvs_buf_slice(&b), kvs_s(text), "%s", name);
}

void is_mode(const char *path, mode_t mode, const char *name)
{
	struct stat st = { 0 };

	(void)stat(path, &st);
	is_uint(st.st_mode & 07777, mode, "%s", name);
}
