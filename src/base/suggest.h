/* SPDX-License-Identifier: Apache-2.0 */
/*
 * "did you mean": the known word that an unknown one was probably meant to be.
 */
#ifndef KVS_BASE_SUGGEST_H
#define KVS_BASE_SUGGEST_H

#include <limits.h>

struct kvs_suggestion {
	const char *typed; /* borrowed */
	const char *best;  /* NULL: nothing is near enough */
	unsigned distance;
};

#define KVS_SUGGESTION(typed_)                                                                     \
	{                                                                                          \
		.typed = (typed_), .distance = UINT_MAX                                            \
	}

/* Offers one known word; the nearest so far is kept.  Borrows `known` as long as *s is used. */
void kvs_suggest(struct kvs_suggestion *s, const char *known);

#endif
