/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How long until each of many watches of one key in this process was told of a change, through
 * libkvsync.
 *
 *	watches URL [N [ROUNDS]]     1200 watches, 21 rounds by default
 *
 * Prints two lines, "median MS" and "max MS": from before the write, which this process makes
 * through the same store, until the last watch had its SYNC.
 */
#include "bench/rounds.h"

#include <kvsync/kvsync.h>

#define KEY "bench/watched"

struct run {
	struct bench_rounds rounds;
	struct kvs_store *store;
	char value[32];
	bool written;
};

struct watcher {
	struct run *run;
	struct kvs_watch *watch;
	bool knows; /* of this round's value, but had no SYNC yet */
	bool ready;
};

static bool is_news(const struct run *run, const struct kvs_event *event)
{
	struct kvs_str value = event->entry->value;

	return run->rounds.round && value.n == strlen(run->value) &&
	       memcmp(value.p, run->value, value.n) == 0;
}

static void on_event(void *arg, const struct kvs_event *event)
{
	struct watcher *w = arg;

	if (event->type == KVS_EV_PUT && is_news(w->run, event))
		w->knows = true;
	if (event->type != KVS_EV_SYNC || (w->ready && !w->knows))
		return;
	w->ready = true;
	w->knows = false;
	bench_rounds_told(&w->run->rounds);
}

static void on_end(void *arg, int code, const struct kvs_err *err)
{
	(void)arg;
	if (code != KVS_E_CANCELED)
		bench_die("watch: %s", err->msg);
}

static void on_trouble(void *arg, const struct kvs_err *err, uint64_t retry_ms)
{
	(void)arg, (void)retry_ms;
	bench_die("watch: %s", err->msg);
}

static void on_written(void *arg, int code, const struct kvs_reply *reply,
		       const struct kvs_err *err)
{
	struct run *run = arg;

	(void)reply;
	if (code)
		bench_die("put: %s", err->msg);
	run->written = true;
}

static void poll_store(struct run *run, int ms)
{
	struct kvs_err err;

	if (kvs_poll(run->store, ms, &err))
		bench_die("%s", err.msg);
}

static void rest(struct run *run)
{
	double until = bench_now_ms() + BENCH_REST_MS;

	while (bench_now_ms() < until)
		poll_store(run, BENCH_REST_MS / 10);
}

static void start_watches(struct run *run, struct watcher *all)
{
	struct kvs_request req = KVS_REQUEST_INIT;
	struct kvs_watch_callback cb = { .event = on_event, .trouble = on_trouble, .done = on_end };
	struct kvs_err err;

	req.key = (struct kvs_str){ KEY, strlen(KEY) };
	run->rounds.begin = bench_now_ms();
	for (size_t i = 0; i < run->rounds.watches; i++) {
		all[i].run = run;
		cb.arg = &all[i];
		if (kvs_watch(run->store, &req, &cb, &all[i].watch, &err))
			bench_die("watch: %s", err.msg);
	}
	while (!bench_rounds_all_told(&run->rounds))
		poll_store(run, 1000);
}

static void play_round(struct run *run)
{
	struct kvs_request req = KVS_REQUEST_INIT;
	struct kvs_op op = KVS_OP_INIT;
	const struct kvs_callback cb = { .done = on_written, .arg = run };
	struct kvs_err err;

	rest(run);
	bench_rounds_begin(&run->rounds);
	(void)snprintf(run->value, sizeof(run->value), "%zu.%.0f", run->rounds.round,
		       run->rounds.begin);
	op.type = KVS_OP_PUT;
	op.key = (struct kvs_str){ KEY, strlen(KEY) };
	op.value = (struct kvs_str){ run->value, strlen(run->value) };
	req.kind = KVS_REQ_PUT;
	req.ops = &op;
	req.n_ops = 1;
	run->written = false;
	if (kvs_start(run->store, &req, &cb, NULL, &err))
		bench_die("put: %s", err.msg);
	while (!bench_rounds_all_told(&run->rounds) || !run->written)
		poll_store(run, 1000);
}

int main(int argc, char **argv)
{
	static struct run run;
	struct watcher *all;
	struct kvs_err err;

	if (argc < 2) {
		fprintf(stderr, "usage: watches URL [N [ROUNDS]]\n");
		return 2;
	}
	run.rounds.watches = bench_operand(argc, argv, 2, 1200, 100000);
	run.rounds.rounds = bench_operand(argc, argv, 3, 21, BENCH_MAX_ROUNDS);
	all = calloc(run.rounds.watches, sizeof(*all));
	if (!all)
		bench_die("no memory");
	if (kvs_open(argv[1], NULL, &run.store, &err))
		bench_die("%s: %s", argv[1], err.msg);
	start_watches(&run, all);
	for (size_t i = 0; i <= run.rounds.rounds; i++)
		play_round(&run);
	bench_rounds_print(&run.rounds);
	for (size_t i = 0; i < run.rounds.watches; i++)
		kvs_watch_close(all[i].watch);
	kvs_close(run.store);
	free(all);
	return 0;
}
