/* SPDX-License-Identifier: Apache-2.0 */
/* Loading the configuration: what is taken, and where and how mistakes are told. */
#include "config/config.h"

#include "base/buf.h"
#include "base/err.h"
#include "base/str.h"
#include "tests/lib/tap.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static void collect(void *arg, const struct kvs_config_problem *problem)
{
	kvs_buf_fmt(arg, "%s:%u:%u: %s%s\n", problem->at.file, problem->at.line, problem->at.column,
		    problem->warning ? "warning: " : "", problem->words);
}

/* Parses; the problems are in *ret_told as lines. */
static int parse(const char *yaml, struct kvs_buf *ret_told, struct kvs_config **ret_config)
{
	const struct kvs_config_report report = { collect, ret_told };

	kvs_buf_init(ret_told, 65536);
	kvs_buf_str(ret_told, "");
	return kvs_config_parse("x", kvs_s(yaml), &report, ret_config, NULL);
}

static struct kvs_config *parse_well(const char *yaml)
{
	KVS_AUTO_BUF struct kvs_buf told;
	struct kvs_config *config = NULL;

	if (parse(yaml, &told, &config))
		bail("should be well: %s: %s", yaml, told.data);
	return config;
}

/* ---- what is taken ---- */

static void test_empty(void)
{
	static const char *const empty[] = {
		"", "# nothing\n", "---\n", "{}", "---\n...\n", "~\n"
	};

	for (size_t i = 0; i < sizeof(empty) / sizeof(empty[0]); i++) {
		KVS_AUTO_CONFIG struct kvs_config *config = parse_well(empty[i]);

		is_str(config->prefix, "kvexpress", "defaults in an empty file, form %zu", i);
		is_uint(config->timeout_ms, 10000, "the default of a duration");
		is_str(config->log_level, "warning", "the default of a choice");
		ok(!config->syslog && !config->node_name, "no more than that");
		ok(!kvs_config_default_store(config), "no store");
	}
}

static const char full[] = "stores:\n"
			   "  main:\n"
			   "    backend: etcd\n"
			   "    endpoints: [https://10.0.0.1:2379, https://10.0.0.2:2379]\n"
			   "    ca-file: ca.pem\n"
			   "    dial-timeout: 1s\n"
			   "    operation-timeout: 3000000000\n"
			   "    session-ttl: 5\n"
			   "  east: {url: 'consul://127.0.0.1:8500'}\n"
			   "  short: local:/tmp/x.db\n"
			   "default-store: east\n"
			   "prefix: files\n"
			   "node-name: 007\n"
			   "timeout: 1m30s\n"
			   "log-level: debug\n"
			   "log-format: \"json\"\n"
			   "syslog: yes\n";

static void test_full(void)
{
	KVS_AUTO_CONFIG struct kvs_config *config = parse_well(full);
	const struct kvs_config_store *store = config->stores;

	is_str(config->prefix, "files", "a string");
	is_str(config->node_name, "007", "a string that looks like a number");
	is_uint(config->timeout_ms, 90000, "a duration");
	is_str(config->log_level, "debug", "a choice");
	is_str(config->log_format, "json", "a quoted choice");
	ok(config->syslog, "a boolean");
	is_uint(config->at[KVS_CONFIG_PREFIX].line, 12, "where it stands: line");
	is_uint(config->at[KVS_CONFIG_PREFIX].column, 1, "column");
	is_uint(config->n_stores, 3, "stores");
	is_str(store->name, "main", "the first");
	is_str(store->backend, "etcd", "its backend");
	is_uint(store->n_opts, 7, "its values, the members of a list counted");
	is_str(store->opts[2].value, "https://10.0.0.2:2379", "the second member");
	is_str(store->next->backend, "consul", "a backend that follows from the URL");
	is_str(store->next->url, "consul://127.0.0.1:8500", "the URL");
	is_str(store->next->next->url, "local:/tmp/x.db", "a section that is just a URL");
	is_str(kvs_config_default_store(config)->name, "east", "the default store");
}

static void test_json(void)
{
	KVS_AUTO_CONFIG struct kvs_config *config = parse_well(
		"{\n\t\"prefix\": \"a\\/b\\u00e9\",\n\t\"stores\": {\"m\": {\"backend\": "
		"\"etcd\", \"endpoints\": [\"h:1\"]}}, \"syslog\": true\n}\n");

	is_str(config->prefix, "a/b\xc3\xa9", "JSON is YAML");
	is_str(config->stores->opts[1].value, "h:1", "with its lists");
}

