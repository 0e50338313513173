/* SPDX-License-Identifier: Apache-2.0 */
#include "base/rand.h"

#include <errno.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

uint64_t kvs_rand_u64(void)
{
	struct timespec now = { 0 };
	uint64_t r;
	ssize_t n;

	do {
		n = getrandom(&r, sizeof(r), GRND_NONBLOCK);
	} while (n < 0 && errno == EINTR);
	if (n == (ssize_t)sizeof(r))
		return r;
	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	r = (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
	r ^= (uint64_t)getpid() << 40 ^ (uint64_t)(uintptr_t)&now;
	/* one round of mixing, so that neighbours in time differ in all digits */
	r *= 0x9e3779b97f4a7c15u;
	return r ^ r >> 32;
}

uint64_t kvs_rand_below(uint64_t below)
{
	uint64_t limit, r;

	if (below == 0)
		return 0;
	limit = UINT64_MAX - UINT64_MAX % below;
	do {
		r = kvs_rand_u64();
	} while (r >= limit);
	return r % below;
}
