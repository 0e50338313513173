/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/transfer_setup.h"

#include "base/log.h"
#include "cli/cli.h"
#include "cli/progress.h"
#include "cli/reporting.h"
#include "config/config.h"

#include <string.h>

static void report(void *arg, int level, const char *line)
{
	kvs_log(level, "%s", line);
}

static void progress(void *arg, uint64_t done, uint64_t total)
{
	progress_show(done, total);
}

void cli_transfer_init(const struct cli *cli, struct kvs_store *store, struct kvs_transfer *ret)
{
	*ret = (struct kvs_transfer){
		.store = store,
		.prefix = cli_prefix(cli),
		.node = cli->config->node_name,
		.state_dir = cli->config->state_dir,
		.deadline = cli->deadline,
		.report = report,
		.progress = progress_wanted(cli) ? progress : NULL,
		.refusal = cli_refusal(cli),
		.contents = cli_contents(cli),
	};
}

bool cli_no_compat(const struct cli *cli)
{
	return strcmp(cli->config->compat, "kvsync") == 0;
}

bool cli_talks(const struct cli *cli)
{
	return !cli->globals.quiet;
}
