/* SPDX-License-Identifier: Apache-2.0 */
#include "base/clock.h"

#include <stddef.h>
#include <time.h>

static const struct kvs_clock *the_clock;

static uint64_t read_ms(clockid_t id)
{
	struct timespec ts;

	if (clock_gettime(id, &ts) != 0)
		return 1;
	return (uint64_t)ts.tv_sec * 1000 + (uint64_t)ts.tv_nsec / 1000000;
}

uint64_t kvsi_monotonic_ms(void)
{
	return the_clock ? the_clock->monotonic_ms() : read_ms(CLOCK_MONOTONIC);
}

uint64_t kvsi_realtime_ms(void)
{
	return the_clock ? the_clock->realtime_ms() : read_ms(CLOCK_REALTIME);
}

uint64_t kvsi_boottime_ms(void)
{
	if (!the_clock)
		return read_ms(CLOCK_BOOTTIME);
	return the_clock->boottime_ms ? the_clock->boottime_ms() : the_clock->monotonic_ms();
}

void kvsi_clock_set(const struct kvs_clock *clock)
{
	the_clock = clock;
}