/* A file as cn-infra's etcd plugin has it stands below a store's name as it is. */
static void test_etcd_conf(void)
{
	KVS_AUTO_CONFIG struct kvs_config *config = parse_well(
		"stores:\n"
		"  agent:\n"
		"    insecure-transport: true\n"
		"    dial-timeout: 100000000\n"
		"    operation-timeout: 3000000000\n"
		"    endpoints:\n"
		"     - \"172.17.0.1:2379\"\n"
		"    insecure-skip-tls-verify: false\n"
		"    auto-compact: 0\n"
		"    resync-after-reconnect: false\n"
		"    allow-delayed-start: true\n"
		"    reconnect-interval: 2000000000\n"
		"    session-ttl: 5\n"
		"    cert-file: /c\n"
		"    key-file: /k\n"
		"    ca-file: /a\n"
		"    expand-env-variables: false\n");

	is_str(config->stores->backend, "etcd", "without a backend it is etcd");
	is_str(kvs_config_default_store(config)->name, "agent", "the only store is the default");
}

static void test_expansion(void)
{
	KVS_AUTO_CONFIG struct kvs_config *config = NULL;
	const struct kvs_config_opt *opts;

	(void)setenv("KVS_TEST_HOST", "10.1.2.3", 1);
	config = parse_well(
		"stores:\n"
		"  a: {endpoints: [\"${KVS_TEST_HOST}:1\", \"$KVS_TEST_HOST:2\", \"$-$$\"],\n"
		"      expand-env-variables: true}\n"
		"  b: {user: $KVS_TEST_HOST}\n");
	opts = config->stores->opts;
	is_str(opts[0].value, "10.1.2.3:1", "${NAME}");
	is_str(opts[0].shown, "${KVS_TEST_HOST}:1", "shown as it was written");
	is_str(opts[1].value, "10.1.2.3:2", "$NAME");
	is_str(opts[2].value, "$-$$", "a lone dollar");
	is_str(config->stores->next->opts[0].value, "$KVS_TEST_HOST", "not where nobody asked");
}

/* ---- mistakes ---- */

