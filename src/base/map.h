/* SPDX-License-Identifier: Apache-2.0 */
/*
 * uthash over our allocator.  Without memory an element is simply not added: after HASH_ADD* check
 * kvs_map_added(element).
 */
#ifndef KVS_BASE_MAP_H
#define KVS_BASE_MAP_H

#include "base/alloc.h"

#define HASH_NONFATAL_OOM   1
#define uthash_malloc(n_)   kvs_alloc(n_)
#define uthash_free(p_, n_) kvsi_free(p_)

#include <uthash.h>

#ifdef __clang__
/* uthash's hash function falls through its cases on purpose; only gcc reads its comments. */
#pragma clang diagnostic ignored "-Wimplicit-fallthrough"
#endif

#define kvs_map_added(el_) ((el_)->hh.tbl != NULL)

#endif
