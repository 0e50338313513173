/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a status, and the words of an error, mean.  Knows nothing of how they came.
 */
#ifndef KVS_CONSUL_STATUS_H
#define KVS_CONSUL_STATUS_H

#include "backends/consul/consul_call.h"

/* 0 (200, 404, 409) or a code with words.  A write is UNCERTAIN unless it certainly did not happen. */
int consul_status_explain(int status, bool write, const struct consul_header *header,
			  struct kvs_str text, struct kvs_err *err);

/* The code of an error of which Consul's words say that nothing was written; 0: they do not. */
int consul_status_of_words(struct kvs_str text);

#endif