static const struct {
	const char *yaml;
	const char *told; /* all lines */
} mistakes[] = {
	/* keys */
	{ "prefx: a\n", "x:1:1: unknown key \"prefx\" (did you mean \"prefix\"?)\n" },
	{ "zzz: a\n", "x:1:1: unknown key \"zzz\"\n" },
	{ "\xc3\xa9: 1\nprefix: a\nb\\x1b: 1\n",
	  "x:1:1: unknown key \"\xc3\xa9\"\nx:3:1: unknown key \"b\\x5cx1b\"\n" },
	{ "prefix: a\nlog-level: info\nprefix: b\n",
	  "x:3:1: duplicate key \"prefix\" (first at x:1:1)\n" },
	{ "stores: {}\nstores: {}\n", "x:2:1: duplicate key \"stores\" (first at x:1:1)\n" },
	{ "[a]: b\n", "x:1:1: a key must be a single value, not a list\n" },
	{ "~: b\n", "x:1:1: a key has no value\n" },
	{ "endpoints: [a]\n", "x:1:1: \"endpoints\" is a key of a store; it belongs into a section "
			      "below \"stores\"\n" },
	{ "templates: []\n", "x:1:1: the section \"templates\" is for kvsyncd, which this version "
			     "of kvsync does not have; take it out\n" },
	/* values */
	{ "prefix: [a]\n", "x:1:9: \"prefix\" must be a single value, not a list\n" },
	{ "prefix: {a: b}\n", "x:1:9: \"prefix\" must be a single value, not a mapping\n" },
	{ "prefix:\n", "x:1:8: \"prefix\" has no value\n" },
	{ "prefix: ''\n", "x:1:9: \"prefix\" has no value\n" },
	{ "prefix: ~\n", "x:1:9: \"prefix\" has no value\n" },
	{ "prefix: \"a\\0b\"\n", "x:1:9: \"prefix\" has a NUL byte in it\n" },
	{ "prefix: !include a\n",
	  "x:1:9: \"prefix\" has the tag \"!include\"; tags have no meaning here\n" },
	{ "timeout: 10\n", "x:1:10: \"timeout\": '10' has no unit; expected a duration such as "
			   "500ms, 3s or 1h30m\n" },
	{ "syslog: maybe\n", "x:1:9: \"syslog\": 'maybe' is neither true nor false\n" },
	{ "log-level: loud\n",
	  "x:1:12: \"log-level\": 'loud' is not one of error, warning, notice, "
	  "info, debug\n" },
	{ "default-store: a\n", "x:1:1: \"default-store\" names a, which is no store\n" },
	{ "default-store: mian\nstores: {main: etcd://h}\n",
	  "x:1:1: \"default-store\" names mian, which is no store (did you mean \"main\"?)\n" },
	/* documents */
	{ "a: [b\n", "x:2:1: not YAML: did not find expected ',' or ']', while parsing a flow "
		     "sequence (at line 1)\n" },
	{ "a: b: c\n", "x:1:5: not YAML: mapping values are not allowed in this context\n" },
	{ "# \xc3\xa9\n# \xff\n", "x:2:3: not YAML: invalid leading UTF-8 octet\n" },
	{ "a: \x01\n", "x:1:4: not YAML: control characters are not allowed\n" },
	{ "prefix: *a\n", "x:1:9: not YAML: found undefined alias\n" },
	{ "- a\n", "x:1:1: the top of the file must be a mapping, not a list\n" },
	{ "a\n", "x:1:1: the top of the file must be a mapping, not a single value\n" },
	{ "prefix: a\n---\nprefix: b\n", "x:3:1: a second document begins here; a file has one\n" },
	/* stores */
	{ "stores: [a]\n", "x:1:9: \"stores\" must be a mapping, not a list\n" },
	{ "stores: {m: [a]}\n", "x:1:13: store \"m\" must be a mapping, not a list\n" },
	{ "stores: {m: main}\n", "x:1:13: \"url\" must be a store's URL such as consul://host:8500 "
				 "or local:/path\n" },
	{ "stores: {'a b': {}}\n", "x:1:10: \"a b\" cannot be a store's name: it takes letters, "
				   "digits, \"_\", \"-\" and \".\", at most 64\n" },
	{ "stores: {a: {}, a: {}}\n", "x:1:17: duplicate key \"a\" (first at x:1:10)\n" },
	{ "stores:\n  a:\n    user: b\n    user: c\n",
	  "x:4:5: duplicate key \"user\" (first at x:3:5)\n" },
	{ "stores: {a: {user: [b, c]}}\n",
	  "x:1:21: \"user\" must be a single value, not a list\n"
	  "x:1:24: \"user\" must be a single value, not a list\n" },
	{ "stores: {a: {endpoints: []}}\n", "x:1:25: \"endpoints\" is an empty list\n" },
	{ "stores: {a: {endpoints: {b: c}}}\n",
	  "x:1:25: \"endpoints\" must be a single value, not a mapping\n" },
	{ "stores: {a: {token: s}}\n",
	  "x:1:14: \"token\" is a secret: put it into a file and name that as \"token-file\"\n" },
	{ "stores: {a: {insecure-transport: 2}}\n",
	  "x:1:34: \"insecure-transport\": '2' is neither true nor false\n" },
	{ "stores: {a: {dial-timeout: 5}}\n", "x:1:28: \"dial-timeout\": '5' is less than a "
					      "millisecond; write the unit, as in 500ms or 3s\n" },
	{ "stores: {a: {backend: Etcd}}\n",
	  "x:1:10: \"Etcd\" is not the name of a backend, as consul, etcd or local is\n" },
	{ "stores: {a: {backend: etcd, url: 'consul://h'}}\n",
	  "x:1:23: \"backend\" is etcd, but the URL is for consul\n" },
	{ "stores: {a: {endpoints: h, url: 'consul://h'}}\n",
	  "x:1:25: \"endpoints\" and \"url\" exclude each other\n" },
	{ "stores: {a: {user: $KVS_NO_SUCH, expand-env-variables: on}}\n",
	  "x:1:20: \"user\": the environment has no variable KVS_NO_SUCH\n" },
	{ "stores: {a: {user: '${A', expand-env-variables: on}}\n",
	  "x:1:20: \"user\": \"${\" must be followed by a name and \"}\"\n" },
};

