/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a watch delivers, shown as text or JSON lines on standard output, or gathered as JSON lines
 * for the standard input of a command.
 */
#ifndef KVS_CLI_WATCH_BATCH_H
#define KVS_CLI_WATCH_BATCH_H

#include "base/buf.h"

#include <kvsync/kvsync.h>

#include <stdbool.h>

enum watch_form {
	WATCH_TEXT,
	WATCH_JSON,
	WATCH_GATHER,
};

struct watch_batch {
	enum watch_form form;
	bool keys_only;
	struct kvs_buf lines; /* WATCH_GATHER: JSON lines since watch_batch_begin() or a RESET */
	uint64_t changes;     /* puts and deletes since then */
	bool snapshot;	      /* it began with a RESET */
	bool news;	      /* something came since watch_batch_begin() or watch_batch_keep() */
	bool complete;	      /* a SYNC closed it: there is a batch to act on */
	uint64_t index;	      /* of the last SYNC */
};

void watch_batch_init(struct watch_batch *b, enum watch_form form, bool keys_only);
void watch_batch_release(struct watch_batch *b);

/* Forgets what was gathered. */
void watch_batch_begin(struct watch_batch *b);

/* Keeps what was gathered: what comes now is added to it, and then makes a batch again. */
void watch_batch_keep(struct watch_batch *b);

/* Takes one event.  Errors: NOMEM, TOOBIG (what is gathered has a cap), SYS (standard output). */
int watch_batch_event(struct watch_batch *b, const struct kvs_event *event, struct kvs_err *err);

#endif
