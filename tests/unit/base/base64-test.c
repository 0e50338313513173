/* SPDX-License-Identifier: Apache-2.0 */
/* Base64: the vectors of RFC 4648, all bytes, what is not base64. */
#include "base/base64.h"

#include "base/cleanup.h"
#include "base/str.h"
#include "tests/lib/tap.h"

static void test_vectors(void)
{
	static const char *const vectors[][2] = {
		{ "", "" },
		{ "f", "Zg==" },
		{ "fo", "Zm8=" },
		{ "foo", "Zm9v" },
		{ "foob", "Zm9vYg==" },
		{ "fooba", "Zm9vYmE=" },
		{ "foobar", "Zm9vYmFy" },
	};

	for (size_t i = 0; i < sizeof(vectors) / sizeof(vectors[0]); i++) {
		struct kvs_buf coded KVS_AUTO_BUF, plain KVS_AUTO_BUF;
		struct kvs_err err = { 0 };

		kvs_buf_init(&coded, 100);
		kvs_buf_init(&plain, 100);
		kvs_base64_encode(&coded, kvs_s(vectors[i][0]));
		is_slice(kvs_buf_slice(&coded), kvs_s(vectors[i][1]), "encodes '%s'",
			 vectors[i][0]);
		is_code(kvs_base64_decode(&plain, kvs_s(vectors[i][1]), &err), 0, &err,
			"decodes '%s'", vectors[i][1]);
		is_slice(kvs_buf_slice(&plain), kvs_s(vectors[i][0]), "to what it was");
	}
}

static void test_all_bytes(void)
{
	struct kvs_buf coded KVS_AUTO_BUF, plain KVS_AUTO_BUF;
	unsigned char all[256];

	for (size_t i = 0; i < sizeof(all); i++)
		all[i] = (unsigned char)i;
	kvs_buf_init(&coded, 1000);
	kvs_buf_init(&plain, 1000);
	kvs_base64_encode(&coded, kvs_sn(all, sizeof(all)));
	is_code(kvs_base64_decode(&plain, kvs_buf_slice(&coded), NULL), 0, NULL, "every byte");
	is_slice(kvs_buf_slice(&plain), kvs_sn(all, sizeof(all)), "comes back");
}

static void test_bad(void)
{
	static const char *const bad[] = { "Z",	       "Zg",   "Zg=",  "Zg== ", "Z===",	   "====",
					   "Zg==Zg==", "Zm9*", "Zm-_", "Z=9v",	"\n\n\n\n" };

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct kvs_buf plain KVS_AUTO_BUF;
		struct kvs_err err = { 0 };

		kvs_buf_init(&plain, 100);
		is_err(kvs_base64_decode(&plain, kvs_s(bad[i]), &err), KVS_E_ARG, &err, "base64",
		       "refuses '%s'", bad[i]);
		is_uint(plain.len, 0, "and appends nothing");
	}
}

static void test_cap(void)
{
	struct kvs_buf b KVS_AUTO_BUF;

	kvs_buf_init(&b, 7);
	kvs_base64_encode(&b, kvs_s("foob"));
	is_int(kvs_buf_failed(&b), KVS_E_TOOBIG, "more than the buffer takes sticks");
}

int main(void)
{
	test_vectors();
	test_all_bytes();
	test_bad();
	test_cap();
	return tap_end();
}
