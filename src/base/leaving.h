/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Ending a process without taking everything down first.  A program that closes its stores only to
 * end says so; a backend whose transport is slow to stop then leaves it running and says that, and
 * the program ends by _exit(): threads that still run must not meet the destructors of exit(), and
 * those of large libraries cost time for nothing.  Nothing that others rely on may be left out: what
 * was acknowledged stays so.
 */
#ifndef KVS_BASE_LEAVING_H
#define KVS_BASE_LEAVING_H

#include <stdbool.h>

/* For the program: from now on stores are closed only to end the process. */
void kvsi_leave(void);

/* For a backend's close(): may it leave its transport running?  If so, it does. */
bool kvsi_leaving(void);

/* For the program: did any?  Then it must end by _exit(). */
bool kvsi_left_running(void);

#endif
