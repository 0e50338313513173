/* SPDX-License-Identifier: Apache-2.0 */
#include "base/backoff.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/log.h"
#include "base/proc.h"
#include "base/str.h"
#include "base/words.h"
#include "cli/cli.h"
#include "cli/signals.h"
#include "cli/store_select.h"
#include "cli/watch_batch.h"

#include <limits.h>
#include <poll.h>

/* What a command that we were told to leave has left to end by itself. */
#define GRACE_MS 5000
/* Between the runs of a command that fails. */
#define RETRY_FIRST_MS 500
#define RETRY_LAST_MS  60000

struct watch_options {
	bool recursive;
	bool keys;
	bool changes;
	bool once;
	struct kvs_optnum since;
	const char *exec;
};

static const struct kvs_option watch_options[] = {
	{ "recursive", 0, KVS_OPTION_FLAG(struct watch_options, recursive), NULL,
	  "watch every key that begins with KEY" },
	{ "keys", 0, KVS_OPTION_FLAG(struct watch_options, keys), NULL,
	  "show keys without values" },
	{ "changes", 0, KVS_OPTION_FLAG(struct watch_options, changes), NULL,
	  "do not begin with what is there: only what changes from now on" },
	{ "since", 0, KVS_OPTION_UINT(struct watch_options, since), "INDEX",
	  "begin with what changed after INDEX", .min = 1 },
	{ "once", 0, KVS_OPTION_FLAG(struct watch_options, once), NULL,
	  "end after the first batch" },
	{ "exec", 'e', KVS_OPTION_STRING(struct watch_options, exec), "COMMAND",
	  "run COMMAND for each batch, which it can read as JSON lines" },
	{ NULL },
};

struct watching {
	struct cli *cli;
	const struct watch_options *o;
	struct kvs_store *store;
	struct watch_batch batch;
	struct kvs_words command; /* --exec */
	struct kvs_proc *proc;	  /* the command, while it runs */
	uint64_t proc_limit;	  /* a moment when we stop waiting for it, or UINT64_MAX */
	struct kvs_backoff backoff;
	uint64_t retry_at; /* when the command that failed runs again, or UINT64_MAX */
	int signal_fd;
	int signal; /* that told us to end, or 0 */
	bool ended;
	int code; /* how it ended */
	struct kvs_err *err;
};

static void end(struct watching *w, int code)
{
	if (!w->ended)
		w->code = code;
	w->ended = true;
}

/* ---- what the watch says ---- */

static void on_event(void *arg, const struct kvs_event *event)
{
	struct watching *w = arg;
	int code;

	/* With --once, what follows the batch in the same delivery is none of ours. */
	if (w->ended || (w->o->once && w->batch.complete))
		return;
	code = watch_batch_event(&w->batch, event, w->err);
	if (code)
		end(w, code);
}

static void on_trouble(void *arg, const struct kvs_err *err, uint64_t retry_ms)
{
	kvs_log(KVS_LOG_WARNING, "%s; trying again in %llu ms", err->msg,
		(unsigned long long)retry_ms);
}

static void on_done(void *arg, int code, const struct kvs_err *err)
{
	struct watching *w = arg;

	if (!w->ended)
		end(w, kvs_err_copy(w->err, code, err));
}

/* ---- the command of --exec ---- */

static int start_command(struct watching *w)
{
	KVS_AUTO_FREE char *key = kvs_asprintf("KVSYNC_KEY=%s", w->cli->operands[0]);
	char index[48], changes[48];
	const char *env[] = {
		key,  index, changes, w->batch.snapshot ? "KVSYNC_SNAPSHOT=1" : "KVSYNC_SNAPSHOT=0",
		NULL,
	};
	struct kvs_proc_spec spec = {
		.argv = (const char *const *)w->command.argv,
		.env = env,
		.input = kvs_buf_slice(&w->batch.lines),
		.output = KVS_PROC_INHERIT,
	};

	if (!key)
		return kvs_err_oom(w->err);
	(void)snprintf(index, sizeof(index), "KVSYNC_INDEX=%llu",
		       (unsigned long long)w->batch.index);
	(void)snprintf(changes, sizeof(changes), "KVSYNC_CHANGES=%llu",
		       (unsigned long long)w->batch.changes);
	w->proc_limit = w->retry_at = UINT64_MAX;
	return kvs_proc_start(&spec, &w->proc, w->err);
}

/* The batch stays, and what changes meanwhile is added to it. */
static void run_again_later(struct watching *w, const struct kvs_err *why)
{
	uint64_t pause = kvs_backoff_next(&w->backoff);

	kvs_log(KVS_LOG_ERROR, "%s; running it again in %llu ms", why->msg,
		(unsigned long long)pause);
	w->retry_at = kvsi_monotonic_ms() + pause;
	watch_batch_keep(&w->batch);
}

static void command_ended(struct watching *w, const struct kvs_proc_result *result)
{
	struct kvs_err why = { 0 };
	int code = kvs_proc_check(result, "command", w->command.argv[0], &why);

	kvs_proc_free(w->proc);
	w->proc = NULL;
	if (w->o->once) {
		end(w, kvs_err_copy(w->err, code, code ? &why : NULL));
	} else if (code && !w->signal) {
		run_again_later(w, &why);
	} else {
		watch_batch_begin(&w->batch);
		kvs_backoff_reset(&w->backoff);
	}
}

static void step_command(struct watching *w)
{
	struct kvs_proc_result result KVS_AUTO_PROC_RESULT = { 0 };
	bool ended = false;
	int code = kvs_proc_step(w->proc, &ended, &result, w->err);

	if (code)
		end(w, code);
	else if (ended)
		command_ended(w, &result);
}

