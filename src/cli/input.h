/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a command reads: a file, or standard input as "-".
 */
#ifndef KVS_CLI_INPUT_H
#define KVS_CLI_INPUT_H

#include "base/buf.h"

#include <kvsync/kvsync.h>

struct cli;

/* Appends the whole of it; the time that it takes is not the command's.  Errors: SYS; TOOBIG over buf->max; NOMEM. */
int input_read(struct cli *cli, const char *path, struct kvs_buf *buf, struct kvs_err *err);

#endif