static void test_mistakes(void)
{
	for (size_t i = 0; i < sizeof(mistakes) / sizeof(mistakes[0]); i++) {
		KVS_AUTO_BUF struct kvs_buf told;
		struct kvs_config *config = NULL;

		is_code(parse(mistakes[i].yaml, &told, &config), KVS_E_CONFIG, NULL, "refused: %s",
			mistakes[i].yaml);
		is_str(told.data, mistakes[i].told, "with these words");
		ok(!config, "nothing is handed out");
	}
}

static void test_errors_without_report(void)
{
	struct kvs_config *config = NULL;
	struct kvs_err err;

	is_err(kvs_config_parse("/a/b.yaml", kvs_s("prefix: a\nx: 1\ny: 2\n"), NULL, &config, &err),
	       KVS_E_CONFIG, &err, "/a/b.yaml:2:1: unknown key \"x\"", "the first is the error");
}

/* ---- caps ---- */

static void test_caps(void)
{
	KVS_AUTO_BUF struct kvs_buf yaml, told;
	struct kvs_config *config = NULL;

	kvs_buf_init(&yaml, 1 << 20);
	for (int i = 0; i < 300; i++)
		kvs_buf_fmt(&yaml, "key%d: 1\n", i);
	is_code(parse(yaml.data, &told, &config), KVS_E_CONFIG, NULL, "many mistakes");
	has_str(told.data, "x:100:1: ", "a hundred are told");
	ok(!strstr(told.data, "x:101:1: "), "and no more");
	kvs_buf_release(&told);

	kvs_buf_reset(&yaml);
	kvs_buf_str(&yaml, "stores:\n");
	for (int i = 0; i < 257; i++)
		kvs_buf_fmt(&yaml, "  s%d: {}\n", i);
	is_code(parse(yaml.data, &told, &config), KVS_E_CONFIG, NULL, "many stores");
	is_str(told.data, "x:258:3: more than 256 stores\n", "are refused");
	kvs_buf_release(&told);

	kvs_buf_reset(&yaml);
	kvs_buf_str(&yaml, "stores: {a: {endpoints: [");
	for (int i = 0; i < 501; i++)
		kvs_buf_str(&yaml, "h,");
	kvs_buf_str(&yaml, "]}}\n");
	is_code(parse(yaml.data, &told, &config), KVS_E_CONFIG, NULL, "many values");
	has_str(told.data, "store \"a\" has more than 500 values", "are refused");
	kvs_buf_release(&told);

	kvs_buf_reset(&yaml);
	kvs_buf_fmt(&yaml, "prefix: %04097d\n", 0);
	is_code(parse(yaml.data, &told, &config), KVS_E_CONFIG, NULL, "a long value");
	is_str(told.data, "x:1:9: \"prefix\" is over 4096 bytes\n", "is refused");
	kvs_buf_release(&told);

	kvs_buf_reset(&yaml);
	for (int i = 0; i < 500000; i++)
		kvs_buf_char(&yaml, '{');
	is_code(parse(yaml.data, &told, &config), KVS_E_CONFIG, NULL, "a deep nest");
	is_str(told.data, "x:1:33: more than 32 levels deep\n", "is refused, and soon");
	kvs_buf_release(&told);

	kvs_buf_reset(&yaml);
	for (int i = 0; i < 90000; i++)
		kvs_buf_fmt(&yaml, "- &a%d x\n", i);
	is_code(parse(yaml.data, &told, &config), KVS_E_CONFIG, NULL, "many anchors");
	is_str(told.data, "x:1001:3: more than 1000 anchors\n", "are refused, and soon");
}

