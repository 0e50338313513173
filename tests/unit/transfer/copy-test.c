/* SPDX-License-Identifier: Apache-2.0 */
/* Copies of files from key to key, whatever happens at the same time. */
#include "base/sign.h"
#include "base/str.h"
#include "tests/unit/transfer/world.h"

static struct kvs_signkey *secret, *open_key, *other_key;
static struct kvs_in_result result;
static struct kvs_err err;

static int copy_with(struct kvs_copy_params params)
{
	params.from = params.from ?: "a";
	params.in.key = params.in.key ?: "b";
	params.in.guards.min_lines = params.in.guards.min_lines ?: 1;
	result = (struct kvs_in_result){ 0 };
	return kvs_transfer_copy(&world.t, &params, &result, &err);
}

static int copy(void)
{
	return copy_with((struct kvs_copy_params){ .keep_encoding = true });
}

static void forget_all(void)
{
	static const char *const keys[] = { "kvexpress/a/data",	     "kvexpress/a/checksum",
					    "kvexpress/a/stop",	     "kvexpress/a/signature",
					    "kvexpress/b/data",	     "kvexpress/b/checksum",
					    "kvexpress/b/signature", "kvexpress/b/stop" };
	size_t i;

	world_calm();
	for (i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
		store_delete(keys[i]);
}

static void test_plain(void)
{
	forget_all();
	put_pair("a", "one\ntwo\n");
	is_code(copy(), 0, &err, "a copy");
	ok(result.written, "is written");
	is_uint(result.lines, 2, "with its lines");
	is_uint(world.trouble[CALL_TXN].calls, 1, "in one transaction");
	is_pair("b", "one\ntwo\n", "the copy");
	is_pair("a", "one\ntwo\n", "the original");
	is_code(copy(), 0, &err, "again");
	ok(!result.written, "nothing is to be done");
}

static void test_refusals(void)
{
	forget_all();
	is_err(copy(), KVS_E_NOTFOUND, &err, "there is no kvexpress/a/checksum", "no source");
	put_pair("a", "one\n");
	put_pair("b", "old\n");
	is_err(copy_with((struct kvs_copy_params){ .in.key = "a" }), KVS_E_ARG, &err,
	       "a cannot be copied to itself", "a copy to itself");
	is_code(copy_with((struct kvs_copy_params){ .in.key = "a/data" }), KVS_E_ARG, &err,
		"a copy to part of another");
	is_code(copy_with((struct kvs_copy_params){ .from = "/a" }), KVS_E_ARG, &err,
		"a copy from no key");
	is_err(copy_with((struct kvs_copy_params){ .in.guards = { .min_lines = 2 } }), KVS_E_GUARD,
	       &err, "kvexpress/a/data has 1 line", "too few lines");
	is_err(copy_with((struct kvs_copy_params){ .in.guards = { .max_bytes = 3 } }), KVS_E_GUARD,
	       &err, "kvexpress/a/data has more than 3 bytes", "too many bytes");
	is_err(copy_with((struct kvs_copy_params){ .in.encoding = KVS_ENCODING_ZSTD }), KVS_E_ARG,
	       &err, "kvexpress cannot read zstd", "an encoding that is not allowed");
	store_put("kvexpress/b/stop", "lunch");
	is_err(copy(), KVS_E_FROZEN, &err, "b is stopped until kvsync start lifts it: lunch",
	       "a stopped destination");
	is_code(copy_with((struct kvs_copy_params){ .ignore_stop = true }), KVS_E_FROZEN, &err,
		"which always counts");
	store_delete("kvexpress/b/stop");
	store_put("kvexpress/a/stop", "bad");
	is_err(copy(), KVS_E_FROZEN, &err, "a is stopped", "a stopped source");
	world.trouble[CALL_GET_MANY] = (struct trouble){ .times = 1, .code = KVS_E_DENIED };
	is_code(copy(), KVS_E_DENIED, &err, "a stop that cannot be read");
	is_pair("b", "old\n", "refused: nothing changed");
	is_code(copy_with((struct kvs_copy_params){ .ignore_stop = true }), 0, &err,
		"the stop of the source, if it does not count");
	is_pair("b", "one\n", "is no hindrance");
}

static void other_completes(void)
{
	put_pair("a", "new\n");
}

static void other_writes(void)
{
	put_pair("b", "other\n");
}

static void test_races(void)
{
	forget_all();
	put_pair("a", "old\n");
	store_put("kvexpress/a/data", "new\n");
	world.trouble[CALL_GET_MANY] = (struct trouble){ .skip = 1,
							 .times = 1,
							 .before = other_completes };
	is_code(copy(), 0, &err, "a source that is being written");
	is_pair("b", "new\n", "is read until it matches");

	forget_all();
	put_pair("a", "new\n");
	world.trouble[CALL_TXN] = (struct trouble){ .times = 1, .before = other_writes };
	is_code(copy(), 0, &err, "somebody writes the destination");
	is_pair("b", "new\n", "the last writer wins");

	forget_all();
	put_pair("a", "old\n");
	store_put("kvexpress/a/data", "damaged\n");
	is_err(copy(), KVS_E_INTEGRITY, &err, "does not match its checksum", "a damaged source");
	store_delete("kvexpress/a/data");
	is_err(copy(), KVS_E_INTEGRITY, &err, "is missing though its checksum is there",
	       "half a source");
	is_stored("kvexpress/b/checksum", NULL, "goes nowhere");
}

static int in(const char *key, const char *text, const struct kvs_signkey *sign_key)
{
	const struct kvs_in_params params = {
		.key = key, .file = "f", .fd = -1, .content = kvs_s(text), .sign_key = sign_key
	};
	struct kvs_in_result ignored;

	return kvs_transfer_in(&world.t, &params, &ignored, &err);
}

static int out_signed(const char *key)
{
	const struct kvs_out_params params = {
		.key = key,
		.file = "installed",
		.verify_keys = (const struct kvs_signkey *const *)&open_key,
		.n_verify_keys = 1,
	};
	struct kvs_out_result got;

	return kvs_transfer_out(&world.t, &params, &got, &err);
}

static int copy_verified(const struct kvs_signkey *const *key)
{
	return copy_with((struct kvs_copy_params){
		.keep_encoding = true, .verify_keys = key, .n_verify_keys = 1 });
}

static void test_signatures(void)
{
	forget_all();
	is_code(in("a", "one\n", secret), 0, &err, "a signed source");
	is_code(copy(), 0, &err, "is copied");
	is_stored("kvexpress/b/signature", NULL, "without its signature");
	is_uint(world.warnings, 1, "with a warning");
	has_str(world.warning, "a is signed and b is not", "in words");
	world_calm();
	is_code(copy(), 0, &err, "again");
	is_uint(world.warnings, 0, "there is nothing to warn of");
	is_code(copy_with((struct kvs_copy_params){ .keep_encoding = true, .in.sign_key = secret }),
		0, &err, "a copy that is signed");
	is_uint(world.warnings, 0, "needs no warning");
	is_code(out_signed("b"), 0, &err, "it verifies");
	is_code(copy_verified((const struct kvs_signkey *const *)&open_key), 0, &err,
		"a source by the right key");
	is_err(copy_verified((const struct kvs_signkey *const *)&other_key), KVS_E_INTEGRITY, &err,
	       "kvexpress/a", "one by another key");
	is_code(in("a", "two\n", NULL), 0, &err, "a source that is not signed");
	is_err(copy_verified((const struct kvs_signkey *const *)&open_key), KVS_E_INTEGRITY, &err,
	       "kvexpress/a is not signed", "is refused");
	is_pair("b", "one\n", "refused: nothing changed");
}

int main(void)
{
	char id[KVS_SIGNKEY_ID];

	world_begin();
	if (kvs_signkey_generate("key", "key.pub", id, &err) ||
	    kvs_signkey_generate("other", "other.pub", id, &err) ||
	    kvs_signkey_read_private("key", &secret, &err) ||
	    kvs_signkey_read_public("key.pub", &open_key, &err) ||
	    kvs_signkey_read_public("other.pub", &other_key, &err))
		bail("no keys: %s", err.msg);
	test_plain();
	test_refusals();
	test_races();
	test_signatures();
	kvs_signkey_free(secret);
	kvs_signkey_free(open_key);
	kvs_signkey_free(other_key);
	return world_end();
}
