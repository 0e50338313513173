/* SPDX-License-Identifier: Apache-2.0 */
#include "base/cleanup.h"
#include "base/digest.h"
#include "base/str.h"
#include "tests/lib/tap.h"

#include <stdio.h>
#include <string.h>

#define EMPTY "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
#define ABC   "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
/* one million times "a" (FIPS 180) */
#define MILLION "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0"

static void test_vectors(void)
{
	char hex[KVS_SHA256_HEX];
	struct kvs_sha256 h;
	char as[1000];
	int i;

	kvs_sha256_of(kvs_s(""), hex);
	is_str(hex, EMPTY, "nothing");
	kvs_sha256_of(kvs_s("abc"), hex);
	is_str(hex, ABC, "abc");
	memset(as, 'a', sizeof(as));
	kvs_sha256_init(&h);
	for (i = 0; i < 1000; i++)
		kvs_sha256_add(&h, as, sizeof(as));
	kvs_sha256_hex(&h, hex);
	is_str(hex, MILLION, "a million bytes in pieces");
}

static void test_file(void)
{
	KVS_AUTO_FILE FILE *f = tmpfile();
	char hex[KVS_SHA256_HEX] = "untouched";
	struct kvs_err err;
	int i;

	if (!f)
		bail("no temporary file");
	for (i = 0; i < 1000000; i++)
		(void)fputc('a', f);
	rewind(f);
	is_code(kvs_sha256_fd(fileno(f), "it", hex, &err), 0, &err, "a file is read");
	is_str(hex, MILLION, "to its end");
	is_code(kvs_sha256_fd(fileno(f), "it", hex, &err), 0, &err, "at its end");
	is_str(hex, EMPTY, "nothing more comes");
	is_err(kvs_sha256_fd(-1, "it", hex, &err), KVS_E_SYS, &err, "read it: Bad file descriptor",
	       "a failing read names the file");
}

static void test_form(void)
{
	ok(kvs_sha256_is_hex(kvs_s(ABC)), "a digest is a digest");
	ok(!kvs_sha256_is_hex(kvs_s("")), "nothing is none");
	ok(!kvs_sha256_is_hex(kvs_sn(ABC, 63)), "63 digits are none");
	ok(!kvs_sha256_is_hex(kvs_s(ABC "0")), "nor are 65");
	ok(!kvs_sha256_is_hex(kvs_s("BA7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015"
				    "ad")),
	   "nor capitals");
}

int main(void)
{
	test_vectors();
	test_file();
	test_form();
	return tap_end();
}
