/* SPDX-License-Identifier: Apache-2.0 */
#include "base/parse.h"

#include "base/err.h"
#include "base/str.h"

#include <string.h>

#define NS_PER_MS 1000000u

struct unit {
	const char *name;
	uint64_t scale;
};

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* Digits at *s, which moves behind them; false when there are none or they overflow. */
static bool take_digits(const char **s, uint64_t *ret)
{
	const char *p = *s;
	uint64_t n = 0;

	for (; is_digit(*p); p++)
		if (__builtin_mul_overflow(n, 10, &n) ||
		    __builtin_add_overflow(n, (uint64_t)(*p - '0'), &n))
			return false;
	if (p == *s)
		return false;
	*s = p;
	*ret = n;
	return true;
}

/* The unit that the letters at *s spell out whole; *s moves behind them. */
static const struct unit *take_unit(const char **s, const struct unit *units)
{
	size_t n = 0;

	while ((*s)[n] && !is_digit((*s)[n]))
		n++;
	for (; units->name; units++) {
		if (strlen(units->name) != n || memcmp(units->name, *s, n) != 0)
			continue;
		*s += n;
		return units;
	}
	return NULL;
}

/* Adds what the decimals behind a point are worth; finer than the scale's digits is dropped. */
static bool take_fraction(const char **s, uint64_t *ret_digits, uint64_t *ret_divisor)
{
	const char *p = *s;
	uint64_t digits = 0, divisor = 1;

	if (!is_digit(*p))
		return false;
	for (; is_digit(*p); p++) {
		if (divisor >= 1000000000u)
			continue;
		digits = digits * 10 + (uint64_t)(*p - '0');
		divisor *= 10;
	}
	*s = p;
	*ret_digits = digits;
	*ret_divisor = divisor;
	return true;
}

/* One "1.5h" of a duration, added to *ns. */
static bool take_span(const char **s, uint64_t *ns)
{
	static const struct unit units[] = {
		{ "ns", 1 },
		{ "us", 1000 },
		{ "ms", NS_PER_MS },
		{ "s", 1000000000u },
		{ "m", 60 * 1000000000ull },
		{ "h", 3600 * 1000000000ull },
		{ "d", 86400 * 1000000000ull },
		{ NULL, 0 },
	};
	uint64_t whole, digits = 0, divisor = 1, part;
	const struct unit *unit;

	if (!take_digits(s, &whole))
		return false;
	if (**s == '.' && (++*s, !take_fraction(s, &digits, &divisor)))
		return false;
	unit = take_unit(s, units);
	if (!unit || __builtin_mul_overflow(whole, unit->scale, &whole))
		return false;
	part = (uint64_t)((unsigned __int128)digits * unit->scale / divisor);
	return !__builtin_add_overflow(*ns, whole, ns) && !__builtin_add_overflow(*ns, part, ns);
}

static int bad_duration(const char *s, struct kvs_err *err)
{
	return kvs_err_set(err, KVS_E_ARG,
			   "'%s' is not a duration; expected one such as 500ms, 3s or 1h30m",
			   KVS_Q(kvs_s(s)));
}

static int bare_duration(const char *s, uint64_t n, enum kvs_bare bare, uint64_t *ret_ns,
			 struct kvs_err *err)
{
	if (n == 0 || bare == KVS_BARE_NS) {
		*ret_ns = n;
		return 0;
	}
	if (bare == KVS_BARE_REFUSED)
		return kvs_err_set(
			err, KVS_E_ARG,
			"'%s' has no unit; expected a duration such as 500ms, 3s or 1h30m",
			KVS_Q(kvs_s(s)));
	return __builtin_mul_overflow(n, 1000000000u, ret_ns) ? bad_duration(s, err) : 0;
}

