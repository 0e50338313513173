/* SPDX-License-Identifier: Apache-2.0 */
/* Option tables: parsing, bad input, did-you-mean. */
#include "base/opt.h"

#include "tests/lib/tap.h"

#include <string.h>

struct values {
	bool sorted;
	bool quick;
	const char *key;
	const char *file;
	const char *output;
	const char *pack;
	struct kvs_optlist endpoints;
	struct kvs_secret token;
	struct kvs_optnum count, size, wait, mode, share;
};

struct others {
	const char *prefix;
	bool sorted;
};

static const char *const outputs[] = { "plain", "json", NULL };

static const struct kvs_option rows[] = {
	{ "sorted", 'S', KVS_OPTION_FLAG(struct values, sorted), NULL, "" },
	{ "quick", 'q', KVS_OPTION_FLAG(struct values, quick), NULL, "" },
	{ "key", 'k', KVS_OPTION_STRING(struct values, key), "KEY", "" },
	{ "file", 'f', KVS_OPTION_PATH(struct values, file), "FILE", "" },
	{ "output", 0, KVS_OPTION_CHOICE(struct values, output), "FORMAT", "", .choices = outputs },
	{ "pack", 'z', KVS_OPTION_CHOICE(struct values, pack), "FORMAT", "", .choices = outputs,
	  .bare = "plain" },
	{ "endpoint", 's', KVS_OPTION_LIST(struct values, endpoints), "URL", "" },
	{ "count", 'l', KVS_OPTION_UINT(struct values, count), "N", "", .alias = "length", .min = 1,
	  .max = 100 },
	{ "size", 0, KVS_OPTION_SIZE(struct values, size), "SIZE", "" },
	{ "wait", 0, KVS_OPTION_DURATION(struct values, wait), "TIME", "" },
	{ "mode", 'c', KVS_OPTION_MODE(struct values, mode), "MODE", "" },
	{ "share", 0, KVS_OPTION_PERCENT(struct values, share), "PERCENT", "" },
	{ "token", 'T', KVS_OPTION_SECRET(struct values, token), "TOKEN", "" },
	{ NULL },
};

static const struct kvs_option other_rows[] = {
	{ "prefix", 'p', KVS_OPTION_STRING(struct others, prefix), "PREFIX", "" },
	{ "sorted", 0, KVS_OPTION_FLAG(struct others, sorted), NULL, "" },
	{ NULL },
};

struct parse {
	struct values v;
	struct others o;
	char *argv[16];
	int operands;
	int code;
	struct kvs_err err;
};

#define PARSE(how_, ...) parse((how_), (const char *[]){ __VA_ARGS__, NULL })

static struct parse parse(unsigned how, const char *const *words)
{
	static char copies[16][64];
	struct parse p = { .operands = -1 };
	struct kvs_option_set sets[] = { { rows, &p.v }, { NULL, NULL }, { other_rows, &p.o } };
	int n = 0;

	for (; words[n]; n++)
		p.argv[n] = strcpy(copies[n], words[n]);
	p.code = kvs_option_parse(sets, 3, n, p.argv, how, &p.operands, &p.err);
	return p;
}

static void test_types(void)
{
	struct parse p = PARSE(0, "--sorted", "--key", "a=b", "--file=-", "--output=json",
			       "--length", "7", "--size", "2K", "--wait=1.5s", "--mode", "644",
			       "--share=50%");

	is_code(p.code, 0, &p.err, "every type");
	ok(p.v.sorted && !p.v.quick, "flags");
	is_str(p.v.key, "a=b", "a string with a = in it");
	is_str(p.v.file, "-", "a path");
	is_str(p.v.output, "json", "a choice");
	ok(p.v.count.given && p.v.count.value == 7, "a number by the option's other name");
	is_uint(p.v.size.value, 2048, "a size");
	is_uint(p.v.wait.value, 1500, "a duration");
	is_uint(p.v.mode.value, 0644, "a mode");
	is_uint(p.v.share.value, 50, "a percentage");
	is_int(p.operands, 0, "no operands");
}

