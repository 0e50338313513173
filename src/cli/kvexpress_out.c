/* SPDX-License-Identifier: Apache-2.0 */
/*
 * kvexpress out and raw.  That there is nothing to install (a lock, a stop, too few lines, a pair that does
 * not match yet) is no failure to kvexpress, whose watches run it again: it says so and ends well.
 *
 * Of a raw key nothing but its value counts: no prefix, no number of lines.
 */
#include "base/err.h"
#include "base/log.h"
#include "base/str.h"
#include "cli/cli.h"
#include "cli/event.h"
#include "cli/kvexpress.h"
#include "cli/reporting.h"
#include "cli/signals.h"
#include "cli/verify_keys.h"
#include "transfer/layout.h"

#include <inttypes.h>
#include <string.h>
#include <sys/stat.h>

static int check(const struct kvx *x, struct kvs_err *err)
{
	struct stat st;

	if (stat(x->o->file, &st) == 0 && S_ISDIR(st.st_mode))
		return kvx_end("Can NOT write a directory %s", KVS_Q(kvs_s(x->o->file)));
	return 0;
}

static struct kvs_out_params make_params(const struct kvx *x)
{
	bool raw = x->command->bit == KVX_RAW;
	uint64_t min_lines = x->o->length.given ? x->o->length.value : KVX_MIN_LINES;

	return (struct kvs_out_params){
		.key = x->o->key,
		.raw = raw,
		.file = x->o->file,
		.rights = x->rights,
		.spare_others = true,
		.ignore_stop = x->o->ignore_stop,
		.guards = { .min_lines = raw ? 0 : min_lines, .whole_lines = true },
		.command = { .argv = (const char *const *)x->words.argv,
			     .timeout_ms = KVX_EXEC_TIMEOUT_MS },
	};
}

static void tell_same(const struct kvx *x)
{
	kvs_log(KVS_LOG_NOTICE, "'%s' has the same checksum. Stopping.", x->o->file);
}

/* The watch of Consul's agent that runs us may have told that the file is right already. */
static bool is_done(struct kvx *x)
{
	const struct kvs_out_params params = make_params(x);
	struct kvs_names names KVS_AUTO_NAMES = { 0 };
	struct event event AUTO_EVENT = { 0 };
	struct kvs_out_result result;

	if (!event_is_there() || x->cli->config->require_signature ||
	    x->cli->config->verify_keys.n ||
	    kvs_names_init(&names, x->prefix, x->o->key, KVS_NAMING_FREE, NULL) ||
	    !event_take(x->cli, kvs_s(params.raw ? params.key : names.checksum), &event) ||
	    !kvs_transfer_out_is_done(&x->t, &params, &event.entry, &result))
		return false;
	cli_tell_out(x->cli, &x->t, &params, &result, 0, &(struct kvs_err){ 0 });
	tell_same(x);
	return true;
}

static int end_badly(const struct kvx *x, int code, const struct kvs_out_result *result,
		     const struct kvs_err *why, struct kvs_err *err)
{
	if (kvx_tell_refusal(x, code)) {
		kvs_log(KVS_LOG_WARNING, "%s was left alone: %s", KVS_Q(kvs_s(x->o->file)),
			why->msg);
		return 0;
	}
	if (result->installed || code == KVS_E_COMMAND)
		kvs_log(KVS_LOG_NOTICE, "exec='error' message='%s'", why->msg);
	return result->signal ? SIGNALS_BASE + result->signal : kvs_err_copy(err, code, why);
}

static void tell_done(struct kvx *x, const struct kvs_out_result *result)
{
	if (x->o->ignore_stop)
		kvs_log(KVS_LOG_NOTICE, "Ignoring any stop key.");
	if (result->installed && result->stored != result->bytes)
		kvs_log(KVS_LOG_NOTICE, "decompressing='true' size='%" PRIu64 "'", result->bytes);
	if (result->installed && !result->bytes)
		kvs_log(KVS_LOG_NOTICE,
			"WARNING: That checksum means the data/key is blank. WARNING");
	if (!result->installed && !result->commanded)
		tell_same(x);
	else
		x->complete = true;
}

static int run(struct kvx *x, struct kvs_err *err)
{
	struct verify_keys keys AUTO_VERIFY_KEYS = { 0 };
	struct kvs_out_params params = make_params(x);
	struct kvs_out_result result = { 0 };
	const struct kvs_optlist none = { 0 };
	struct kvs_err why = { 0 };
	int code = verify_keys_init(&keys, x->cli, &none, err);

	if (code)
		return code;
	params.verify_keys = (const struct kvs_signkey *const *)keys.keys;
	params.n_verify_keys = keys.n;
	code = kvs_transfer_out(&x->t, &params, &result, &why);
	cli_tell_out(x->cli, &x->t, &params, &result, code, &why);
	if (code)
		return end_badly(x, code, &result, &why, err);
	tell_done(x, &result);
	return 0;
}

const struct kvx_command kvx_out = {
	.name = "out",
	.bit = KVX_OUT,
	.summary = "bring a file out of the store, if it has changed",
	.needs = { { offsetof(struct kvx_options, key), "Need a key location in -k" },
		   { offsetof(struct kvx_options, file), "Need a file to write in -f" } },
	.check = check,
	.is_done = is_done,
	.run = run,
};

const struct kvx_command kvx_raw = {
	.name = "raw",
	.bit = KVX_RAW,
	.summary = "bring the value of any key into a file, if it has changed",
	.needs = { { offsetof(struct kvx_options, key), "Need a key location in -k" },
		   { offsetof(struct kvx_options, file), "Need a file to write in -f" } },
	.check = check,
	.is_done = is_done,
	.run = run,
};
