/* SPDX-License-Identifier: Apache-2.0 */
/*
 * kvexpress 1.16, as its users know it: the command line, the keys, the files, what it says and its
 * exit statuses, without the faults that man kvexpress lists.
 */
#include "base/clock.h"
#include "base/cleanup.h"
#include "base/err.h"
#include "base/log.h"
#include "cli/cli.h"
#include "cli/kvexpress.h"
#include "cli/output.h"
#include "cli/personality.h"
#include "cli/quick.h"
#include "cli/store_select.h"

#include <inttypes.h>
#include <string.h>

static void kvx_release(struct kvx *x)
{
	kvs_close(x->store);
	kvs_words_release(&x->words);
	kvs_secret_release(&x->api_key);
	kvs_secret_release(&x->app_key);
	kvs_flat_free(x->settings);
	kvsi_free(x->server);
}

/* Wherever it stands, and even behind what makes no sense. */
static bool serve_early(int argc, char *const *argv)
{
	for (int i = 0; i < argc; i++) {
		if (strcmp(argv[i], "-v") != 0 && strcmp(argv[i], "--version") != 0)
			continue;
		kvx_show_version();
		return true;
	}
	return false;
}

static void tell_time(uint64_t began)
{
	uint64_t ms = kvsi_monotonic_ms() - began;

	if (ms < 1000)
		kvs_log(KVS_LOG_NOTICE, "location='complete', elapsed='%" PRIu64 "ms'", ms);
	else
		kvs_log(KVS_LOG_NOTICE, "location='complete', elapsed='%" PRIu64 ".%03us'",
			ms / 1000, (unsigned)(ms % 1000));
}

/* The words with which kvexpress gives up, which people look for in its log. */
static void tell_giving_up(const struct kvx *x, int code)
{
	if (!x->elsewhere && (code == KVS_E_UNAVAILABLE || code == KVS_E_TIMEOUT))
		(void)kvx_end("Panic: Giving up on Consul. id:nokey location:no_more_retries");
}

static int run_command(struct kvx *x, struct kvs_err *err)
{
	uint64_t began = kvsi_monotonic_ms();
	int code = kvx_take_options(x, err);

	code = code ? code : kvx_choose_store(x, err);
	code = code ? code : kvx_open_reports(x, err);
	if (code)
		return code;
	kvx_init_transfer(x);
	if (x->command->is_done && x->command->is_done(x))
		return 0;
	quick_exec(x->cli);
	code = x->command->without_store ? 0 : kvx_open_store(x, err);
	code = code ? code : x->command->run(x, err);
	tell_giving_up(x, code);
	if (!code && x->complete)
		tell_time(began);
	return code;
}

static int run(struct cli *cli, const void *options, struct kvs_err *err)
{
	KVS_CLEANUP(kvx_release) struct kvx x = { .cli = cli, .o = options };
	int code;

	kvx_log_open("main", x.o->verbose);
	code = kvx_find_command(cli, &x.command, err);
	if (code)
		return code;
	if (x.o->help) {
		kvx_show_help(x.command);
		return 0;
	}
	if (!x.command) {
		out_text("`kvexpress -h` for help information.\n"
			 "`kvexpress -v` for version information.\n");
		return 0;
	}
	kvx_log_open(x.command->name, x.o->verbose);
	kvs_log(KVS_LOG_NOTICE, "kvexpress version:%s", kvs_version());
	return run_command(&x, err);
}

static int report(const struct cli *cli, int code, const struct kvs_err *err)
{
	if (!kvsi_log_wants(KVS_LOG_ERROR))
		kvx_log_open("main", false);
	kvs_log(KVS_LOG_ERROR, "%s", err->msg);
	return KVX_FAILED;
}

const struct personality personality_kvexpress = {
	.name = "kvexpress",
	.summary = "files into Consul, and out of it",
	.options = kvx_option_rows,
	.options_size = sizeof(struct kvx_options),
	.syntax = KVS_OPTIONS_PFLAG,
	.serve_early = serve_early,
	.run = run,
	.report = report,
};