static void test_forms(void)
{
	struct parse p = PARSE(0, "one", "-Sqk", "key", "two", "-fname", "-p", "x", "-", "--",
			       "--three", "-S");

	is_code(p.code, 0, &p.err, "letters, operands between, and --");
	ok(p.v.sorted && p.v.quick, "bundled flags");
	is_str(p.v.key, "key", "the value of the last in a bundle");
	is_str(p.v.file, "name", "a value that hangs on its letter");
	is_str(p.o.prefix, "x", "an option of another set");
	if (is_int(p.operands, 5, "operands"))
		ok(strcmp(p.argv[0], "one") == 0 && strcmp(p.argv[1], "two") == 0 &&
			   strcmp(p.argv[2], "-") == 0 && strcmp(p.argv[3], "--three") == 0 &&
			   strcmp(p.argv[4], "-S") == 0,
		   "in their order, at the front");
	p = PARSE(0, "--sorted");
	ok(p.v.sorted && !p.o.sorted, "the first set that knows a name wins");
	p = PARSE(0, "--key", "a", "--key", "");
	is_str(p.v.key, "", "the last of two wins, and may be empty");
	p = PARSE(0, "--key", "--sorted");
	is_str(p.v.key, "--sorted", "a value may look like an option");
	p = PARSE(0, "-s", "a,b", "--endpoint=c");
	if (is_uint(p.v.endpoints.n, 2, "a list takes all"))
		is_str(p.v.endpoints.items[1], "c", "in their order");
	kvs_optlist_release(&p.v.endpoints);
	is_uint(p.v.endpoints.n, 0, "and is empty again when released");
}

/* A value that may be left out never is a word of its own. */
static void test_bare(void)
{
	struct parse p = PARSE(0, "--pack", "json");

	is_code(p.code, 0, &p.err, "without its value");
	is_str(p.v.pack, "plain", "it has the one of its row");
	is_int(p.operands, 1, "the next word is an operand");
	p = PARSE(0, "--pack=json");
	is_str(p.v.pack, "json", "with its value");
	p = PARSE(0, "-zSk", "x");
	is_code(p.code, 0, &p.err, "its letter among others");
	ok(p.v.pack && p.v.sorted && p.v.key, "is like a flag");
	p = PARSE(0, "--pack=xml");
	is_err(p.code, KVS_E_ARG, &p.err, "--pack: 'xml' is not one of: plain, json",
	       "a wrong one");
}

static void test_stop(void)
{
	struct parse p = PARSE(KVS_OPTIONS_STOP_AT_OPERAND, "-S", "command", "--unknown");

	is_code(p.code, 0, &p.err, "what follows the first operand is left alone");
	is_int(p.operands, 1, "its index");
	p = PARSE(KVS_OPTIONS_STOP_AT_OPERAND, "-S");
	is_int(p.operands, 1, "no operand: the end");
	p = PARSE(KVS_OPTIONS_STOP_AT_OPERAND, "--", "-S");
	is_int(p.operands, 1, "behind --");
}

static void test_bad(void)
{
	static const struct {
		const char *words[3];
		const char *says;
	} bad[] = {
		{ { "--sortd" }, "unknown option --sortd; did you mean --sorted?" },
		{ { "--sort" }, "did you mean --sorted?" },
		{ { "--endpiont=x" }, "did you mean --endpoint?" },
		{ { "--lenght", "3" }, "did you mean --length?" },
		{ { "--zzzzzz" }, "unknown option --zzzzzz" },
		{ { "--"
		    "\xff" },
		  "unknown option --\\xff" },
		{ { "-Z" }, "unknown option -Z" },
		{ { "-S\xc3\xa9" }, "unknown option -\xc3\xa9" },
		{ { "--key" }, "--key needs a value: KEY" },
		{ { "-k" }, "--key needs a value: KEY" },
		{ { "--sorted=yes" }, "--sorted takes no value" },
		{ { "--file", "" }, "--file: expected a path" },
		{ { "--output", "xml" }, "--output: 'xml' is not one of: plain, json" },
		{ { "--count", "0" }, "--count: '0' is not a whole number from 1 to 100" },
		{ { "--count=101" }, "from 1 to 100" },
		{ { "--size", "big" }, "--size: 'big' is not a size" },
		{ { "--wait", "3" }, "--wait: '3' has no unit" },
		{ { "--share", "101" }, "--share: '101' is not a percentage" },
		{ { "-c", "9" }, "--mode: '9' is not an octal file mode" },
	};

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct parse p = parse(false, bad[i].words);

		is_err(p.code, KVS_E_ARG, &p.err, bad[i].says, "refuses: %s", bad[i].words[0]);
	}
}

