/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Moments as text: RFC 3339 in UTC with milliseconds, "2026-01-02T03:04:05.678Z".
 */
#ifndef KVS_BASE_STAMP_H
#define KVS_BASE_STAMP_H

#include <stdbool.h>
#include <stdint.h>

#define KVS_STAMP_SIZE sizeof("2026-01-02T03:04:05.678Z")

/* Writes ms since 1970, UTC.  False, and nothing written, for what lies behind the year 9999. */
bool kvs_stamp(uint64_t ms, char ret_text[KVS_STAMP_SIZE]);

#endif
