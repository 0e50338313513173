/* SPDX-License-Identifier: Apache-2.0 */
/* The configuration files of other programs. */
#include "config/flat.h"

#include "base/buf.h"
#include "tests/lib/scratch.h"
#include "tests/lib/tap.h"

#include <stdio.h>

static void collect(void *arg, const struct kvs_config_problem *problem)
{
	kvs_buf_fmt(arg, "%s:%u:%u: %s%s\n", problem->at.file, problem->at.line, problem->at.column,
		    problem->warning ? "warning: " : "", problem->words);
}

static int load_flat(const char *yaml, struct kvs_buf *ret_told, struct kvs_flat **ret_flat)
{
	static const char *const names[] = { "server", "token", "loud", NULL };
	const struct kvs_config_report report = { collect, ret_told };

	FILE *f = fopen(scratch_path("flat.yaml"), "we");

	if (!f || fputs(yaml, f) < 0 || fclose(f) != 0)
		bail("cannot write flat.yaml");
	kvs_buf_init(ret_told, 65536);
	kvs_buf_str(ret_told, "");
	return kvs_flat_load(scratch_path("flat.yaml"), names, &report, ret_flat, NULL);
}

static void test_flat(void)
{
	static const char *const bad[][2] = {
		{ "server: [a, b]\n", ":1:9: server must be a single value, not a list" },
		{ "token: a\ntoken: b\n", ":2:1: duplicate key \"token\"" },
		{ "- server\n", ":1:1: the top of the file must be a mapping" },
		{ "server: 'a\n", "not YAML" },
	};
	KVS_AUTO_FLAT struct kvs_flat *flat = NULL;
	KVS_AUTO_BUF struct kvs_buf told;
	struct kvs_config_pos at;
	struct kvs_err err;

	is_int(load_flat("loud: yes\nserver: h:1\ntoken:\nsever: [1]\n", &told, &flat), 0,
	       "another program's file");
	is_str(kvs_flat_get(flat, 0, &at), "h:1", "a value");
	is_uint(at.line, 2, "and its place");
	is_str(kvs_flat_get(flat, 1, NULL), NULL, "an empty one is none");
	is_str(kvs_flat_get(flat, 2, NULL), "yes", "the last name");
	has_str(told.data,
		":4:1: warning: unknown key \"sever\" is ignored; did you mean \"server\"?",
		"an unknown one is told");
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		KVS_AUTO_BUF struct kvs_buf why;
		struct kvs_flat *none = NULL;

		is_int(load_flat(bad[i][0], &why, &none), KVS_E_CONFIG, "a mistake, %zu", i);
		has_str(why.data, bad[i][1], "is told");
		ok(!none, "nothing is handed out");
	}
	is_err(kvs_flat_load(scratch_path("none.yaml"), (const char *const[]){ NULL }, NULL, &flat,
			     &err),
	       KVS_E_CONFIG, &err, "none.yaml: cannot be read: No such file", "a missing file");
}

int main(void)
{
	(void)scratch_make();
	test_flat();
	return tap_end();
}
