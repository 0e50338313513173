/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A host's address within a bounded time.  For src/report only.
 */
#ifndef KVS_REPORT_LOOKUP_H
#define KVS_REPORT_LOOKUP_H

#include "base/endpoint.h"

#include <sys/socket.h>

/* Numbers, and "localhost" for 127.0.0.1, need no time.  UNAVAILABLE (no such name, or it takes
 * longer than that), NOMEM. */
int kvs_lookup(const struct kvs_endpoint *endpoint, unsigned wait_ms,
	       struct sockaddr_storage *ret_address, socklen_t *ret_n, struct kvs_err *err);

#endif
