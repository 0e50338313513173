/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Base64 of RFC 4648, section 4: with padding, no line breaks.
 */
#ifndef KVS_BASE_BASE64_H
#define KVS_BASE_BASE64_H

#include "base/buf.h"

#include <kvsync/kvsync.h>

/* Appends the encoding of s; failures stick to the buffer. */
void kvs_base64_encode(struct kvs_buf *b, struct kvs_str s);

/* Appends what s encodes.  ARG when it is not base64; otherwise failures stick to the buffer. */
int kvs_base64_decode(struct kvs_buf *b, struct kvs_str s, struct kvs_err *err);

#endif
