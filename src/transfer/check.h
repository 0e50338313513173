/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A command that judges a file: it must end with status 0.  Where its words have "{}" stands the
 * path of the file; such a check can judge a new file before it is in its place.
 */
#ifndef KVS_TRANSFER_CHECK_H
#define KVS_TRANSFER_CHECK_H

#include "transfer/exec.h"

/* Does it name the file that it judges? */
bool kvs_check_names_file(const struct kvs_command *check);

/* ARG for a check that cannot judge a new file before it is in its place: then there is nothing
 * to judge, or --check-installed is to allow it. */
int kvs_check_before_only(const struct kvs_command *check, const char *remedy, struct kvs_err *err);

/* Runs it on the file `path`.  Errors as kvs_command_run(). */
int kvs_check_run(const struct kvs_command *check, const char *path,
		  const struct kvs_subject *subject, int *ret_signal, struct kvs_err *err);

#endif
