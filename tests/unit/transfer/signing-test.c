/* SPDX-License-Identifier: Apache-2.0 */
/* Signatures in the engine, whatever happens at the same time. */
#include "base/clock.h"
#include "base/sign.h"
#include "base/str.h"
#include "tests/unit/transfer/world.h"

#define DATA	  "kvexpress/k/data"
#define CHECKSUM  "kvexpress/k/checksum"
#define SIGNATURE "kvexpress/k/signature"

static struct kvs_signkey *secret, *open_key;
static struct kvs_in_result result;
static struct kvs_err err;

static int in_with(const char *text, const struct kvs_signkey *key)
{
	const struct kvs_in_params params = { .key = "k",
					      .file = "f",
					      .fd = -1,
					      .guards = { .min_lines = 1, .max_bytes = 1000 },
					      .sign_key = key };

	file_put("f", text, 0600);
	result = (struct kvs_in_result){ 0 };
	return kvs_transfer_in(&world.t, &params, &result, &err);
}

static int in(const char *text)
{
	return in_with(text, secret);
}

static int out(const char *path)
{
	const struct kvs_out_params params = {
		.key = "k",
		.file = path,
		.verify_keys = (const struct kvs_signkey *const *)&open_key,
		.n_verify_keys = 1,
	};
	struct kvs_out_result got;

	return kvs_transfer_out(&world.t, &params, &got, &err);
}

/* The pair stands there, signed; proven by a reader that knows nothing yet. */
static void is_signed(const char *text, const char *name)
{
	static char path[] = "t0";

	path[1]++;
	is_pair("k", text, name);
	is_code(out(path), 0, &err, "%s: it verifies", name);
	is_file(path, text, name);
}

static void forget_all(void)
{
	world_calm();
	store_delete(DATA);
	store_delete(CHECKSUM);
	store_delete(SIGNATURE);
}

static void test_together(void)
{
	forget_all();
	is_code(in("one\n"), 0, &err, "a signed file");
	ok(result.written && result.is_signed, "was written and signed");
	is_uint(world.trouble[CALL_TXN].calls, 1, "in one transaction");
	is_uint(world.trouble[CALL_PUT].calls, 0, "and nothing else");
	is_signed("one\n", "together");
	world_calm();
	is_code(in("one\n"), 0, &err, "again");
	ok(!result.written && result.is_signed, "there is nothing to do");
	is_uint(world.trouble[CALL_TXN].calls, 0, "really not");
}

static void test_in_two(void)
{
	forget_all();
	world.trouble[CALL_TXN] = (struct trouble){ .times = 1, .code = KVS_E_TOOBIG };
	is_code(in("one\n"), 0, &err, "key by key");
	is_signed("one\n", "key by key");
	world_calm();
	world.trouble[CALL_TXN] = (struct trouble){ .times = 1, .code = KVS_E_TOOBIG };
	world.trouble[CALL_PUT] = (struct trouble){ .skip = 2, .times = 1, .code = KVS_E_SYS };
	is_code(in("two\n"), KVS_E_SYS, &err, "a failure before the checksum");
	is_stored(DATA, "two\n", "the data is there");
	is_stored(CHECKSUM, "2c8b08da5ce60398e1f19af0e5dccc744df274b826abe585eaba68c525434806",
		  "the checksum is that of before");
	is_code(out("t"), KVS_E_INTEGRITY, &err, "nobody takes that");
	world_calm();
	is_code(in("two\n"), 0, &err, "the next one repairs it");
	is_signed("two\n", "repaired");
}

static void test_unsigned(void)
{
	forget_all();
	world.warnings = 0;
	is_code(in("one\n"), 0, &err, "a signed file");
	is_code(in_with("two\n", NULL), 0, &err, "written without a key");
	is_stored(SIGNATURE, NULL, "loses its signature");
	is_uint(world.warnings, 1, "with a warning");
	has_str(world.warning, "k was signed and is not any more", "in words");

	is_code(in("one\n"), 0, &err, "a signed file");
	world_calm();
	world.trouble[CALL_TXN] = (struct trouble){ .times = 1, .code = KVS_E_TOOBIG };
	is_code(in_with("two\n", NULL), 0, &err, "written key by key without a key");
	is_stored(SIGNATURE, NULL, "loses its signature as well");
	is_uint(world.trouble[CALL_DELETE].calls, 1, "by a delete");
}

static void other_signs(void)
{
	store_put(SIGNATURE, "somebody's");
}

static void test_races(void)
{
	forget_all();
	world.trouble[CALL_TXN] = (struct trouble){ .times = 1, .before = other_signs };
	is_code(in("one\n"), 0, &err, "somebody signs in between");
	is_uint(world.trouble[CALL_TXN].calls, 2, "it was noticed");
	is_signed("one\n", "the last writer wins");
	forget_all();
	world.trouble[CALL_TXN] = (struct trouble){ .times = 1,
						    .code = KVS_E_UNCERTAIN,
						    .after = true };
	is_code(in("one\n"), 0, &err, "a lost answer");
	is_uint(world.trouble[CALL_TXN].calls, 1, "is found to be a success");
	is_signed("one\n", "after a lost answer");
}

/* ---- clocks ---- */

static uint64_t now = UINT64_C(1767323045678);

static uint64_t realtime(void)
{
	return now;
}

static uint64_t monotonic(void)
{
	return 1;
}

static void test_clock(void)
{
	static const struct kvs_clock clock = { .monotonic_ms = monotonic,
						.realtime_ms = realtime };

	forget_all();
	kvsi_clock_set(&clock);
	is_code(in("one\n"), 0, &err, "a file");
	is_code(out("c"), 0, &err, "is installed");
	now -= 3600 * 1000;
	is_code(in("two\n"), 0, &err, "a clock that was set back");
	is_code(out("c"), 0, &err, "makes no older signature");
	is_file("c", "two\n", "the newer file");
	store_delete(SIGNATURE);
	is_code(in("two\n"), 0, &err, "signed by that clock alone");
	is_err(out("c"), KVS_E_INTEGRITY, &err, "older than the one of the file",
	       "it is older, and refused");
	kvsi_clock_set(NULL);
}

int main(void)
{
	char id[KVS_SIGNKEY_ID];

	world_begin();
	if (kvs_signkey_generate("key", "key.pub", id, &err) ||
	    kvs_signkey_read_private("key", &secret, &err) ||
	    kvs_signkey_read_public("key.pub", &open_key, &err))
		bail("no keys: %s", err.msg);
	test_together();
	test_in_two();
	test_unsigned();
	test_races();
	test_clock();
	kvs_signkey_free(secret);
	kvs_signkey_free(open_key);
	return world_end();
}
