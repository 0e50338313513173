/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Standard output: text for people, or one JSON object a line.  Bytes from a store are escaped,
 * except by out_raw().  Write errors stick to the stream and are found once, by out_finish().
 */
#ifndef KVS_CLI_OUTPUT_H
#define KVS_CLI_OUTPUT_H

#include "base/json.h"

#include <kvsync/kvsync.h>

#include <stdbool.h>
#include <stdio.h>

void out_raw(struct kvs_str bytes);
void out_escaped(struct kvs_str bytes);
/* printf for our own words. */
void out_text(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* The object as one line. */
int out_json(struct kvs_json *j, struct kvs_err *err);

/* key, value (unless keys_only), index, create_index, version, flags, lease as members. */
void out_json_entry(struct kvs_json *j, const struct kvs_entry *entry, bool keys_only);

/* Could something not be written?  For ending long output early; out_finish() says it. */
bool out_failed(void);

/* Hands everything to the kernel.  SYS when it could not be written; a reader that went away ends
 * the process as SIGPIPE does. */
int out_finish(struct kvs_err *err);

#endif
