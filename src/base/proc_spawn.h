/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The part of proc.c that starts the child: its descriptors, signals, group and environment.  For
 * proc.c only.
 */
#ifndef KVS_BASE_PROC_SPAWN_H
#define KVS_BASE_PROC_SPAWN_H

#include "base/proc.h"

#include <sys/types.h>

/* Starts spec's command in a group of its own.  out_fd (borrowed) becomes its output and error
 * output; -1: it keeps ours.  Errors: COMMAND, SYS, NOMEM. */
int kvs_proc_spawn(const struct kvs_proc_spec *spec, int out_fd, pid_t *ret_pid,
		   struct kvs_err *err);

#endif
