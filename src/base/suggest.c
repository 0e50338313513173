/* SPDX-License-Identifier: Apache-2.0 */
#include "base/suggest.h"

#include <string.h>

/* Longer words are no option or key of ours. */
#define WORD_MAX 48

static unsigned min3(unsigned a, unsigned b, unsigned c)
{
	unsigned m = a < b ? a : b;

	return m < c ? m : c;
}

/* Optimal string alignment: insert, delete, replace, or swap two neighbours. */
static unsigned distance(const char *a, size_t n, const char *b, size_t m)
{
	unsigned rows[3][WORD_MAX + 1];
	unsigned *before = rows[0], *last = rows[1], *row = rows[2];

	for (size_t j = 0; j <= m; j++)
		last[j] = (unsigned)j;
	for (size_t i = 1; i <= n; i++) {
		unsigned *spare = before;

		row[0] = (unsigned)i;
		for (size_t j = 1; j <= m; j++) {
			row[j] = min3(last[j] + 1, row[j - 1] + 1,
				      last[j - 1] + (a[i - 1] != b[j - 1]));
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] &&
			    before[j - 2] + 1 < row[j])
				row[j] = before[j - 2] + 1;
		}
		before = last;
		last = row;
		row = spare;
	}
	return last[m];
}

void kvs_suggest(struct kvs_suggestion *s, const char *known)
{
	size_t n = strlen(s->typed), m = strlen(known);
	unsigned d;

	if (n == 0 || n > WORD_MAX || m > WORD_MAX)
		return;
	d = distance(s->typed, n, known, m);
	/* A word that was only begun is as near as one with a slip in it. */
	if (n >= 3 && m > n && memcmp(s->typed, known, n) == 0)
		d = 1;
	if (d > 1 + n / 4 || d >= n || d >= s->distance)
		return;
	s->best = known;
	s->distance = d;
}
