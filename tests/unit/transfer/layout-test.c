/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/lib/tap.h"
#include "transfer/layout.h"

#include <string.h>

static void test_keys(void)
{
	static const char *const good[] = { "hosts",   "canary/hosts", "a.b",	    "...", "data/x",
					    "x/locks", "datas",	       "h\xc3\xa9", "a b" };
	static const char *const bad[][2] = {
		{ "", "the key is empty" },
		{ "/hosts", "empty part" },
		{ "hosts/", "empty part" },
		{ "a//b", "empty part" },
		{ "/", "empty part" },
		{ ".", "\"..\"" },
		{ "a/../b", "\"..\"" },
		{ "..", "\"..\"" },
		{ "a\nb", "\"a\\x0ab\" has a control byte" },
		{ "a\x7f", "control byte" },
		{ "a\xff", "\"a\\xff\" is not UTF-8" },
	};
	static const char *const reserved[][2] = {
		{ "locks", "begins with locks" },
		{ "locks/x", "begins with locks" },
		{ "data", "ends in data" },
		{ "hosts/data", "ends in data" },
		{ "hosts/checksum", "ends in checksum" },
		{ "hosts/stop", "ends in stop" },
		{ "hosts/signature", "ends in signature" },
	};
	struct kvs_err err;
	size_t i;

	for (i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		is_code(kvs_layout_check_key(good[i], KVS_NAMING_WRITE, &err), 0, &err,
			"a good key, %zu", i);
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		is_err(kvs_layout_check_key(bad[i][0], KVS_NAMING_WRITE, &err), KVS_E_ARG, &err,
		       bad[i][1], "a bad key to write, %zu", i);
		is_err(kvs_layout_check_key(bad[i][0], KVS_NAMING_READ, &err), KVS_E_ARG, &err,
		       bad[i][1], "and to read");
	}
	for (i = 0; i < sizeof(reserved) / sizeof(reserved[0]); i++) {
		is_err(kvs_layout_check_key(reserved[i][0], KVS_NAMING_WRITE, &err), KVS_E_ARG,
		       &err, reserved[i][1], "%s may not be written", reserved[i][0]);
		is_code(kvs_layout_check_key(reserved[i][0], KVS_NAMING_READ, &err), 0, &err,
			"but read");
	}
}

static void test_names(void)
{
	KVS_AUTO_NAMES struct kvs_names n;
	struct kvs_names none;
	struct kvs_err err;

	is_code(kvs_names_init(&n, "kvexpress", "canary/hosts", KVS_NAMING_WRITE, &err), 0, &err,
		"names");
	is_str(n.data, "kvexpress/canary/hosts/data", "of the data");
	is_str(n.checksum, "kvexpress/canary/hosts/checksum", "of the checksum");
	is_str(n.stop, "kvexpress/canary/hosts/stop", "of the stop");
	is_err(kvs_names_init(&none, "", "k", KVS_NAMING_WRITE, &err), KVS_E_ARG, &err,
	       "the prefix is empty", "a prefix is needed");
	is_err(kvs_names_init(&none, "a/", "k", KVS_NAMING_WRITE, &err), KVS_E_ARG, &err,
	       "the prefix \"a/\"", "without a slash at its end");
	is_err(kvs_names_init(&none, "/", "k", KVS_NAMING_WRITE, &err), KVS_E_ARG, &err,
	       "empty part", "and more than a slash");
	is_code(kvs_names_init(&none, "/a/b", "k", KVS_NAMING_WRITE, &err), 0, &err,
		"one slash in front");
	is_str(none.data, "/a/b/k/data", "stays");
	kvs_names_release(&none);
	is_err(kvs_names_init(&none, "p", "..", KVS_NAMING_READ, &err), KVS_E_ARG, &err, "the key",
	       "a bad key is refused");
	ok(!none.data, "and makes nothing");
}

static void test_locks(void)
{
	KVS_AUTO_FREE char *lock = NULL;
	KVS_AUTO_FREE char *ours = NULL;
	char *none = NULL;
	struct kvs_err err;

	/* printf %s /etc/hosts | sha256sum */
	is_code(kvs_layout_lock("kvexpress", "/etc/hosts", "web1", KVS_NAMING_READ, &lock, &err), 0,
		&err, "a lock");
	is_str(lock,
	       "kvexpress/locks/"
	       "4a666ea3a3b04a24f574974df10592d51bd191614ee41b02d09f6d13c0c2f52a/web1",
	       "goes by the path's digest and the node");
	is_code(kvs_layout_lock("kvexpress", "/x", NULL, KVS_NAMING_READ, &ours, &err), 0, &err,
		"without a node's name");
	ok(ours && strlen(strrchr(ours, '/')) > 1, "the host's stands there");
	is_err(kvs_layout_lock("kvexpress", "/x", "", KVS_NAMING_READ, &none, &err), KVS_E_ARG,
	       &err, "the node name is empty", "an empty name is refused");
}

/* The names that kvexpress makes of what it is given. */
static void test_free(void)
{
	static const char *const cases[][3] = {
		/* prefix, key, data */
		{ "kvexpress", "/hosts", "kvexpress//hosts/data" },
		{ "kvexpress/", "hosts", "kvexpress//hosts/data" },
		{ "kvexpress", "a//b/", "kvexpress/a//b//data" },
		{ "kvexpress", "locks/data", "kvexpress/locks/data/data" },
		{ "/kvexpress", "hosts", "kvexpress/hosts/data" },
		{ "", "hosts", "hosts/data" },
		{ "", "/hosts", "/hosts/data" },
	};
	KVS_AUTO_FREE char *lock = NULL;
	struct kvs_names n;
	struct kvs_err err;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		is_code(kvs_names_init(&n, cases[i][0], cases[i][1], KVS_NAMING_FREE, &err), 0,
			&err, "prefix \"%s\", key \"%s\"", cases[i][0], cases[i][1]);
		is_str(n.data, cases[i][2], "make that name");
		kvs_names_release(&n);
	}
	is_err(kvs_names_init(&n, "p", "a/../b", KVS_NAMING_FREE, &err), KVS_E_ARG, &err, "\"..\"",
	       "what a server would resolve is refused");
	is_err(kvs_names_init(&n, "p", "", KVS_NAMING_FREE, &err), KVS_E_ARG, &err,
	       "the key is empty", "and no key");
	is_code(kvs_layout_lock("", "/x", "web1", KVS_NAMING_FREE, &lock, &err), 0, &err,
		"a lock without a prefix");
	ok(strncmp(lock, "locks/", 6) == 0, "begins with locks");
}

int main(void)
{
	test_free();
	test_keys();
	test_names();
	test_locks();
	return tap_end();
}
