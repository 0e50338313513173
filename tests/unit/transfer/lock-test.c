/* SPDX-License-Identifier: Apache-2.0 */
#include "base/cleanup.h"
#include "base/clock.h"
#include "tests/unit/transfer/world.h"

#include <string.h>

/* printf %s /etc/hosts | sha256sum */
#define LOCK                                                                                       \
	"kvexpress/locks/4a666ea3a3b04a24f574974df10592d51bd191614ee41b02d09f6d13c0c2f52a/node1"

static struct kvs_err err;
static bool changed;

static uint64_t noon(void)
{
	return UINT64_C(1767268800000); /* 2026-01-01T12:00:00Z */
}

static void is_unlocked(const char *want, const char *name)
{
	KVS_AUTO_FREE char *reason = NULL;

	is_code(kvs_transfer_unlock(&world.t, "/etc/hosts", &reason, &err), 0, &err, "%s", name);
	is_str(reason, want, "%s: what it said", name);
}

static void test_reasons(void)
{
	const struct kvs_clock clock = { .realtime_ms = noon, .monotonic_ms = noon };
	const struct kvs_str key = { LOCK, sizeof(LOCK) - 1 };
	struct kvs_entry *lock = NULL;

	kvsi_clock_set(&clock);
	is_code(kvs_transfer_lock(&world.t, "/etc//hosts", NULL, &changed, &err), 0, &err,
		"a lock without a reason");
	ok(changed, "is set");
	is_code(kvs_get(world.t.store, key, 0, &lock, &err), 0, &err, "by the cleaned path");
	ok(lock && strstr(lock->value.p, "No reason given for '/etc/hosts' by '"), "with words");
	ok(lock && strstr(lock->value.p, "' at '2026-01-01T12:00:00Z'."), "and the time");
	kvs_entry_free(lock);
	kvsi_clock_set(NULL);
	is_code(kvs_transfer_lock(&world.t, "/etc/hosts", "mine", &changed, &err), 0, &err,
		"a reason");
	ok(changed, "replaces them");
	is_code(kvs_transfer_lock(&world.t, "/etc/hosts", NULL, &changed, &err), 0, &err,
		"without one");
	ok(!changed, "what is there stays");
	is_stored(LOCK, "mine", "as it is");
	is_err(kvs_transfer_lock(&world.t, "/etc/hosts", "", &changed, &err), KVS_E_ARG, &err,
	       "the reason is empty", "an empty reason would be none");
	is_unlocked("mine", "an unlock");
	is_stored(LOCK, NULL, "the lock is gone");
	is_unlocked(NULL, "again");
}

static void test_troubles(void)
{
	world_calm();
	world.trouble[CALL_PUT] = (struct trouble){ .times = 1,
						    .code = KVS_E_UNCERTAIN,
						    .after = true };
	is_code(kvs_transfer_lock(&world.t, "/etc/hosts", "r", &changed, &err), 0, &err,
		"a lock whose answer is lost");
	ok(changed, "was set");
	world_calm();
	world.trouble[CALL_GET_MANY] = (struct trouble){ .times = 1, .code = KVS_E_DENIED };
	is_code(kvs_transfer_lock(&world.t, "/etc/hosts", "x", &changed, &err), KVS_E_DENIED, &err,
		"what may not be read is not overwritten");
	is_stored(LOCK, "r", "it stays");
	world_calm();
	is_err(kvs_transfer_lock(&world.t, "hosts", "x", &changed, &err), KVS_E_ARG, &err,
	       "is relative", "a relative path");
	is_err(kvs_transfer_lock(&world.t, "", "x", &changed, &err), KVS_E_ARG, &err, "empty",
	       "no path");
	world.t.prefix = "a//b";
	is_err(kvs_transfer_lock(&world.t, "/etc/hosts", "x", &changed, &err), KVS_E_ARG, &err,
	       "the prefix", "a prefix that cannot be");
	world.t.prefix = "kvexpress";
}

int main(void)
{
	world_begin();
	test_reasons();
	test_troubles();
	return world_end();
}
