/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/personality.h"

#include "base/cleanup.h"
#include "base/err.h"
#include "base/path.h"
#include "cli/cli.h"

#include <string.h>

/* Libtool's wrapper starts a program that was not installed under such a name. */
#define WRAPPED "lt-"

extern const struct personality personality_kvexpress;

const struct personality *const personality_table[] = {
	&personality_kvexpress,
	NULL,
};

const struct personality *personality_find(const char *argv0)
{
	const char *name = kvs_path_base(argv0);

	if (strncmp(name, WRAPPED, strlen(WRAPPED)) == 0)
		name += strlen(WRAPPED);
	for (const struct personality *const *p = personality_table; *p; p++)
		if (strcmp((*p)->name, name) == 0)
			return *p;
	return NULL;
}

int personality_run(struct cli *cli, int argc, char **argv, struct kvs_err *err)
{
	const struct personality *p = cli->personality;
	KVS_AUTO_FREE void *options = kvs_zalloc(p->options_size);
	const struct kvs_option_set set = { p->options, options };
	int code;

	if (p->serve_early && p->serve_early(argc, argv))
		return 0;
	if (!options)
		return kvs_err_oom(err);
	cli->operands = argv;
	code = kvs_option_parse(&set, 1, argc, argv, p->syntax, &cli->n_operands, err);
	code = code ? code : p->run(cli, options, err);
	kvs_options_release(p->options, options);
	return code;
}
