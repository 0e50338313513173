/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A pipe that may hold something for us, or may be somebody else's.
 */
#ifndef KVS_CLI_EVENT_PIPE_H
#define KVS_CLI_EVENT_PIPE_H

#include "base/buf.h"

#include <kvsync/kvsync.h>

/*
 * Reads all that comes through a pipe until its other end is closed, for at most wait_ms.  If fd is not a
 * pipe, or the first byte is none of `begins`, nothing is taken from it.  ARG (that), TIMEOUT, TOOBIG
 * (buf->max), SYS, NOMEM.
 */
int event_pipe_read(int fd, const char *begins, uint64_t wait_ms, struct kvs_buf *buf,
		    struct kvs_err *err);

#endif
