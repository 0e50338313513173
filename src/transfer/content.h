/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is in a file that travels, as text: counted, sorted, judged.
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

/* GUARD if there are fewer lines than that.  `what` is the file or key, for the message. */
int kvs_content_check_lines(const char *what, uint64_t lines, uint64_t min_lines,
			    struct kvs_err *err);

/* GUARD: there are more bytes than that. */
int kvs_content_too_big(const char *what, uint64_t max_bytes, struct kvs_err *err);

#endif
