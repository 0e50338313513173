/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A backend whose every answer is the test's, and a clock that the test moves.  Answers given with
 * fake_* are delivered by the next kvs_dispatch().
 */
#ifndef KVS_TESTS_FAKE_H
#define KVS_TESTS_FAKE_H

#include <kvsync/backend.h>

#include "base/replyq.h"

struct fake {
	struct kvs_store *store;
	struct kvs_replyq q;
	/* The request started last, as the backend saw it. */
	uint64_t tag;
	uint32_t kind, flags;
	uint64_t index;
	char key[64]; /* of the request, or of its first op */
	unsigned int started, cancelled;
	/* If set: answers in place of the test; runs inside the start function. */
	void (*on_start)(struct fake *f, const struct kvs_request *req);
	int unsent;	   /* what unsent() says */
	int dispatch_code; /* what dispatch() returns */
};

/* Opens a store on a fake backend with these traits and capabilities. */
void fake_open(struct fake *f, uint64_t traits, uint64_t caps);
void fake_close(struct fake *f);

void fake_entry(struct fake *f, uint64_t tag, const char *key, const char *value, uint64_t mod);
void fake_event(struct fake *f, uint64_t tag, uint32_t type, const char *key, uint64_t index);
void fake_done(struct fake *f, uint64_t tag, int code);

/* Time stands still until it is moved. */
void fake_clock(void);
void fake_clock_move(uint64_t ms);

#endif
