/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a file holds, for whoever asked to be told (kvs_transfer.contents).  What does not fit is left
 * out.  For src/transfer only.
 */
#ifndef KVS_TRANSFER_CONTENTS_H
#define KVS_TRANSFER_CONTENTS_H

#include "base/buf.h"

/* The file, which goes nowhere. */
void kvs_contents_refused(struct kvs_buf *contents, struct kvs_str file);

/* How it changes: the hunks of a unified diff.  What cannot be compared is not told. */
void kvs_contents_changed(struct kvs_buf *contents, struct kvs_str before, struct kvs_str after);

#endif