/* Aliases cost nothing by themselves, and what they blow up meets the caps. */
static void test_aliases(void)
{
	KVS_AUTO_CONFIG struct kvs_config *config = NULL;
	KVS_AUTO_BUF struct kvs_buf yaml, told;

	config = parse_well(
		"stores: {a: {user: &u me, cert-file: &f /c, key-file: *f}, b: {user: *u}}");
	is_str(config->stores->next->opts[0].value, "me", "an alias works");

	kvs_buf_init(&yaml, 1 << 20);
	kvs_buf_fmt(&yaml, "stores:\n s0: {endpoints: &e [&v \"%04000d\"", 0);
	for (int i = 1; i < 400; i++)
		kvs_buf_str(&yaml, ", *v");
	kvs_buf_str(&yaml, "]}\n");
	for (int i = 1; i < 200; i++)
		kvs_buf_fmt(&yaml, " s%d: {endpoints: *e}\n", i);
	{
		struct kvs_config *none = NULL;

		is_code(parse(yaml.data, &told, &none), KVS_E_CONFIG, NULL, "a bomb of aliases");
		has_str(told.data, "all values together are over 4194304 bytes", "is defused");
	}
	kvs_buf_reset(&yaml);
	kvs_buf_release(&told);
	is_code(parse("stores: &s {a: *s}\n", &told, &config), KVS_E_CONFIG, NULL,
		"a mapping that holds itself is refused");
}

/* ---- files ---- */

static char dir[] = "/tmp/kvs-config-test-XXXXXX";

static const char *in_dir(const char *name)
{
	static char path[200];

	(void)snprintf(path, sizeof(path), "%s/%s", dir, name);
	return path;
}

static void write_file(const char *name, const char *text)
{
	FILE *f = fopen(in_dir(name), "we");

	if (!f || fputs(text, f) < 0 || fclose(f) != 0 || chmod(in_dir(name), 0644) != 0)
		bail("cannot write %s", in_dir(name));
}

static void remove_files(void)
{
	static const char *const made[] = {
		"kvsync.yaml",	       "conf.d/20-b.yml",
		"conf.d/10-c.json",    "conf.d/ignored.txt",
		"conf.d/.hidden.yaml", "conf.d/nodot-yaml",
		"conf.d/30-d.yaml",    "conf.d",
		"flat.yaml",	       "",
	};

	for (size_t i = 0; i < sizeof(made) / sizeof(made[0]); i++)
		(void)remove(in_dir(made[i]));
}

static void test_files(void)
{
	KVS_AUTO_CONFIG struct kvs_config *config = NULL;
	KVS_AUTO_BUF struct kvs_buf told;
	const struct kvs_config_report report = { collect, &told };
	struct kvs_config *none = NULL;
	char path[200], want[600];
	struct kvs_err err;

	kvs_buf_init(&told, 65536);
	(void)snprintf(path, sizeof(path), "%s", in_dir("kvsync.yaml"));
	(void)unlink(path);
	is_err(kvs_config_load(path, NULL, &none, &err), KVS_E_CONFIG, &err,
	       "kvsync.yaml: cannot be read: No such file or directory", "a missing file");
	(void)setenv("KVSYNC_CONFIG", path, 1);
	is_err(kvs_config_load(NULL, NULL, &none, &err), KVS_E_CONFIG, &err, "No such file",
	       "the same by KVSYNC_CONFIG");
	is_err(kvs_config_load(dir, NULL, &none, &err), KVS_E_CONFIG, &err, "Is a directory",
	       "a directory");

	if (mkdir(in_dir("conf.d"), 0700) != 0)
		bail("cannot make conf.d");
	write_file("kvsync.yaml", "prefix: a\nstores: {m: {}}\n");
	write_file("conf.d/20-b.yml", "stores: {b: {}}\n");
	write_file("conf.d/10-c.json", "{\"stores\": {\"c\": \"mem:\"}}");
	write_file("conf.d/ignored.txt", "nonsense");
	write_file("conf.d/.hidden.yaml", "nonsense");
	write_file("conf.d/nodot-yaml", "nonsense");
	if (is_code(kvs_config_load(NULL, NULL, &config, &err), 0, &err, "a file and conf.d")) {
		is_uint(config->n_files, 3, "three files");
		is_str(config->stores->next->name, "c", "in the order of their names");
		is_str(config->stores->next->next->name, "b", "merged");
	}

	write_file("conf.d/30-d.yaml", "log-level: info\nstores: {m: {}}\nprefix: z\n");
	is_code(kvs_config_load(NULL, &report, &none, &err), KVS_E_CONFIG, &err, "duplicates");
	(void)snprintf(want, sizeof(want),
		       "%s/conf.d/30-d.yaml:2:10: duplicate key \"m\" (first at %s:2:10)\n"
		       "%s/conf.d/30-d.yaml:3:1: duplicate key \"prefix\" (first at %s:1:1)\n",
		       dir, path, dir, path);
	is_str(told.data, want, "across files are told with both places");
	is_str(err.msg, "the configuration has 2 errors", "and counted");
}

