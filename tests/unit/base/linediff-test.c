/* SPDX-License-Identifier: Apache-2.0 */
/* Differences of texts: some by hand, and many by chance, which must lead from one text to the other. */
#include "base/linediff.h"
#include "base/myers.h"

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/err.h"
#include "base/str.h"
#include "tests/lib/tap.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static struct kvs_err err;

/* ---- as text ---- */

static void add_range(struct kvs_buf *b, const struct kvs_linediff_range *r)
{
	kvs_buf_fmt(b, "%zu,%zu", r->first, r->n);
}

static int print(void *arg, const struct kvs_linediff_line *line)
{
	static const char marks[] = {
		[KVS_LINEDIFF_SAME] = ' ', [KVS_LINEDIFF_REMOVED] = '-', [KVS_LINEDIFF_ADDED] = '+'
	};
	struct kvs_buf *b = arg;

	if (line->kind == KVS_LINEDIFF_HUNK) {
		kvs_buf_char(b, '@');
		add_range(b, &line->from);
		kvs_buf_char(b, ' ');
		add_range(b, &line->to);
		kvs_buf_char(b, '|');
		return 0;
	}
	kvs_buf_char(b, marks[line->kind]);
	kvs_buf_add(b, line->text.p, line->text.n);
	kvs_buf_str(b, line->unended ? "!|" : "|");
	return 0;
}

static void differs(const char *from, const char *to, size_t context, const char *want,
		    const char *name)
{
	KVS_AUTO_BUF struct kvs_buf got;
	struct kvs_linediff_stat stat;

	kvs_buf_init(&got, 1 << 16);
	kvs_buf_str(&got, "");
	is_code(kvs_linediff(kvs_s(from), kvs_s(to), context, print, &got, &stat, &err), 0, &err,
		"%s", name);
	is_str(got.data, want, "%s: what differs", name);
}

static void test_by_hand(void)
{
	differs("", "", 3, "", "two empty texts");
	differs("a\nb\n", "a\nb\n", 3, "", "equal texts");
	differs("", "a\n", 3, "@0,0 1,1|+a|", "something new");
	differs("a\n", "", 3, "@1,1 0,0|-a|", "nothing left");
	differs("a\n", "b\n", 3, "@1,1 1,1|-a|+b|", "another line");
	differs("a\nb\nc\n", "a\nc\n", 3, "@1,3 1,2| a|-b| c|", "a line less");
	differs("a\nb\nc\n", "a\nc\n", 0, "@2,1 1,0|-b|", "without context");
	differs("1\n2\n3\n4\n5\n6\n7\n8\n9\n", "1\n2\n3\n4\nx\n6\n7\n8\n9\n", 3,
		"@2,7 2,7| 2| 3| 4|-5|+x| 6| 7| 8|", "context on both sides");
	differs("1\n2\n3\n4\n5\n", "x\n2\n3\n4\ny\n", 1, "@1,2 1,2|-1|+x| 2|@4,2 4,2| 4|-5|+y|",
		"two hunks");
	differs("1\n2\n3\n4\n", "x\n2\n3\ny\n", 1, "@1,4 1,4|-1|+x| 2| 3|-4|+y|",
		"hunks that touch are one");
	differs("a\nb", "a\nb\n", 3, "@1,2 1,2| a|-b!|+b|", "a newline at the end");
	differs("a\nb", "a\nc", 3, "@1,2 1,2| a|-b!|+c!|", "no newline at either end");
	differs("a", "b\na", 3, "@1,1 1,2|+b| a!|", "a line that is kept without its newline");
	differs("\n\n", "\n", 3, "@1,2 1,1| |-|", "empty lines");
}

static int stop(void *arg, const struct kvs_linediff_line *line)
{
	*(unsigned *)arg += 1;
	return line->kind == KVS_LINEDIFF_ADDED ? KVS_E_CANCELED : 0;
}

static void test_end(void)
{
	struct kvs_linediff_stat stat = { 7, 7 };
	unsigned told = 0;

	is_int(kvs_linediff(kvs_s("a\n"), kvs_s("b\nc\n"), 3, stop, &told, &stat, &err),
	       KVS_E_CANCELED, "who has heard enough ends it");
	is_uint(told, 3, "at once");
	is_uint(stat.removed, 7, "without a result");
	ok(kvs_linediff_is_binary(kvs_sn("a\0b", 3)), "a NUL is no text");
	ok(!kvs_linediff_is_binary(kvs_s("a\xff\x01")), "other bytes may be");
	ok(!kvs_linediff_is_binary(kvs_s(NULL)), "and so is nothing");
}

