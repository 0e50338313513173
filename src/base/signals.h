/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The signals that ask a process to end (HUP, INT, TERM, each unless it is ignored), held back and as
 * something to poll.  For a thread that is the only one, or whose companions block them.
 */
#ifndef KVS_BASE_SIGNALS_H
#define KVS_BASE_SIGNALS_H

#include <kvsync/kvsync.h>

#include <signal.h>

struct kvs_signals {
	int fd; /* readable when one came; -1: nothing is held */
	sigset_t before;
};

#define KVS_SIGNALS_INIT                                                                           \
	{                                                                                          \
		.fd = -1                                                                           \
	}

/* From now on they do not end us and arrive at ret->fd only.  SYS. */
int kvs_signals_hold(struct kvs_signals *ret, struct kvs_err *err);

/* The next one, or 0; never blocks. */
int kvs_signals_read(int fd);

/* As it was before they were held: one that was not read does its work now. */
void kvs_signals_release(struct kvs_signals *signals);

#endif
