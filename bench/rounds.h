/* SPDX-License-Identifier: Apache-2.0 */
/* Rounds of a change that many watches wait for: how long until the last one knows.  The first round,
 * in which some watches may still be being made at the server, is played and not counted. */
#ifndef KVS_BENCH_ROUNDS_H
#define KVS_BENCH_ROUNDS_H

#include "bench/bench.h"

#include <stdbool.h>

#define BENCH_MAX_ROUNDS 1000
/* No round takes longer. */
#define BENCH_LIMIT_MS 60000
/* Between rounds, for what the last one left to do. */
#define BENCH_REST_MS 100

struct bench_rounds {
	size_t watches, rounds;
	size_t round; /* 0: the watches are being started; 1: not counted */
	size_t told;  /* watches that know of this round's change */
	double begin;
	double took[BENCH_MAX_ROUNDS];
};

static inline void bench_rounds_begin(struct bench_rounds *b)
{
	b->round++;
	b->told = 0;
	b->begin = bench_now_ms();
}

/* One more watch knows. */
static inline void bench_rounds_told(struct bench_rounds *b)
{
	if (++b->told == b->watches && b->round > 1)
		b->took[b->round - 2] = bench_now_ms() - b->begin;
}

static inline bool bench_rounds_all_told(const struct bench_rounds *b)
{
	if (bench_now_ms() - b->begin > BENCH_LIMIT_MS)
		bench_die("round %zu: only %zu of %zu watches were told within %d s", b->round,
			  b->told, b->watches, BENCH_LIMIT_MS / 1000);
	return b->told == b->watches;
}

static inline void bench_rounds_print(struct bench_rounds *b)
{
	double median = bench_median(b->took, b->rounds);

	printf("median %.2f\nmax %.2f\n", median, b->took[b->rounds - 1]);
}

#endif
