/* SPDX-License-Identifier: Apache-2.0 */
#include "base/cleanup.h"
#include "base/path.h"
#include "tests/lib/tap.h"

#include <string.h>
#include <unistd.h>

static const struct {
	const char *path;
	const char *clean;
} cleaned[] = {
	{ "", "." },
	{ ".", "." },
	{ "/", "/" },
	{ "//", "/" },
	{ "a", "a" },
	{ "a/", "a" },
	{ "a//b///c", "a/b/c" },
	{ "./a/./b/.", "a/b" },
	{ "a/..", "." },
	{ "a/../..", ".." },
	{ "a/../../b", "../b" },
	{ "../a", "../a" },
	{ "../../a", "../../a" },
	{ "../a/..", ".." },
	{ "../a/../..", "../.." },
	{ "/..", "/" },
	{ "/../a", "/a" },
	{ "/a/..", "/" },
	{ "/a/b/..", "/a" },
	{ "/a/b/../../..", "/" },
	{ "/a/b/../c", "/a/c" },
	{ "/etc//hosts.consul", "/etc/hosts.consul" },
	{ "...", "..." },
	{ "/.../a", "/.../a" },
	{ "..a/b..", "..a/b.." },
	{ "/.hidden", "/.hidden" },
	{ "abc/../../././../def", "../../def" },
};

static void test_clean(void)
{
	size_t i;

	for (i = 0; i < sizeof(cleaned) / sizeof(cleaned[0]); i++) {
		KVS_AUTO_FREE char *got = kvs_path_clean(cleaned[i].path);

		is_str(got, cleaned[i].clean, "\"%s\" cleaned", cleaned[i].path);
	}
}

static void test_absolute(void)
{
	KVS_AUTO_FREE char *rooted = NULL;
	KVS_AUTO_FREE char *relative = NULL;
	char *none = NULL;
	struct kvs_err err;

	is_code(kvs_path_absolute("/a/../b", &rooted, &err), 0, &err, "an absolute path");
	is_str(rooted, "/b", "is only cleaned");
	if (chdir("/tmp") != 0)
		bail("no /tmp");
	is_code(kvs_path_absolute("x/./y", &relative, &err), 0, &err, "a relative one");
	is_str(relative, "/tmp/x/y", "begins in the working directory");
	is_err(kvs_path_absolute("", &none, &err), KVS_E_ARG, &err, "empty",
	       "an empty one is refused");
	ok(!none, "and gives nothing");
}

static void test_parts(void)
{
	static const char *const paths[][3] = {
		{ "/etc/hosts", "/etc", "hosts" },
		{ "/hosts", "/", "hosts" },
		{ "hosts", ".", "hosts" },
		{ "a/b/c", "a/b", "c" },
	};
	size_t i;

	for (i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
		KVS_AUTO_FREE char *dir = kvs_path_dir(paths[i][0]);

		is_str(dir, paths[i][1], "directory of %s", paths[i][0]);
		is_str(kvs_path_base(paths[i][0]), paths[i][2], "name of %s", paths[i][0]);
	}
}

int main(void)
{
	test_clean();
	test_absolute();
	test_parts();
	return tap_end();
}
