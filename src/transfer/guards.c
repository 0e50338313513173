/* SPDX-License-Identifier: Apache-2.0 */
#include "transfer/guards.h"

#include "base/err.h"
#include "base/str.h"
#include "transfer/common.h"
#include "transfer/content.h"

#include <inttypes.h>

static int too_few(const char *what, uint64_t n, const char *unit, uint64_t min,
		   struct kvs_err *err)
{
	return kvs_err_set(err, KVS_E_GUARD,
			   "%s has %" PRIu64 " %s%s, fewer than the %" PRIu64
			   " asked for; --min-%ss lowers that",
			   KVS_Q(kvs_s(what)), n, unit, kvs_plural(n), min, unit);
}

int kvs_guards_too_big(const char *what, uint64_t max_bytes, struct kvs_err *err)
{
	return kvs_err_set(err, KVS_E_GUARD,
			   "%s has more than %" PRIu64 " byte%s; --max-bytes raises that",
			   KVS_Q(kvs_s(what)), max_bytes, kvs_plural(max_bytes));
}

/* A last line that is not whole may not count. */
static uint64_t count(const struct kvs_guards *guards, uint64_t newlines, bool open)
{
	return newlines + (open && !(guards->whole_lines && newlines > 0));
}

uint64_t kvs_guards_lines(const struct kvs_guards *guards, struct kvs_str content)
{
	uint64_t lines = kvs_content_lines(content);
	bool open = lines && ((const char *)content.p)[content.n - 1] != '\n';

	return count(guards, lines - open, open);
}

static int check_lines(const struct kvs_transfer *t, const struct kvs_guards *guards,
		       const char *what, uint64_t lines, struct kvs_err *err)
{
	if (lines >= guards->min_lines)
		return 0;
	kvs_transfer_refuse(t, KVS_REFUSAL_SHORT, NULL);
	return too_few(what, lines, "line", guards->min_lines, err);
}

int kvs_guards_check_size(const struct kvs_guards *guards, const char *what, uint64_t bytes,
			  struct kvs_err *err)
{
	if (bytes < guards->min_bytes)
		return too_few(what, bytes, "byte", guards->min_bytes, err);
	if (guards->max_bytes && bytes > guards->max_bytes)
		return kvs_guards_too_big(what, guards->max_bytes, err);
	return 0;
}

int kvs_guards_check(const struct kvs_transfer *t, const struct kvs_guards *guards,
		     const char *what, struct kvs_str content, uint64_t lines, struct kvs_err *err)
{
	int rc = check_lines(t, guards, what, lines, err);

	rc = rc ? rc : kvs_guards_check_size(guards, what, content.n, err);
	return rc || !guards->require ? rc : kvs_require_check(guards->require, what, content, err);
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

/* ---- a file that passes ---- */

int kvs_gauge_init(struct kvs_gauge *gauge, const struct kvs_guards *guards, struct kvs_err *err)
{
	*gauge = (struct kvs_gauge){ .guards = guards };
	kvs_sha256_init(&gauge->sha256);
	return guards->require ? kvs_scan_new(guards->require, &gauge->scan, err) : 0;
}

void kvs_gauge_release(struct kvs_gauge *gauge)
{
	kvs_scan_free(gauge->scan);
	gauge->scan = NULL;
}

static uint64_t count_newlines(struct kvs_str piece)
{
	const char *p = piece.p;
	uint64_t n = 0;

	for (size_t i = 0; i < piece.n; i++)
		n += p[i] == '\n';
	return n;
}

int kvs_gauge_add(struct kvs_gauge *gauge, const char *what, struct kvs_str piece,
		  struct kvs_err *err)
{
	uint64_t max = gauge->guards->max_bytes;

	if (piece.n == 0)
		return 0;
	gauge->bytes += piece.n;
	if (max && gauge->bytes > max)
		return kvs_guards_too_big(what, max, err);
	gauge->newlines += count_newlines(piece);
	gauge->open = ((const char *)piece.p)[piece.n - 1] != '\n';
	kvs_sha256_add(&gauge->sha256, piece.p, piece.n);
	return gauge->scan ? kvs_scan_add(gauge->scan, piece, err) : 0;
}

int kvs_gauge_end(struct kvs_gauge *gauge, const struct kvs_transfer *t, const char *what,
		  uint64_t *ret_lines, char ret_checksum[KVS_SHA256_HEX], struct kvs_err *err)
{
	int rc;

	kvs_sha256_hex(&gauge->sha256, ret_checksum);
	*ret_lines = count(gauge->guards, gauge->newlines, gauge->open);
	rc = check_lines(t, gauge->guards, what, *ret_lines, err);
	rc = rc ? rc : kvs_guards_check_size(gauge->guards, what, gauge->bytes, err);
	return rc || !gauge->scan ? rc : kvs_scan_end(gauge->scan, what, err);
}
