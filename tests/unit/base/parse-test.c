/* SPDX-License-Identifier: Apache-2.0 */
/* Words to numbers. */
#include "base/parse.h"

#include "tests/lib/tap.h"

static void test_durations(void)
{
	static const struct {
		const char *word;
		enum kvs_bare bare;
		uint64_t ms;
	} good[] = {
		{ "500ms", KVS_BARE_REFUSED, 500 },
		{ "3s", KVS_BARE_REFUSED, 3000 },
		{ "1.5s", KVS_BARE_REFUSED, 1500 },
		{ "0.001s", KVS_BARE_REFUSED, 1 },
		{ "5m", KVS_BARE_REFUSED, 300000 },
		{ "1h30m", KVS_BARE_REFUSED, 5400000 },
		{ "1h0m0s", KVS_BARE_REFUSED, 3600000 },
		{ "7d", KVS_BARE_REFUSED, 604800000 },
		{ "1500us", KVS_BARE_REFUSED, 2 },
		{ "1ms1ns", KVS_BARE_REFUSED, 2 },
		{ "2000000ns", KVS_BARE_REFUSED, 2 },
		{ "0", KVS_BARE_REFUSED, 0 },
		{ "0s", KVS_BARE_REFUSED, 0 },
		{ "1000000", KVS_BARE_NS, 1 },
		{ "3000000000", KVS_BARE_NS, 3000 },
		{ "3s", KVS_BARE_NS, 3000 },
		{ "10", KVS_BARE_S, 10000 },
		{ "10ms", KVS_BARE_S, 10 },
		{ "18446744073709551615ns", KVS_BARE_REFUSED, 18446744073710 },
	};

	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		struct kvs_err err = { 0 };
		uint64_t ms = 77;

		if (is_code(kvs_parse_duration(good[i].word, good[i].bare, &ms, &err), 0, &err,
			    "takes %s", good[i].word))
			is_uint(ms, good[i].ms, "%s in milliseconds", good[i].word);
	}
}

static void test_bad_durations(void)
{
	static const struct {
		const char *word;
		enum kvs_bare bare;
		const char *says;
	} bad[] = {
		{ "", KVS_BARE_REFUSED, "is not a duration" },
		{ "3", KVS_BARE_REFUSED, "has no unit" },
		{ "s", KVS_BARE_REFUSED, "is not a duration" },
		{ "3x", KVS_BARE_REFUSED, "is not a duration" },
		{ "-3s", KVS_BARE_REFUSED, "is not a duration" },
		{ "3 s", KVS_BARE_REFUSED, "is not a duration" },
		{ "3s ", KVS_BARE_REFUSED, "is not a duration" },
		{ "1.s", KVS_BARE_REFUSED, "is not a duration" },
		{ "1.5", KVS_BARE_REFUSED, "is not a duration" },
		{ "1h30", KVS_BARE_REFUSED, "is not a duration" },
		{ "999us", KVS_BARE_REFUSED, "less than a millisecond" },
		{ "10", KVS_BARE_NS, "less than a millisecond" },
		{ "18446744073709551616ns", KVS_BARE_REFUSED, "is not a duration" },
		{ "300000d", KVS_BARE_REFUSED, "is not a duration" },
		{ "99999999999999999", KVS_BARE_S, "is not a duration" },
	};

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct kvs_err err = { 0 };
		uint64_t ms = 77;
		int code = kvs_parse_duration(bad[i].word, bad[i].bare, &ms, &err);

		is_err(code, KVS_E_ARG, &err, bad[i].says, "refuses '%s'", bad[i].word);
		is_uint(ms, 77, "and leaves the result alone");
	}
}

