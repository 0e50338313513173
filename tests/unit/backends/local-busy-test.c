/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Many processes on one store: each writer counts one key up by compare-and-set, readers look on.
 * The count at the end is the sum of what was acknowledged, and no reader ever sees it fall.
 */
#include "base/clock.h"
#include "base/str.h"
#include "tests/lib/scratch.h"
#include "tests/lib/tap.h"
#include "tests/unit/backends/local-lib.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
	WRITERS = 20,
	READERS = 20,
	/* KVS_LONG=1: as long as the promise in the manual is for. */
	SHORT_MS = 1500,
	LONG_MS = 10000,
};

struct report {
	uint64_t done;
	uint64_t conflicts;
	int code;
};

static uint64_t number_of(const struct kvs_entry *entry)
{
	char text[24];

	(void)snprintf(text, sizeof(text), "%.*s", (int)entry->value.n,
		       (const char *)entry->value.p);
	return strtoull(text, NULL, 10);
}

static int count_up(struct kvs_store *store, struct report *report)
{
	struct kvs_op op = KVS_OP_INIT;
	struct kvs_entry *entry;
	char text[24];
	int rc = kvs_get(store, kvs_s("n"), 0, &entry, NULL);

	if (rc)
		return rc;
	(void)snprintf(text, sizeof(text), "%llu", (unsigned long long)number_of(entry) + 1);
	op.type = KVS_OP_PUT;
	op.cond = KVS_COND_INDEX;
	op.index = entry->mod_index;
	op.key = kvs_s("n");
	op.value = kvs_s(text);
	rc = kvs_put(store, &op, NULL, NULL);
	kvs_entry_free(entry);
	report->done += !rc;
	report->conflicts += rc == KVS_E_CONFLICT;
	return rc == KVS_E_CONFLICT ? 0 : rc;
}

static int look_on(struct kvs_store *store, struct report *report)
{
	static uint64_t last;
	struct kvs_entry *entry;
	uint64_t now;
	int rc = kvs_get(store, kvs_s("n"), 0, &entry, NULL);

	if (rc)
		return rc;
	now = number_of(entry);
	kvs_entry_free(entry);
	if (now < last)
		return KVS_E_BUG;
	last = now;
	report->done++;
	return 0;
}

static void work(const char *path, int fd, uint64_t ms,
		 int (*fn)(struct kvs_store *store, struct report *report))
{
	struct report report = { 0 };
	struct kvs_store *store = local_store(path);
	uint64_t end = kvsi_monotonic_ms() + ms;

	while (!report.code && kvsi_monotonic_ms() < end)
		report.code = fn(store, &report);
	kvs_close(store);
	_exit(write(fd, &report, sizeof(report)) == sizeof(report) ? 0 : 1);
}

int main(void)
{
	uint64_t ms = getenv("KVS_LONG") ? LONG_MS : SHORT_MS;
	struct report all[2] = { { 0 } }, one;
	int fds[2][2], i, kind, status, failed = 0, codes = 0;
	struct kvs_store *store;
	const char *path;

	(void)scratch_make();
	path = scratch_path("busy.db");
	store = local_store(path);
	(void)local_put(store, "n", "0");
	kvs_close(store);
	if (pipe(fds[0]) != 0 || pipe(fds[1]) != 0)
		bail("pipe");
	for (i = 0; i < WRITERS + READERS; i++)
		if (fork() == 0)
			work(path, fds[i >= WRITERS][1], ms, i < WRITERS ? count_up : look_on);
	(void)close(fds[0][1]);
	(void)close(fds[1][1]);
	for (kind = 0; kind < 2; kind++)
		while (read(fds[kind][0], &one, sizeof(one)) == sizeof(one)) {
			all[kind].done += one.done;
			all[kind].conflicts += one.conflicts;
			codes += one.code != 0;
			if (one.code)
				diag("a %s ended with %s", kind ? "reader" : "writer",
				     kvs_code_name(one.code));
		}
	while (wait(&status) > 0)
		failed += status != 0;
	diag("%llu writes, %llu conflicts, %llu reads in %llu ms", (unsigned long long)all[0].done,
	     (unsigned long long)all[0].conflicts, (unsigned long long)all[1].done,
	     (unsigned long long)ms);
	is_int(failed, 0, "every process came to its end");
	is_int(codes, 0, "without an error: no lock was too long in coming");
	store = local_store(path);
	is_uint(strtoull(local_value(store, "n"), NULL, 10), all[0].done,
		"no acknowledged write is lost, and none is counted twice");
	ok(all[0].done > 0 && all[1].done > 0, "both writers and readers got on");
	kvs_close(store);
	return tap_end();
}