/* ---- by chance ---- */

/* Walks through what is told and rebuilds both texts. */
struct walk {
	struct kvs_str from;	   /* not yet passed */
	struct kvs_buf rebuilt[2]; /* from and to */
	size_t lines[2];	   /* passed in each */
	size_t left[2];		   /* of the hunk */
	size_t removed, added, unended;
	bool wrong;
};

static struct kvs_str take_line(struct walk *w)
{
	const char *end = w->from.n ? memchr(w->from.p, '\n', w->from.n) : NULL;
	struct kvs_str line = kvs_sn(w->from.p,
				     end ? (size_t)(end - (const char *)w->from.p) + 1 : w->from.n);

	w->from = kvs_str_skip(w->from, line.n);
	return line;
}

static void keep_line(struct walk *w)
{
	struct kvs_str line = take_line(w);
	int i;

	w->wrong |= line.n == 0;
	for (i = 0; i < 2; i++) {
		kvs_buf_add(&w->rebuilt[i], line.p, line.n);
		w->lines[i]++;
	}
}

static void add_line(struct walk *w, int i, const struct kvs_linediff_line *line)
{
	kvs_buf_add(&w->rebuilt[i], line->text.p, line->text.n);
	if (!line->unended)
		kvs_buf_char(&w->rebuilt[i], '\n');
	w->lines[i]++;
	w->wrong |= w->left[i]-- == 0;
}

static void begin_hunk(struct walk *w, const struct kvs_linediff_line *line)
{
	size_t skipped = line->from.first - (line->from.n > 0);

	w->wrong |= w->left[0] || w->left[1];
	while (w->lines[0] < skipped && !w->wrong)
		keep_line(w);
	w->wrong |= w->lines[1] != line->to.first - (line->to.n > 0);
	w->left[0] = line->from.n;
	w->left[1] = line->to.n;
}

static int walk(void *arg, const struct kvs_linediff_line *line)
{
	struct walk *w = arg;

	switch (line->kind) {
	case KVS_LINEDIFF_HUNK:
		begin_hunk(w, line);
		break;
	case KVS_LINEDIFF_SAME:
		(void)take_line(w);
		add_line(w, 0, line);
		add_line(w, 1, line);
		break;
	case KVS_LINEDIFF_REMOVED:
		(void)take_line(w);
		add_line(w, 0, line);
		w->removed++;
		break;
	case KVS_LINEDIFF_ADDED:
		add_line(w, 1, line);
		w->added++;
		break;
	}
	return 0;
}

/* Does the difference lead from one text to the other?  Returns the lines that changed. */
static size_t leads_there(struct kvs_str from, struct kvs_str to, size_t context)
{
	struct walk w = { .from = from };
	struct kvs_linediff_stat stat;

	kvs_buf_init(&w.rebuilt[0], from.n + 1);
	kvs_buf_init(&w.rebuilt[1], to.n + 1);
	if (kvs_linediff(from, to, context, walk, &w, &stat, &err))
		bail("%s", err.msg);
	while (w.from.n && !w.wrong)
		keep_line(&w);
	w.wrong |= !kvs_str_eq(kvs_buf_slice(&w.rebuilt[0]), from) ||
		   !kvs_str_eq(kvs_buf_slice(&w.rebuilt[1]), to) || w.removed != stat.removed ||
		   w.added != stat.added || w.left[0] || w.left[1];
	kvs_buf_release(&w.rebuilt[0]);
	kvs_buf_release(&w.rebuilt[1]);
	return w.wrong ? SIZE_MAX : stat.removed + stat.added;
}

#define SMALL 24

/* Texts of single letters. */
static struct kvs_str letters(char *room, unsigned alphabet)
{
	size_t n = (size_t)random() % SMALL, i;

	for (i = 0; i < n; i++) {
		room[2 * i] = (char)('a' + random() % alphabet);
		room[2 * i + 1] = '\n';
	}
	return kvs_sn(room, n && random() % 4 == 0 ? 2 * n - 1 : 2 * n);
}

static size_t lines_of(struct kvs_str text)
{
	return (text.n + 1) / 2;
}

static bool same_line(struct kvs_str a, size_t i, struct kvs_str b, size_t k)
{
	return ((const char *)a.p)[2 * i] == ((const char *)b.p)[2 * k] &&
	       (2 * i + 2 <= a.n) == (2 * k + 2 <= b.n);
}

