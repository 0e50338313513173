/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whether this process is about to end.  A program that closes its stores only to end at once by
 * _exit() says so before; a backend whose transport is slow to take down then leaves that to the
 * kernel.  Nothing that others rely on may be left out: what was acknowledged stays so.
 */
#ifndef KVS_BASE_LEAVING_H
#define KVS_BASE_LEAVING_H

#include <stdbool.h>

/* From now on stores are closed only to end the process by _exit(). */
void kvsi_leave(void);
bool kvsi_leaving(void);

#endif
