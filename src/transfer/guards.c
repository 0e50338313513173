/* SPDX-License-Identifier: Apache-2.0 */
#include "transfer/guards.h"

#include "base/err.h"
#include "base/str.h"
#include "transfer/common.h"
#include "transfer/content.h"
#include "transfer/require.h"

#include <inttypes.h>

static const char *plural(uint64_t n)
{
	return n == 1 ? "" : "s";
}

static int too_few(const char *what, uint64_t n, const char *unit, uint64_t min,
		   struct kvs_err *err)
{
	return kvs_err_set(err, KVS_E_GUARD,
			   "%s has %" PRIu64 " %s%s, fewer than the %" PRIu64
			   " asked for; --min-%ss lowers that",
			   KVS_Q(kvs_s(what)), n, unit, plural(n), min, unit);
}

int kvs_guards_too_big(const char *what, uint64_t max_bytes, struct kvs_err *err)
{
	return kvs_err_set(err, KVS_E_GUARD,
			   "%s has more than %" PRIu64 " byte%s; --max-bytes raises that",
			   KVS_Q(kvs_s(what)), max_bytes, plural(max_bytes));
}

uint64_t kvs_guards_lines(const struct kvs_guards *guards, struct kvs_str content)
{
	uint64_t lines = kvs_content_lines(content);
	const char *p = content.p;

	if (guards->whole_lines && lines > 1 && p[content.n - 1] != '\n')
		lines--;
	return lines;
}

int kvs_guards_check(const struct kvs_transfer *t, const struct kvs_guards *guards,
		     const char *what, struct kvs_str content, uint64_t lines, struct kvs_err *err)
{
	if (lines < guards->min_lines) {
		kvs_transfer_refuse(t, KVS_REFUSAL_SHORT, NULL);
		return too_few(what, lines, "line", guards->min_lines, err);
	}
	if (content.n < guards->min_bytes)
		return too_few(what, content.n, "byte", guards->min_bytes, err);
	if (guards->max_bytes && content.n > guards->max_bytes)
		return kvs_guards_too_big(what, guards->max_bytes, err);
	return guards->require ? kvs_require_check(guards->require, what, content, err) : 0;
}

int kvs_guards_check_shrink(const struct kvs_guards *guards, const char *what, uint64_t before,
			    uint64_t now, struct kvs_err *err)
{
	unsigned __int128 lost = before > now ? before - now : 0;

	if (!guards->limit_shrink || lost * 100 <= (unsigned __int128)before * guards->max_shrink)
		return 0;
	return kvs_err_set(err, KVS_E_GUARD,
			   "%s would shrink by %u %% (from %" PRIu64 " to %" PRIu64
			   " bytes), more than the %u %% allowed; --max-shrink raises that",
			   KVS_Q(kvs_s(what)), (unsigned)((lost * 100 + before - 1) / before),
			   before, now, guards->max_shrink);
}
