/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Time as a seam: everything that waits or stamps asks here.  Tests may set a clock that they
 * move themselves (kvsi_clock_set); the state lives once, in libkvsync.so.
 */
#ifndef KVS_BASE_CLOCK_H
#define KVS_BASE_CLOCK_H

#include <stdint.h>

struct kvs_clock {
	uint64_t (*monotonic_ms)(void);
	uint64_t (*realtime_ms)(void); /* since 1970, UTC */
	uint64_t (*boottime_ms)(void); /* NULL: as monotonic_ms */
};

/* Milliseconds of CLOCK_MONOTONIC; never 0. */
uint64_t kvsi_monotonic_ms(void);
/* Milliseconds since 1970, UTC. */
uint64_t kvsi_realtime_ms(void);
/* Milliseconds of CLOCK_BOOTTIME: since the machine started, its sleep included. */
uint64_t kvsi_boottime_ms(void);
/* NULL puts the system's clock back.  Borrowed. */
void kvsi_clock_set(const struct kvs_clock *clock);

#endif
