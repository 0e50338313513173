/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Signals that ask a long-running command to end, as something to poll.  A command that was ended
 * so returns 128 + n from run(); main() then cleans up and dies of that very signal, so that shells
 * and supervisors see what happened.
 */
#ifndef KVS_CLI_SIGNALS_H
#define KVS_CLI_SIGNALS_H

#include <kvsync/kvsync.h>

#define SIGNALS_BASE 128

/* From now on HUP, INT and TERM (each unless it was ignored) arrive at *ret_fd only.  Close it when
 * done. */
int signals_open(int *ret_fd, struct kvs_err *err);

/* The next one, or 0; never blocks. */
int signals_read(int fd);

/* Ends the process by the signal. */
void signals_die(int number) __attribute__((noreturn));

#endif
