/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The options that every kind of store takes, for the configuration loader and the manual's lint.
 * A backend may ignore those that mean nothing to it.
 */
#ifndef KVS_CORE_COMMON_OPTS_H
#define KVS_CORE_COMMON_OPTS_H

#include <kvsync/backend.h>

/* Ends with a row whose name is NULL. */
extern const struct kvs_backend_opt kvsi_common_opts[];

/* Is the value what the row's type wants?  ARG with words that fit behind the option's name. */
int kvsi_opt_check_value(const struct kvs_backend_opt *row, const char *value, struct kvs_err *err);

/* The own options of a backend (loads its module): borrowed for ever, NULL if it has none.
 * UNSUPPORTED if it is not installed. */
int kvsi_backend_opts(const char *name, const struct kvs_backend_opt **ret_opts,
		      struct kvs_err *err);

#endif