/* ---- the loop ---- */

/* Is there a batch to act on: a new one, or one that the command failed on? */
static bool is_due(const struct watching *w)
{
	return !w->proc && (w->batch.complete || kvsi_monotonic_ms() >= w->retry_at);
}

static void act(struct watching *w)
{
	int code = 0;

	if (w->o->exec)
		code = start_command(w);
	else
		watch_batch_begin(&w->batch);
	if (code || (w->o->once && !w->o->exec))
		end(w, code);
}

static void take_signal(struct watching *w)
{
	int number = signals_read(w->signal_fd);

	if (!number)
		return;
	/* A second one means now. */
	if (!w->proc || w->signal) {
		end(w, SIGNALS_BASE + number);
		return;
	}
	w->signal = number;
	w->proc_limit = kvsi_monotonic_ms() + GRACE_MS;
	kvs_proc_signal(w->proc, number);
}

static uint64_t earliest(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

static int wait_ms(const struct watching *w)
{
	uint64_t now = kvsi_monotonic_ms();
	uint64_t due = w->cli->deadline ? w->cli->deadline : UINT64_MAX;

	if (w->proc)
		due = earliest(due, earliest(w->proc_limit, kvs_proc_deadline(w->proc)));
	else
		due = earliest(due, w->retry_at);
	if (due == UINT64_MAX)
		return -1;
	if (due <= now)
		return 0;
	return due - now < INT_MAX ? (int)(due - now) : INT_MAX;
}

static void check_time(struct watching *w)
{
	uint64_t now = kvsi_monotonic_ms();

	if (w->proc && now >= w->proc_limit)
		end(w, SIGNALS_BASE + w->signal);
	else if (w->cli->deadline && now >= w->cli->deadline)
		end(w, kvs_err_set(w->err, KVS_E_TIMEOUT, "the time of --timeout is over"));
}

/* While a command runs the store is left alone: what changes meanwhile is the next batch. */
static void turn(struct watching *w, int store_fd)
{
	struct pollfd fds[] = {
		{ .fd = w->signal_fd, .events = POLLIN },
		{ .fd = w->proc ? kvs_proc_fd(w->proc) : store_fd, .events = POLLIN },
	};
	int code = 0;

	if (poll(fds, 2, wait_ms(w)) < 0)
		return;
	if (fds[0].revents)
		take_signal(w);
	if (w->proc)
		step_command(w);
	else if (!w->ended && fds[1].revents)
		code = kvs_dispatch(w->store, w->err);
	if (code)
		end(w, code);
	if (w->signal && !w->proc)
		end(w, SIGNALS_BASE + w->signal);
	check_time(w);
}

static int loop(struct watching *w)
{
	int store_fd = kvs_fd(w->store, w->err);

	if (store_fd < 0)
		return store_fd;
	while (!w->ended) {
		if (is_due(w))
			act(w);
		if (!w->ended)
			turn(w, store_fd);
	}
	return w->code;
}

static int watch(struct watching *w, struct kvs_err *err)
{
	const struct kvs_watch_callback callback = {
		.event = on_event,
		.trouble = on_trouble,
		.done = on_done,
		.arg = w,
	};
	struct kvs_request req = KVS_REQUEST_INIT;
	struct kvs_watch *handle;
	int code;

	req.key = kvs_s(w->cli->operands[0]);
	req.index = w->o->since.value;
	req.flags = (w->o->recursive ? KVS_PREFIX : 0) | (w->o->keys ? KVS_KEYS_ONLY : 0) |
		    (w->o->changes ? KVS_WATCH_CHANGES : 0);
	code = kvs_watch(w->store, &req, &callback, &handle, err);
	if (code)
		return code;
	code = loop(w);
	w->ended = true; /* closing says "canceled" */
	kvs_watch_close(handle);
	kvs_proc_free(w->proc);
	return code;
}

static enum watch_form form_of(const struct cli *cli, const struct watch_options *o)
{
	if (o->exec)
		return WATCH_GATHER;
	return cli_json(cli) ? WATCH_JSON : WATCH_TEXT;
}

static int run(struct cli *cli, const void *options, struct kvs_err *err)
{
	const struct watch_options *o = options;
	struct kvs_store *store CLI_AUTO_STORE = NULL;
	int signal_fd KVS_AUTO_FD = -1;
	struct watching w = {
		.cli = cli,
		.o = o,
		.backoff = { .base_ms = RETRY_FIRST_MS, .max_ms = RETRY_LAST_MS },
		.retry_at = UINT64_MAX,
		.err = err,
	};
	int code = 0;

	if (o->since.given && o->changes)
		return kvs_err_set(err, KVS_E_ARG, "give only one of --since and --changes");
	if (o->exec)
		code = kvs_words_split(o->exec, &w.command, err);
	if (code)
		return kvs_err_context(err, code, "--exec");
	code = cli_open_store(cli, &store, err);
	if (!code)
		code = signals_open(&signal_fd, err);
	if (!code) {
		w.store = store;
		w.signal_fd = signal_fd;
		watch_batch_init(&w.batch, form_of(cli, o), o->keys);
		code = watch(&w, err);
		watch_batch_release(&w.batch);
	}
	kvs_words_release(&w.command);
	return code;
}

const struct cmd cmd_watch = {
	.name = "watch",
	.group = CMD_GROUP_KEYS,
	.flags = CMD_STORE | CMD_ENDLESS,
	.summary = "show what is there, and then each change",
	.operands = "KEY",
	.options = watch_options,
	.options_size = sizeof(struct watch_options),
	.min_operands = 1,
	.max_operands = 1,
	.run = run,
};
