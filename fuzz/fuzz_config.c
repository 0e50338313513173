/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The configuration loader on any bytes: it takes them or says what is wrong with them.
 */
#include "config/config.h"

#include <stdlib.h>

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void count(void *arg, const struct kvs_config_problem *problem)
{
	size_t *n = arg;

	if (!problem->words[0] || !problem->at.file)
		abort();
	++*n;
}

static int look(void *arg, const struct kvs_config_item *item)
{
	if (!item->key || !item->n_values || !item->values[0])
		abort();
	return 0;
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	/* "backend: x" must not load modules. */
	return setenv("KVS_MODULE_DIR", "/nonexistent", 1);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	KVS_AUTO_CONFIG struct kvs_config *config = NULL;
	size_t n = 0;
	const struct kvs_config_report report = { count, &n };
	struct kvs_err err;
	int rc = kvs_config_parse("fuzz.yaml", (struct kvs_str){ data, size }, &report, &config,
				  &err);

	if (rc == 0 && (!config || n || kvs_config_visit(config, look, NULL) != 0))
		abort();
	if (rc != 0 && (config || !n || rc != KVS_E_CONFIG))
		abort();
	return 0;
}
