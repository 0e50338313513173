/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a URL points to, as if it were a file.
 */
#ifndef KVS_CLI_URL_READ_H
#define KVS_CLI_URL_READ_H

#include "base/buf.h"

#include <kvsync/kvsync.h>

#include <stdint.h>

struct url_source {
	const char *url;     /* http:// or https:// */
	const char *ca_file; /* NULL: the system's authorities */
	uint64_t deadline;   /* CLOCK_MONOTONIC ms; 0: none */
};

/*
 * Appends the whole of it, if the server answers with status 200, redirects followed.  *ret_shown is the
 * URL for messages, without what may be secret in it, in fresh memory, also on failure, unless there is
 * no memory.  Errors, which name the URL: ARG (not such a URL), SYS (another status), UNAVAILABLE (not
 * reached; a status from 500 on; the answer was cut), TIMEOUT, TOOBIG (over content->max), PROTOCOL,
 * CONFIG (the server's certificate, the file of authorities), UNSUPPORTED (the module is not
 * installed), NOMEM.
 */
int url_read(const struct url_source *source, struct kvs_buf *content, char **ret_shown,
	     struct kvs_err *err);

/* The same into a temporary without a name, of at most max bytes: *ret_fd stands at its beginning and is to
 * be closed. */
int url_save(const struct url_source *source, uint64_t max, int *ret_fd, char **ret_shown,
	     struct kvs_err *err);

#endif
