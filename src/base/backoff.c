/* SPDX-License-Identifier: Apache-2.0 */
#include "base/backoff.h"

#include <sys/random.h>

static uint64_t jitter(uint64_t range)
{
	uint32_t r = 0;

	/* Without entropy there is no jitter; the pause itself still holds. */
	if (range == 0 || getrandom(&r, sizeof(r), GRND_NONBLOCK) != (ssize_t)sizeof(r))
		return 0;
	return r % range;
}

uint64_t kvs_backoff_next(struct kvs_backoff *b)
{
	uint64_t pause = b->base_ms;
	uint32_t i;

	for (i = 0; i < b->failures && pause < b->max_ms; i++)
		pause *= 2;
	if (pause > b->max_ms)
		pause = b->max_ms;
	b->failures++;
	return pause + jitter(pause / 4 + 1);
}
