/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who runs this, and where: names for people, in fresh memory.
 */
#ifndef KVS_BASE_WHO_H
#define KVS_BASE_WHO_H

#include <kvsync/kvsync.h>

/* The name of the effective user, or the number.  NULL when there is no memory. */
char *kvs_user_name(void);

/* The host's name as it is.  SYS, NOMEM. */
int kvs_host_name(char **ret_name, struct kvs_err *err);

#endif
