/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Waiting longer after each failure: base, then doubled up to max, each time with up to a quarter
 * of jitter, so that a fleet does not come back in step.
 */
#ifndef KVS_BASE_BACKOFF_H
#define KVS_BASE_BACKOFF_H

#include <stdint.h>

struct kvs_backoff {
	uint32_t base_ms;
	uint32_t max_ms;
	uint32_t failures;
};

/* The pause before the next try. */
uint64_t kvs_backoff_next(struct kvs_backoff *b);

static inline void kvs_backoff_reset(struct kvs_backoff *b)
{
	b->failures = 0;
}

#endif