static void test_given(void)
{
	struct parse p = PARSE(0, "--count", "1", "--sorted");

	for (const struct kvs_option *row = rows; row->name; row++)
		ok(kvs_option_given(row, &p.v) ==
			   (strcmp(row->name, "count") == 0 || strcmp(row->name, "sorted") == 0),
		   "was --%s given?", row->name);
	is_str(kvs_option_type_name(&rows[0]), "flag", "the name of a type");
}

static void test_secrets(void)
{
	char first[] = "--token=first", letter[] = "-T", second[] = "second", last[] = "-Tlast";
	char *argv[] = { first, letter, second, last };
	struct values v = { 0 };
	const struct kvs_option_set set = { rows, &v };
	struct kvs_err err;
	int n;

	is_code(kvs_option_parse(&set, 1, 4, argv, 0, &n, &err), 0, &err, "secrets");
	is_str(v.token.value, "last", "the last of them wins");
	is_str(first, "--token=", "all are overwritten in argv");
	ok(second[0] == '\0' && second[5] == '\0', "to their last byte");
	is_str(last, "-T", "also behind their letter");
	kvs_options_release(rows, &v);
	ok(!v.token.value, "and given back");
	argv[0] = letter;
	argv[1] = second;
	is_code(kvs_option_parse(&set, 1, 2, argv, 0, &n, &err), 0, &err, "an empty one");
	ok(!v.token.value, "is none");
}

/* What Go's pflag takes. */
static void test_pflag(void)
{
	struct parse p = PARSE(KVS_OPTIONS_PFLAG, "in", "--sorted=true", "-q=false", "-k=a=b", "x",
			       "-Sq=1", "--file", "-f", "true");

	is_code(p.code, 0, &p.err, "options in Go's forms");
	ok(p.v.sorted && p.v.quick, "flags with a value");
	is_str(p.v.key, "a=b", "a letter with =");
	is_str(p.v.file, "-f", "a value that looks like an option");
	is_int(p.operands, 3, "the operands");
	is_str(p.argv[2], "true", "a stray word is one");

	p = PARSE(KVS_OPTIONS_PFLAG, "-S", "--sorted=F", "-qtrue", "-k=", "-f", "x");
	is_code(p.code, 0, &p.err, "more of them");
	ok(!p.v.sorted, "the last of several wins");
	ok(p.v.quick, "-qtrue is -q=true");
	is_str(p.v.key, "=", "-k= is the key =");

	p = PARSE(KVS_OPTIONS_PFLAG, "-qfalse", "-Sqk", "tru");
	ok(p.v.sorted && p.v.quick, "what comes last wins here, too");
	is_str(p.v.key, "tru", "at the end of a bundle");
	p = PARSE(KVS_OPTIONS_PFLAG, "-qfalse");
	ok(p.code == 0 && !p.v.quick, "-qfalse");

	p = PARSE(KVS_OPTIONS_PFLAG, "--sorted=maybe");
	is_err(p.code, KVS_E_ARG, &p.err, "--sorted: 'maybe' is neither true nor false", "no bool");
	p = PARSE(KVS_OPTIONS_PFLAG, "-qtrust");
	is_err(p.code, KVS_E_ARG, &p.err, "unknown option -t", "more than true is a bundle");
	p = PARSE(0, "--sorted=true");
	is_err(p.code, KVS_E_ARG, &p.err, "--sorted takes no value", "ours takes none");
	p = PARSE(0, "-k=x");
	is_str(p.v.key, "=x", "nor an = behind a letter");
}

int main(void)
{
	test_types();
	test_forms();
	test_bare();
	test_stop();
	test_bad();
	test_given();
	test_secrets();
	test_pflag();
	return tap_end();
}
