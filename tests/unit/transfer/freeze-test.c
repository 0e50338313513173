/* SPDX-License-Identifier: Apache-2.0 */
#include "base/cleanup.h"
#include "tests/unit/transfer/world.h"

#define STOP "kvexpress/k/stop"

static struct kvs_err err;
static bool changed;

static void other_stops(void)
{
	store_put(STOP, "another reason");
}

static void other_starts(void)
{
	store_delete(STOP);
}

static void is_started(const char *want, const char *name)
{
	KVS_AUTO_FREE char *reason = NULL;

	is_code(kvs_transfer_start(&world.t, "k", &reason, &err), 0, &err, "%s", name);
	is_str(reason, want, "%s: what it said", name);
}

static void test_stop(void)
{
	is_code(kvs_transfer_stop(&world.t, "k", "lunch", &changed, &err), 0, &err, "a stop");
	ok(changed, "is set");
	is_stored(STOP, "lunch", "with its reason");
	is_code(kvs_transfer_stop(&world.t, "k", "lunch", &changed, &err), 0, &err, "again");
	ok(!changed, "nothing is to be done");
	is_code(kvs_transfer_stop(&world.t, "k", "dinner", &changed, &err), 0, &err, "another");
	ok(changed, "replaces it");
	is_stored(STOP, "dinner", "with its reason");
	is_err(kvs_transfer_stop(&world.t, "k", "", &changed, &err), KVS_E_ARG, &err,
	       "the reason is empty", "without a reason it would be none");
	is_code(kvs_transfer_stop(&world.t, "k/data", "x", &changed, &err), KVS_E_ARG, &err,
		"a key that no file can have");
}

static void test_start(void)
{
	store_put(STOP, "dinner");
	is_started("dinner", "a start");
	is_stored(STOP, NULL, "the stop is gone");
	is_started(NULL, "a start of what is not stopped");
	store_put(STOP, "");
	is_started(NULL, "an empty stop is none");
}

static void test_races(void)
{
	world_calm();
	world.trouble[CALL_PUT] = (struct trouble){ .times = 2, .before = other_stops };
	is_code(kvs_transfer_stop(&world.t, "k", "ours", &changed, &err), 0, &err,
		"two people stop a key");
	is_stored(STOP, "ours", "the last one's reason stands");
	world_calm();
	world.trouble[CALL_DELETE] = (struct trouble){ .times = 1, .before = other_stops };
	is_started("another reason", "a stop is replaced while it is lifted");
	is_stored(STOP, NULL, "it is lifted");
	store_put(STOP, "x");
	world_calm();
	world.trouble[CALL_DELETE] = (struct trouble){ .times = 1, .before = other_starts };
	is_code(kvs_transfer_stop(&world.t, "k", "x", &changed, &err), 0, &err, "a stop is there");
	is_started(NULL, "somebody else lifts it first");
}

static void test_uncertain(void)
{
	world_calm();
	store_delete(STOP);
	world.trouble[CALL_PUT] = (struct trouble){ .times = 1,
						    .code = KVS_E_UNCERTAIN,
						    .after = true };
	is_code(kvs_transfer_stop(&world.t, "k", "r", &changed, &err), 0, &err,
		"a stop whose answer is lost");
	ok(changed, "was set");
	world_calm();
	world.trouble[CALL_DELETE] = (struct trouble){ .times = 1,
						       .code = KVS_E_UNCERTAIN,
						       .after = true };
	is_started("r", "a start whose answer is lost");
	world_calm();
	world.trouble[CALL_PUT] = (struct trouble){ .times = 9, .code = KVS_E_UNCERTAIN };
	is_code(kvs_transfer_stop(&world.t, "k", "r", &changed, &err), KVS_E_UNCERTAIN, &err,
		"answers that are all lost");
	world_calm();
	world.trouble[CALL_GET_MANY] = (struct trouble){ .times = 1, .code = KVS_E_DENIED };
	is_code(kvs_transfer_stop(&world.t, "k", "r", &changed, &err), KVS_E_DENIED, &err,
		"what may not be read is not overwritten");
}

int main(void)
{
	world_begin();
	test_stop();
	test_start();
	test_races();
	test_uncertain();
	return world_end();
}
