/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Random numbers from the kernel, for names that must not collide and for spreading retries.
 */
#ifndef KVS_BASE_RAND_H
#define KVS_BASE_RAND_H

#include <stdint.h>

/* 64 random bits.  Never fails: where the kernel gives none, time and address stand in, which is
 * good enough for the uses above and for nothing else. */
uint64_t kvs_rand_u64(void);

/* Evenly from 0 to below - 1; 0 when below is 0. */
uint64_t kvs_rand_below(uint64_t below);

#endif
