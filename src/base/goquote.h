/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Strings as Go's %q writes them, which is how etcdctl hands keys and values on: in double quotes,
 * with the escapes of the Go specification ("String literals").
 */
#ifndef KVS_BASE_GOQUOTE_H
#define KVS_BASE_GOQUOTE_H

#include "base/buf.h"

#include <kvsync/kvsync.h>

/* Appends what the whole of s, quotes included, stands for.  ARG when it is not such a string; other
 * failures stick to the buffer. */
int kvs_go_unquote(struct kvs_buf *b, struct kvs_str s, struct kvs_err *err);

#endif