int kvs_parse_duration(const char *s, enum kvs_bare bare, uint64_t *ret_ms, struct kvs_err *err)
{
	const char *p = s;
	uint64_t ns = 0, n;

	if (take_digits(&p, &n) && *p == '\0') {
		int code = bare_duration(s, n, bare, &ns, err);

		if (code)
			return code;
	} else {
		p = s;
		do {
			if (!take_span(&p, &ns))
				return bad_duration(s, err);
		} while (*p);
	}
	if (ns && ns < NS_PER_MS)
		return kvs_err_set(
			err, KVS_E_ARG,
			"'%s' is less than a millisecond; write the unit, as in 500ms or 3s",
			KVS_Q(kvs_s(s)));
	*ret_ms = ns / NS_PER_MS + (ns % NS_PER_MS != 0);
	return 0;
}

int kvs_parse_uint(const char *s, uint64_t min, uint64_t max, uint64_t *ret, struct kvs_err *err)
{
	const char *p = s;
	uint64_t n;

	if (take_digits(&p, &n) && *p == '\0' && n >= min && n <= max) {
		*ret = n;
		return 0;
	}
	if (max == UINT64_MAX && min == 0)
		return kvs_err_set(err, KVS_E_ARG, "'%s' is not a whole number", KVS_Q(kvs_s(s)));
	if (max == UINT64_MAX)
		return kvs_err_set(err, KVS_E_ARG, "'%s' is not a whole number of %llu or more",
				   KVS_Q(kvs_s(s)), (unsigned long long)min);
	return kvs_err_set(err, KVS_E_ARG, "'%s' is not a whole number from %llu to %llu",
			   KVS_Q(kvs_s(s)), (unsigned long long)min, (unsigned long long)max);
}

int kvs_parse_size(const char *s, uint64_t *ret_bytes, struct kvs_err *err)
{
	static const struct unit units[] = {
		{ "", 1 },	   { "B", 1 },		{ "K", 1u << 10 },    { "KiB", 1u << 10 },
		{ "kB", 1000 },	   { "M", 1u << 20 },	{ "MiB", 1u << 20 },  { "MB", 1000000 },
		{ "G", 1u << 30 }, { "GiB", 1u << 30 }, { "GB", 1000000000 }, { NULL, 0 },
	};
	const char *p = s;
	const struct unit *unit;
	uint64_t n;

	if (!take_digits(&p, &n) || !(unit = take_unit(&p, units)) || *p ||
	    __builtin_mul_overflow(n, unit->scale, &n))
		return kvs_err_set(err, KVS_E_ARG,
				   "'%s' is not a size; expected bytes, or a number with K, M or G",
				   KVS_Q(kvs_s(s)));
	*ret_bytes = n;
	return 0;
}

int kvs_parse_mode(const char *s, uint32_t *ret_mode, struct kvs_err *err)
{
	const char *p = s;
	uint32_t mode = 0;

	for (; *p >= '0' && *p <= '7' && mode <= 07777; p++)
		mode = mode << 3 | (uint32_t)(*p - '0');
	if (p == s || *p || mode > 07777)
		return kvs_err_set(err, KVS_E_ARG, "'%s' is not an octal file mode such as 0644",
				   KVS_Q(kvs_s(s)));
	*ret_mode = mode;
	return 0;
}

int kvs_parse_percent(const char *s, uint64_t *ret, struct kvs_err *err)
{
	const char *p = s;
	uint64_t n;

	if (!take_digits(&p, &n) || (*p == '%' ? p[1] : *p) || n > 100)
		return kvs_err_set(err, KVS_E_ARG, "'%s' is not a percentage from 0 to 100",
				   KVS_Q(kvs_s(s)));
	*ret = n;
	return 0;
}

int kvs_parse_bool(const char *s, bool *ret, struct kvs_err *err)
{
	static const struct {
		const char *word;
		bool value;
	} words[] = {
		{ "true", true }, { "false", false }, { "yes", true }, { "no", false },
		{ "on", true },	  { "off", false },   { "1", true },   { "0", false },
	};

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if (strcmp(s, words[i].word) == 0) {
			*ret = words[i].value;
			return 0;
		}
	}
	return kvs_err_set(err, KVS_E_ARG, "'%s' is neither true nor false", KVS_Q(kvs_s(s)));
}