/* ---- stores ---- */

static void is_opt(const struct kvs_opts *opts, const char *name, size_t i, const char *want)
{
	is_str(kvs_opts_at(opts, name, i), want, "option %s, %zu", name, i);
}

static void test_fill(void)
{
	KVS_AUTO_CONFIG struct kvs_config *config = parse_well(
		"stores:\n"
		"  a: {backend: mem, endpoints: 'h1:1, h2:2,h3', ca-file: ca.pem, user: u}\n"
		"  b: {backend: mem, datacentre: x}\n"
		"  c: {backend: mem, endpoints: [h1, h2], ca-file: /abs}\n"
		"  d: {backend: no-such}\n");
	const struct kvs_config_store *store;
	struct kvs_opts *opts = NULL;
	struct kvs_err err;

	if (kvs_opts_new(&opts, &err) || kvs_opts_add(opts, "user", "me", &err))
		bail("%s", err.msg);
	is_code(kvs_config_fill_opts(config->stores, opts, &err), 0, &err, "fills");
	is_opt(opts, "endpoints", 0, "h1:1");
	is_opt(opts, "endpoints", 2, "h3");
	is_opt(opts, "endpoints", 3, NULL);
	is_opt(opts, "backend", 0, "mem");
	is_opt(opts, "user", 0, "me");
	is_uint(kvs_opts_count(opts, "user"), 1, "what was there goes before the section");
	kvs_opts_free(opts);

	if (kvs_opts_new(&opts, &err))
		bail("%s", err.msg);
	is_code(kvs_config_find_store(config, "c", &store, &err), 0, &err, "a store by its name");
	is_code(kvs_config_fill_opts(store, opts, &err), 0, &err, "fills from a list");
	is_uint(kvs_opts_count(opts, "endpoints"), 2, "all of it");
	is_opt(opts, "ca-file", 0, "/abs");
	is_code(kvs_config_find_store(config, "b", &store, &err), 0, &err, "another");
	is_err(kvs_config_fill_opts(store, opts, &err), KVS_E_CONFIG, &err,
	       "x:3:21: unknown key \"datacentre\"", "a key that the backend does not know");
	is_code(kvs_config_find_store(config, "d", &store, &err), 0, &err, "a third");
	is_err(kvs_config_fill_opts(store, opts, &err), KVS_E_UNSUPPORTED, &err, "no-such",
	       "a backend that is not there");
	is_err(kvs_config_find_store(config, "nope", &store, &err), KVS_E_CONFIG, &err,
	       "no store \"nope\" in the configuration", "no such store");
	ok(!kvs_config_default_store(config), "several stores: none is the default");
	kvs_opts_free(opts);
}

static void test_relative_paths(void)
{
	KVS_AUTO_CONFIG struct kvs_config *config = NULL;
	struct kvs_opts *opts = NULL;
	struct kvs_err err;

	if (kvs_config_parse("/etc/x/y.yaml",
			     kvs_s("stores: {a: {backend: mem, ca-file: d/ca.pem}}"), NULL, &config,
			     &err) ||
	    kvs_opts_new(&opts, &err))
		bail("%s", err.msg);
	is_code(kvs_config_fill_opts(config->stores, opts, &err), 0, &err, "fills");
	is_opt(opts, "ca-file", 0, "/etc/x/d/ca.pem");
	kvs_opts_free(opts);
}