/* The fewest lines that can change, found the slow way. */
static size_t fewest(struct kvs_str a, struct kvs_str b)
{
	size_t common[SMALL + 1][SMALL + 1] = { { 0 } };
	size_t n = lines_of(a), m = lines_of(b), i, k;

	for (i = 1; i <= n; i++)
		for (k = 1; k <= m; k++) {
			size_t most = common[i - 1][k] > common[i][k - 1] ? common[i - 1][k]
									  : common[i][k - 1];

			if (same_line(a, i - 1, b, k - 1) && common[i - 1][k - 1] + 1 > most)
				most = common[i - 1][k - 1] + 1;
			common[i][k] = most;
		}
	return n + m - 2 * common[n][m];
}

static void test_small(void)
{
	unsigned round, wrong = 0, long_way = 0;
	char a[2 * SMALL], b[2 * SMALL];

	srandom(1);
	for (round = 0; round < 20000; round++) {
		unsigned alphabet = 1 + (unsigned)random() % 5;
		struct kvs_str from = letters(a, alphabet), to = letters(b, alphabet);
		size_t changed = leads_there(from, to, (size_t)random() % 4);

		wrong += changed == SIZE_MAX;
		long_way += changed != SIZE_MAX && changed != fewest(from, to);
	}
	is_uint(wrong, 0, "20000 pairs: each difference leads from one text to the other");
	is_uint(long_way, 0, "and is the shortest there is");
}

/* ---- in a hurry ---- */

#define N_IDS 200

/* Leaves each side the same sequence, whatever the time for it? */
static bool agrees(int64_t work)
{
	uint32_t from[N_IDS], to[N_IDS];
	bool gone[2][N_IDS] = { { false } };
	size_t i, k = 0;

	for (i = 0; i < N_IDS; i++) {
		from[i] = (uint32_t)random() % 9;
		to[i] = (uint32_t)random() % 9;
	}
	if (kvs_myers(&(struct kvs_myers_side){ from, N_IDS, gone[0] },
		      &(struct kvs_myers_side){ to, N_IDS, gone[1] }, work, &err))
		bail("%s", err.msg);
	for (i = 0; i < N_IDS; i++) {
		if (gone[0][i])
			continue;
		while (k < N_IDS && gone[1][k])
			k++;
		if (k == N_IDS || from[i] != to[k++])
			return false;
	}
	while (k < N_IDS && gone[1][k])
		k++;
	return k == N_IDS;
}

static void test_hurry(void)
{
	unsigned wrong = 0;
	int64_t work;

	for (work = 0; work < 20000; work += 97)
		wrong += !agrees(work);
	is_uint(wrong, 0, "what there was no time for counts as changed, and the rest is right");
}

/* ---- large ---- */

static void large_text(struct kvs_buf *b, size_t lines, unsigned alphabet)
{
	kvs_buf_init(b, 64 << 20);
	while (lines--)
		kvs_buf_fmt(b, "%ld\n", random() % alphabet);
	if (kvs_buf_failed(b))
		bail("no memory");
}

/* Processor time, so that a busy machine is no failure. */
static void is_bounded(size_t lines, unsigned alphabet, const char *name)
{
	KVS_AUTO_BUF struct kvs_buf a, b;
	clock_t began;

	large_text(&a, lines, alphabet);
	large_text(&b, lines, alphabet);
	began = clock();
	ok(leads_there(kvs_buf_slice(&a), kvs_buf_slice(&b), 3) != SIZE_MAX, "%s", name);
	diag("%s: %.2f s", name, (double)(clock() - began) / CLOCKS_PER_SEC);
	ok(clock() - began < 60 * CLOCKS_PER_SEC, "%s: does not take for ever", name);
}

static void test_large(void)
{
	KVS_AUTO_BUF struct kvs_buf lines;
	struct kvs_linediff_stat stat;
	size_t i;

	is_bounded(100000, 1000000, "texts that have hardly a line in common");
	is_bounded(100000, 2, "texts of two different lines");
	is_bounded(100000, 300, "texts of few different lines");
	kvs_buf_init(&lines, KVS_LINEDIFF_MAX + 1);
	for (i = 0; i <= KVS_LINEDIFF_MAX; i++)
		kvs_buf_char(&lines, '\n');
	is_err(kvs_linediff(kvs_buf_slice(&lines), kvs_s("a\n"), 3, walk, NULL, &stat, &err),
	       KVS_E_TOOBIG, &err, "more than 1048576 lines", "too many lines");
}

int main(void)
{
	test_by_hand();
	test_end();
	test_small();
	test_hurry();
	test_large();
	return tap_end();
}
