/* SPDX-License-Identifier: Apache-2.0 */
#include "base/buf.h"
#include "base/cleanup.h"
#include "base/str.h"
#include "tests/lib/tap.h"

#include <string.h>

static void test_appending(void)
{
	KVS_AUTO_BUF struct kvs_buf b;
	int i;

	kvs_buf_init(&b, 10000);
	is_uint(kvs_buf_slice(&b).n, 0, "empty at first");
	kvs_buf_add(&b, NULL, 0);
	is_str(b.data, "", "adding nothing makes an empty string");
	kvs_buf_str(&b, "one");
	kvs_buf_char(&b, ' ');
	kvs_buf_fmt(&b, "%d-%s", 2, "two");
	kvs_buf_add(&b, "\0x", 2);
	is_slice(kvs_buf_slice(&b), kvs_sn("one 2-two\0x", 11), "bytes in the order of the calls");
	is_int(b.data[b.len], '\0', "and a NUL behind");
	kvs_buf_reset(&b);
	is_slice(kvs_buf_slice(&b), kvs_s(""), "reset forgets");
	kvs_buf_escaped(&b, kvs_s("a\n\\x"));
	is_slice(kvs_buf_slice(&b), kvs_s("a\\x0a\\x5cx"), "untrusted bytes for display");
	kvs_buf_reset(&b);
	for (i = 0; i < 1000; i++)
		kvs_buf_fmt(&b, "%03d", i);
	is_uint(b.len, 3000, "it grows");
	ok(memcmp(b.data + 2997, "999", 4) == 0, "with all that was in it");
	is_int(kvs_buf_failed(&b), 0, "and nothing failed");
}

static void test_cap(void)
{
	KVS_AUTO_BUF struct kvs_buf b;
	struct kvs_err err;

	kvs_buf_init(&b, 100);
	kvs_buf_fmt(&b, "%0100d", 1);
	is_code(kvs_buf_check(&b, "the list", &err), 0, &err, "as much as the cap fits");
	is_uint(b.len, 100, "all of it");
	kvs_buf_char(&b, 'x');
	is_int(kvs_buf_failed(&b), KVS_E_TOOBIG, "one more does not");
	is_uint(b.len, 100, "what was there stays");
	kvs_buf_add(&b, "", 0);
	is_int(kvs_buf_failed(&b), KVS_E_TOOBIG, "the failure sticks");
	is_err(kvs_buf_check(&b, "the list", &err), KVS_E_TOOBIG, &err,
	       "the list is over 100 bytes", "and is reported with the number");
	is_code(kvs_buf_check(&b, "the list", NULL), KVS_E_TOOBIG, NULL, "or just as a code");
	kvs_buf_reset(&b);
	is_int(kvs_buf_failed(&b), 0, "reset forgets the failure");
	is_uint(b.size, 101, "and keeps the memory");
	is_int(kvs_buf_reserve(&b, SIZE_MAX) == NULL, 1, "an absurd size is refused");

	kvs_buf_reset(&b);
	kvs_buf_fmt(&b, "%0101d", 1);
	is_int(kvs_buf_failed(&b), KVS_E_TOOBIG, "a single piece over the cap");
	is_uint(b.len, 0, "leaves nothing of it");

	kvs_buf_release(&b);
	is_int(b.data == NULL && b.max == 100, 1, "released, the cap is still known");
	kvs_buf_init(&b, 0);
	kvs_buf_add(&b, "", 0);
	is_int(kvs_buf_failed(&b), 0, "a cap of 0 takes nothing gladly");
	kvs_buf_char(&b, 'x');
	is_int(kvs_buf_failed(&b), KVS_E_TOOBIG, "and refuses a byte");
}

static void test_reserve(void)
{
	KVS_AUTO_BUF struct kvs_buf b;
	char *room;

	kvs_buf_init(&b, 1000);
	kvs_buf_str(&b, "ab");
	room = kvs_buf_reserve(&b, 500);
	if (!ok(room != NULL, "room is given"))
		return;
	is_int(room == b.data + 2, 1, "behind what is there");
	is_uint(b.len, 2, "and not counted yet");
	memset(room, 'z', 500);
	b.len += 500;
	kvs_buf_char(&b, '!');
	is_uint(b.len, 503, "what was used counts");
	is_int(b.data[502], '!', "and the next piece stands behind it");
}

int main(void)
{
	test_appending();
	test_cap();
	test_reserve();
	return tap_end();
}