static void test_check(void)
{
	KVS_AUTO_BUF struct kvs_buf told;
	const struct kvs_config_report report = { collect, &told };
	struct kvs_config_summary summary;
	struct kvs_err err;

	kvs_buf_init(&told, 65536);
	write_file("kvsync.yaml", "stores:\n"
				  "  a: {backend: mem, usr: x, foo: [1, 2]}\n"
				  "  b: {backend: no-such, foo: 1}\n"
				  "  c: {backend: 9, token-file: kvsync.yaml}\n"
				  "timeout: x\n");
	is_code(kvs_config_check(in_dir("kvsync.yaml"), &report, &summary, &err), 0, &err,
		"checks everything");
	is_uint(summary.n_errors, 4, "errors");
	is_uint(summary.n_warnings, 2, "warnings");
	is_uint(summary.n_stores, 3, "stores");
	is_uint(summary.n_files, 1, "files");
	has_str(told.data, ":2:21: unknown key \"usr\" (did you mean \"user\"?)\n", "a near key");
	has_str(told.data, ":2:29: unknown key \"foo\"\n", "a key with a list, once");
	has_str(told.data, ":3:3: warning: no-such support is not installed",
		"a backend that is not there is a warning");
	has_str(told.data, ":4:31: warning: everybody on this host may read or change ",
		"a file with a secret that is open to all");
	has_str(told.data, ":5:10: \"timeout\": ", "a mistake that loading finds");
}

static void test_check_endpoints(void)
{
	KVS_AUTO_BUF struct kvs_buf told;
	const struct kvs_config_report report = { collect, &told };
	struct kvs_config_summary summary;
	struct kvs_err err;

	kvs_buf_init(&told, 65536);
	write_file("kvsync.yaml", "stores:\n"
				  "  a: {backend: mem, endpoints: [https://h1, http://h2]}\n"
				  "  b: {backend: mem, endpoints: ['h:99999']}\n"
				  "  c: {backend: mem, endpoints: [h1, h2], srv: x}\n"
				  "  d: {backend: mem, endpoints: 'h1:1,h2:2'}\n");
	is_code(kvs_config_check(in_dir("kvsync.yaml"), &report, &summary, &err), 0, &err,
		"checks endpoints");
	is_uint(summary.n_errors, 3, "three are wrong");
	has_str(told.data, ":2:33: ", "TLS and none do not mix");
	has_str(told.data, ":3:33: ", "a port is at most 65535");
	has_str(told.data, ":4:33: ", "either endpoints or a record");
}

/* ---- showing ---- */

static int show(void *arg, const struct kvs_config_item *item)
{
	kvs_buf_fmt(arg, "%s%s%s=", item->store ? item->store->name : "", item->store ? "." : "",
		    item->key);
	for (size_t i = 0; i < item->n_values; i++)
		kvs_buf_fmt(arg, "%s%s", i ? "," : "", item->values[i]);
	kvs_buf_fmt(arg, "%s\n", item->at.line ? "" : " (default)");
	return 0;
}

static void test_visit(void)
{
	static const char yaml[] =
		"prefix: p\n"
		"stores:\n"
		"  a: {backend: mem, endpoints: [x, y], expand-env-variables: 1,\n"
		"      user: '$HOME', ca-file: ca.pem}\n"
		"  b: {backend: no-such, own: 1}\n";
	KVS_AUTO_CONFIG struct kvs_config *config = NULL;
	KVS_AUTO_BUF struct kvs_buf shown;
	struct kvs_err err;

	if (kvs_config_parse("/etc/x/y.yaml", kvs_s(yaml), NULL, &config, &err))
		bail("%s", err.msg);
	kvs_buf_init(&shown, 65536);
	is_int(kvs_config_visit(config, show, &shown), 0, "shows itself");
	has_str(shown.data, "prefix=p\n", "what is given");
	has_str(shown.data, "timeout=10s (default)\n", "a default");
	has_str(shown.data, "a.endpoints=x,y\n", "a list");
	has_str(shown.data, "a.user=$HOME\n", "what stands in the file, not in the environment");
	has_str(shown.data, "a.dial-timeout=1s (default)\n", "a store's default");
	has_str(shown.data, "a.ca-file=/etc/x/ca.pem\n", "a path in full");
	has_str(shown.data, "b.own=1\n", "what only a missing backend knows");
	ok(!strstr(shown.data, "node-name"), "nothing without a value");
}

int main(void)
{
	if (!mkdtemp(dir))
		bail("no temporary folder");
	(void)unsetenv("KVSYNC_CONFIG");
	test_empty();
	test_full();
	test_json();
	test_etcd_conf();
	test_expansion();
	test_mistakes();
	test_errors_without_report();
	test_caps();
	test_aliases();
	test_fill();
	test_relative_paths();
	test_check();
	test_check_endpoints();
	test_files();
	test_visit();
	remove_files();
	return tap_end();
}
