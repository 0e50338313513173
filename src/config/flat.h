/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The configuration file of another program: one YAML mapping of names to single values.  It knows
 * no names itself.
 */
#ifndef KVS_CONFIG_FLAT_H
#define KVS_CONFIG_FLAT_H

#include "config/config.h"

struct kvs_flat;

/*
 * Reads the values of `names` (NULL-terminated, borrowed); other names are warnings, whatever stands
 * there.  Problems are told as those of kvs_config_load().  Errors: CONFIG (also a file that cannot
 * be read), NOMEM.  Free with kvs_flat_free().
 */
int kvs_flat_load(const char *path, const char *const *names,
		  const struct kvs_config_report *report, struct kvs_flat **ret_flat,
		  struct kvs_err *err);

/* The value of the i-th name; NULL: it has none.  *ret_at (or NULL) is where it stands. */
const char *kvs_flat_get(const struct kvs_flat *flat, size_t i, struct kvs_config_pos *ret_at);

/* NULL is fine. */
void kvs_flat_free(struct kvs_flat *flat);

static inline void kvs_cleanup_flat(struct kvs_flat **flat)
{
	kvs_flat_free(*flat);
}

#define KVS_AUTO_FLAT KVS_CLEANUP(kvs_cleanup_flat)

#endif
