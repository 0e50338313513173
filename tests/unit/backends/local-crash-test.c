/* SPDX-License-Identifier: Apache-2.0 */
/*
 * kill -9 at any moment: a writer says each index that it was acknowledged, and is killed; whatever
 * it said must be in the store.
 *
 * Each write is a transaction of a counter and a key of its own, so that a torn one would show.
 */
#include "base/rand.h"
#include "base/str.h"
#include "tests/lib/scratch.h"
#include "tests/lib/tap.h"
#include "tests/unit/backends/local-lib.h"

#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { ROUNDS = 60 };

/* What a writer says of each write. */
struct said {
	uint64_t number;
	uint64_t index;
};

static uint64_t counter(struct kvs_store *store)
{
	const char *value = local_value(store, "counter");

	return value ? strtoull(value, NULL, 10) : 0;
}

static struct kvs_op put_op(const char *key, const char *value)
{
	struct kvs_op op = KVS_OP_INIT;

	op.type = KVS_OP_PUT;
	op.key = kvs_s(key);
	op.value = kvs_s(value);
	return op;
}

/* Writes until it is killed. */
static void write_on(const char *path, int fd)
{
	struct kvs_store *store = local_store_keeping(path, "50");
	struct said said = { .number = counter(store) };
	struct kvs_op ops[3];
	struct kvs_reply reply;
	char number[24], key[32], old[32];

	for (;;) {
		said.number++;
		(void)snprintf(number, sizeof(number), "%llu", (unsigned long long)said.number);
		(void)snprintf(key, sizeof(key), "key/%s", number);
		(void)snprintf(old, sizeof(old), "key/%llu", (unsigned long long)said.number - 100);
		ops[0] = put_op("counter", number);
		ops[1] = put_op(key, number);
		ops[2] = (struct kvs_op)KVS_OP_INIT;
		ops[2].type = KVS_OP_DELETE;
		ops[2].key = kvs_s(old);
		if (kvs_txn(store, ops, 3, 0, &reply, NULL))
			_exit(1);
		said.index = reply.index;
		if (write(fd, &said, sizeof(said)) != sizeof(said))
			_exit(1);
	}
}

/* Reads what was said until the writer is gone; kills it after us. */
static struct said listen(int fd, pid_t pid, uint64_t us)
{
	struct said said = { 0 }, one;
	struct pollfd p = { .fd = fd, .events = POLLIN };
	const struct timespec nap = { .tv_nsec = (long)us * 1000 };

	/* Not before it has begun to write. */
	(void)poll(&p, 1, 10000);
	(void)nanosleep(&nap, NULL);
	(void)kill(pid, SIGKILL);
	while (read(fd, &one, sizeof(one)) == sizeof(one))
		said = one;
	return said;
}

static struct said one_round(const char *path)
{
	struct said said;
	int fds[2];
	pid_t pid;

	if (pipe(fds) != 0)
		bail("pipe");
	pid = fork();
	if (pid == 0) {
		(void)close(fds[0]);
		write_on(path, fds[1]);
	}
	(void)close(fds[1]);
	said = listen(fds[0], pid, kvs_rand_below(20000));
	(void)close(fds[0]);
	(void)waitpid(pid, NULL, 0);
	return said;
}

/* Is what was acknowledged there, and nothing torn? */
static bool check(const char *path, struct said said)
{
	struct kvs_store *store = local_store_keeping(path, "50");
	uint64_t count = counter(store);
	char key[32];
	const char *value;
	bool fine;

	(void)snprintf(key, sizeof(key), "key/%llu", (unsigned long long)count);
	value = local_value(store, key);
	fine = said.number && count >= said.number && count <= said.number + 1 &&
	       local_index_of(store) == said.index + (count - said.number) && value &&
	       strtoull(value, NULL, 10) == count;
	if (!fine)
		diag("said %llu at %llu, found %llu at %llu", (unsigned long long)said.number,
		     (unsigned long long)said.index, (unsigned long long)count,
		     (unsigned long long)local_index_of(store));
	kvs_close(store);
	return fine;
}

int main(void)
{
	const char *path;
	struct said said = { 0 };
	int i, lost = 0;

	(void)scratch_make();
	path = scratch_path("crash.db");
	for (i = 0; i < ROUNDS; i++) {
		said = one_round(path);
		lost += !check(path, said);
	}
	diag("%llu writes acknowledged in %d lives", (unsigned long long)said.number, ROUNDS);
	is_int(lost, 0, "what was acknowledged is there after each kill");
	is_int(local_sql_number(path, "SELECT (SELECT integrity_check FROM pragma_integrity_check)"
				      " = 'ok'"),
	       1, "the file is sound");
	is_int(local_sql_number(path, "SELECT dead = (SELECT count(*) FROM tombstone) FROM meta"),
	       1, "tombstones are counted right");
	return tap_end();
}