static void test_uints(void)
{
	struct kvs_err err = { 0 };
	uint64_t n = 0;

	is_code(kvs_parse_uint("18446744073709551615", 0, UINT64_MAX, &n, &err), 0, &err,
		"the largest number");
	is_uint(n, UINT64_MAX, "as it is");
	is_err(kvs_parse_uint("18446744073709551616", 0, UINT64_MAX, &n, &err), KVS_E_ARG, &err,
	       "is not a whole number", "one more");
	is_err(kvs_parse_uint("-1", 0, UINT64_MAX, &n, &err), KVS_E_ARG, &err, "'-1'", "a sign");
	is_err(kvs_parse_uint("0x10", 0, UINT64_MAX, &n, &err), KVS_E_ARG, &err, "'0x10'", "hex");
	is_err(kvs_parse_uint("", 0, UINT64_MAX, &n, &err), KVS_E_ARG, &err, "''", "nothing");
	is_err(kvs_parse_uint("0", 1, UINT64_MAX, &n, &err), KVS_E_ARG, &err, "1 or more",
	       "below the least");
	is_err(kvs_parse_uint("11", 1, 10, &n, &err), KVS_E_ARG, &err, "from 1 to 10",
	       "above the most");
	is_code(kvs_parse_uint("10", 1, 10, &n, &err), 0, &err, "at the bound");
}

static void test_sizes(void)
{
	static const struct {
		const char *word;
		uint64_t bytes;
	} good[] = {
		{ "0", 0 },	     { "4096", 4096 },	    { "4096B", 4096 },
		{ "64K", 65536 },    { "64KiB", 65536 },    { "64kB", 64000 },
		{ "2M", 2097152 },   { "2MB", 2000000 },    { "1G", 1073741824 },
		{ "1GiB", 1 << 30 }, { "1GB", 1000000000 },
	};
	static const char *const bad[] = { "", "K", "1.5M", "1 M", "1T", "-1", "99999999999G" };
	struct kvs_err err = { 0 };
	uint64_t n;

	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		is_code(kvs_parse_size(good[i].word, &n, &err), 0, &err, "takes %s", good[i].word);
		is_uint(n, good[i].bytes, "%s in bytes", good[i].word);
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		is_err(kvs_parse_size(bad[i], &n, &err), KVS_E_ARG, &err, "is not a size",
		       "refuses '%s'", bad[i]);
}

static void test_modes(void)
{
	static const char *const bad[] = { "", "8", "644 ", "rw", "10000", "-1", "0o644" };
	struct kvs_err err = { 0 };
	uint32_t mode;

	is_code(kvs_parse_mode("644", &mode, &err), 0, &err, "without a 0 in front");
	is_uint(mode, 0644, "octal all the same");
	is_code(kvs_parse_mode("00644", &mode, &err), 0, &err, "with two of them");
	is_uint(mode, 0644, "still octal");
	is_code(kvs_parse_mode("7777", &mode, &err), 0, &err, "all bits");
	is_uint(mode, 07777, "all bits");
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		is_err(kvs_parse_mode(bad[i], &mode, &err), KVS_E_ARG, &err, "is not an octal",
		       "refuses '%s'", bad[i]);
}

static void test_percents(void)
{
	static const char *const bad[] = { "", "%", "101", "-1", "50 %", "5.5", "50%%", "half" };
	struct kvs_err err = { 0 };
	uint64_t n = 7;

	is_code(kvs_parse_percent("0", &n, &err), 0, &err, "nothing");
	is_uint(n, 0, "is a percentage");
	is_code(kvs_parse_percent("100%", &n, &err), 0, &err, "all, with its sign");
	is_uint(n, 100, "is one, too");
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		is_err(kvs_parse_percent(bad[i], &n, &err), KVS_E_ARG, &err, "is not a percentage",
		       "refuses '%s'", bad[i]);
}

static void test_bools(void)
{
	struct kvs_err err = { 0 };
	bool on = false;

	is_code(kvs_parse_bool("yes", &on, &err), 0, &err, "yes");
	ok(on, "is true");
	is_code(kvs_parse_bool("0", &on, &err), 0, &err, "0");
	ok(!on, "is false");
	is_err(kvs_parse_bool("TRUE", &on, &err), KVS_E_ARG, &err, "neither true nor false",
	       "case counts");
	is_err(kvs_parse_bool("", &on, &err), KVS_E_ARG, &err, "''", "nothing");
}

int main(void)
{
	test_durations();
	test_bad_durations();
	test_uints();
	test_sizes();
	test_modes();
	test_percents();
	test_bools();
	return tap_end();
}
