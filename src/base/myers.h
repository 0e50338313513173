/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What differs between two sequences of numbers: E. W. Myers, "An O(ND) Difference Algorithm and Its
 * Variations", Algorithmica 1 (1986), in its linear-space form.
 *
 * Memory is linear in the lengths.  Where the shortest script would take too long, a longer one is
 * found; it is always a correct one.
 */
#ifndef KVS_BASE_MYERS_H
#define KVS_BASE_MYERS_H

#include <kvsync/kvsync.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Of both sequences together. */
#define KVS_MYERS_MAX ((size_t)1 << 29)

struct kvs_myers_side {
	const uint32_t *at;
	size_t n;
	bool *changed; /* n of them, false at first; becomes true where an element is not kept */
};

/* What is left unchanged is the same sequence on both sides.  After `work` comparisons, what is not
 * known yet counts as changed.  TOOBIG, NOMEM. */
int kvs_myers(const struct kvs_myers_side *from, const struct kvs_myers_side *to, int64_t work,
	      struct kvs_err *err);

#endif
