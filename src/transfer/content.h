/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is in a file that travels, as text: counted and sorted.
 */
#ifndef KVS_TRANSFER_CONTENT_H
#define KVS_TRANSFER_CONTENT_H

#include "base/buf.h"

#include <kvsync/kvsync.h>

/* Newlines, plus one if bytes follow the last one; 0 for nothing. */
uint64_t kvs_content_lines(struct kvs_str content);

/*
 * The lines sorted by their bytes, empty ones dropped, equal ones kept.  The last line ends with a
 * newline if it did before.  Replaces the buffer's contents.  NOMEM.
 */
int kvs_content_sort(struct kvs_buf *content, struct kvs_err *err);

#endif
