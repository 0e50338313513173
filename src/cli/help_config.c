/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/help.h"

#include "cli/output.h"
#include "config/config.h"
#include "core/common_opts.h"

static const char *or_dash(const char *s)
{
	return s ? s : "-";
}

static void print_key(const struct kvs_config_key *key)
{
	out_text("config\t-\t%s\t%s\t%s\t", key->name, kvs_config_key_type_name(key->type),
		 or_dash(key->fallback));
	for (const char *const *c = key->choices; c && *c; c++)
		out_text("%s%s", c == key->choices ? "" : ",", *c);
	out_text("%s\t%s\n", key->choices ? "" : "-", key->help);
}

static void print_options(const char *owner, const struct kvs_backend_opt *row)
{
	for (; row && row->name; row++)
		out_text("config\t%s\t%s\t%s\t%s\t-\t%s\n", owner, row->name,
			 kvs_config_opt_type_name(row->type), or_dash(row->fallback), row->help);
}

static void print_backend(void *arg, const char *name, const char *description,
			  const struct kvs_err *err)
{
	const struct kvs_backend_opt *own;

	if (!err && kvsi_backend_opts(name, &own, NULL) == 0)
		print_options(name, own);
}

void help_config_tables(void)
{
	for (size_t id = 0; id < KVS_CONFIG_N_KEYS; id++)
		print_key(&kvs_config_keys[id]);
	print_options("store", kvs_config_store_keys);
	print_options("store", kvsi_common_opts);
	(void)kvs_backends(print_backend, NULL, NULL);
}
