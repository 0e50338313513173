/* SPDX-License-Identifier: Apache-2.0 */
/* Versions of a file, when others write and the store refuses. */
#include "tests/unit/transfer/world.h"

#include "base/str.h"

#define FOLDER "kvexpress.kvsync/v1/history/k/"

static struct kvs_err err;

static struct kvs_in_params params = {
	.key = "k",
	.file = "f",
	.fd = -1,
	.history = { .versions = 3, .bytes = 1000, .cause = "in" },
};

static int in(const char *text)
{
	struct kvs_in_result result;

	file_put("f", text, 0600);
	return kvs_transfer_in(&world.t, &params, &result, &err);
}

static int count(void *arg, const struct kvs_version *version)
{
	(void)version;
	++*(unsigned *)arg;
	return 0;
}

static unsigned versions(void)
{
	unsigned n = 0;

	(void)kvs_transfer_history(&world.t, "k", count, &n, &err);
	return n;
}

static void other_keeps_a_version(void)
{
	static bool done;

	if (!done)
		store_put(FOLDER "00000000000000000002", "somebody else's");
	done = true;
}

static void test_refused(void)
{
	world_calm();
	is_code(in("one\n"), 0, &err, "a file");
	is_uint(versions(), 1, "is a version");
	world.warnings = 0;
	world.trouble[CALL_PUT] = (struct trouble){ .times = 1, .code = KVS_E_DENIED };
	is_code(in("two\n"), 0, &err, "a version that is refused does not matter");
	is_pair("k", "two\n", "the file is there");
	is_uint(world.warnings, 1, "one warning");
	has_str(world.warning, "the history of k is not kept", "says so");
	is_uint(versions(), 1, "none was kept");
	world_calm();
}

static void test_race(void)
{
	world.trouble[CALL_PUT].before = other_keeps_a_version;
	world.trouble[CALL_PUT].times = 1;
	is_code(in("three\n"), 0, &err, "somebody else takes the number");
	world_calm();
	is_stored(FOLDER "00000000000000000002", "somebody else's", "it stays theirs");
	is_uint(versions(), 2, "what was refused before is kept as found");
	is_code(in("four\n"), 0, &err, "another");
	is_stored(FOLDER "00000000000000000001", NULL, "the oldest goes");
}

static void test_limits(void)
{
	params.history.bytes = 10;
	world.warnings = 0;
	is_code(in("more than ten bytes\n"), 0, &err, "a file too big for the history");
	is_pair("k", "more than ten bytes\n", "is there");
	is_uint(world.warnings, 1, "with a warning");
	params.history.versions = 0;
	world.warnings = 0;
	is_code(in("no history\n"), 0, &err, "without a history");
	is_uint(world.warnings, 0, "there is none");
}

static void test_rollback(void)
{
	struct kvs_rollback_params back = { .in = params };
	struct kvs_rollback_result result;
	struct kvs_err before = { .code = 7 };

	params.history = (struct kvs_history_params){ .versions = 9, .bytes = 1000, .cause = "in" };
	params.key = back.in.key = "other";
	is_code(in("only\n"), 0, &err, "one version");
	is_err(kvs_transfer_rollback(&world.t, &back, &result, &err), KVS_E_NOTFOUND, &err,
	       "no version of other is kept but the one in the store; put another file there",
	       "nowhere to go back to");
	is_code(in(""), 0, &err, "an empty one, without a guard");
	is_code(in("next\n"), 0, &err, "and a third");
	back.number = 2;
	is_code(kvs_transfer_rollback(&world.t, &back, &result, &before), 0, &before,
		"back to the empty one");
	is_pair("other", "", "which is there");
	is_uint(result.number, 2, "its number is told");
	is_int(before.code, 7, "success leaves the error alone");
	back.in.guards.min_lines = 1;
	back.number = 0;
	is_code(kvs_transfer_rollback(&world.t, &back, &result, &err), 0, &err, "and back");
	is_pair("other", "next\n", "to what is not there");
	back.number = 2;
	is_err(kvs_transfer_rollback(&world.t, &back, &result, &err), KVS_E_GUARD, &err,
	       "version 2 of other", "a guard");
}

int main(void)
{
	world_begin();
	test_refused();
	test_race();
	test_limits();
	test_rollback();
	return world_end();
}
