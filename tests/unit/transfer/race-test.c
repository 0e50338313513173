/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Twenty processes write one key and twenty read it, on the embedded store; half of the writers
 * cannot use a transaction, and now and then a writer is killed.  No reader ever installs a mixed
 * pair, and whoever writes last leaves a matching one.  Two seconds, ten with KVS_LONG.
 */
#include "base/buf.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/fsio.h"
#include "base/rand.h"
#include "base/str.h"
#include "tests/lib/scratch.h"
#include "tests/lib/tap.h"
#include "transfer/transfer.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define PEOPLE	     20 /* of each kind */
#define MAX_LINES    400
#define WAIT_MS	     30000 /* for one call, on a machine that has other things to do */
#define KILL_EACH_MS 40

/* Shared by all processes. */
static struct {
	_Atomic bool over;
	_Atomic unsigned written, conflicts, installed, unsettled, killed;
	_Atomic unsigned bad;
	char words[200]; /* of the first that went wrong */
} * shared;

static bool no_transactions; /* of this process */

int __real_kvs_txn(struct kvs_store *store, const struct kvs_op *ops, size_t n, uint32_t flags,
		   struct kvs_reply *ret, struct kvs_err *err);
int __wrap_kvs_txn(struct kvs_store *store, const struct kvs_op *ops, size_t n, uint32_t flags,
		   struct kvs_reply *ret, struct kvs_err *err);
int __wrap_kvs_txn(struct kvs_store *store, const struct kvs_op *ops, size_t n, uint32_t flags,
		   struct kvs_reply *ret, struct kvs_err *err)
{
	if (no_transactions)
		return kvs_err_set(err, KVS_E_TOOBIG, "too big for a transaction");
	return __real_kvs_txn(store, ops, n, flags, ret, err);
}

static void went_wrong(const char *what, const char *words)
{
	if (shared->bad++ == 0)
		(void)snprintf(shared->words, sizeof(shared->words), "%s: %.150s", what, words);
}

static void open_engine(struct kvs_transfer *t)
{
	struct kvs_err err;

	*t = (struct kvs_transfer){ .prefix = "kvexpress", .node = "n", .state_dir = "states" };
	if (kvs_open("local:race.db", NULL, &t->store, &err)) {
		went_wrong("open", err.msg);
		_exit(1);
	}
	kvs_set_timeout(t->store, WAIT_MS);
}

/* Any number of lines, each saying who wrote them and how many there are. */
static void make_content(struct kvs_buf *b, int who, unsigned round)
{
	unsigned lines = (unsigned)kvs_rand_below(MAX_LINES) + 1, i;

	kvs_buf_reset(b);
	for (i = 0; i < lines; i++)
		kvs_buf_fmt(b, "writer %d round %u of %u lines\n", who, round, lines);
}

/* Is it what make_content() makes? */
static bool is_whole(struct kvs_str content)
{
	const char *p = content.p, *end = p + content.n, *newline;
	size_t n;
	unsigned lines, seen = 0;

	newline = content.n ? memchr(p, '\n', content.n) : NULL;
	if (!newline || sscanf(p, "writer %*d round %*u of %u lines", &lines) != 1)
		return false;
	n = (size_t)(newline - p) + 1;
	for (; p + n <= end && memcmp(p, content.p, n) == 0; p += n)
		seen++;
	return p == end && seen == lines;
}

static void write_file(const char *path, const struct kvs_buf *b)
{
	KVS_AUTO_FD int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	if (fd < 0 || write(fd, b->data, b->len) != (ssize_t)b->len)
		went_wrong("write", strerror(errno));
}

static void be_writer(int who)
{
	char path[32];
	const struct kvs_in_params params = {
		.key = "k", .file = path, .fd = -1, .guards = { .min_lines = 1 }
	};
	KVS_AUTO_BUF struct kvs_buf b;
	struct kvs_in_result result;
	struct kvs_transfer t;
	struct kvs_err err;
	unsigned round;

	open_engine(&t);
	no_transactions = who % 2;
	(void)snprintf(path, sizeof(path), "source%d", who);
	kvs_buf_init(&b, 1 << 20);
	for (round = 0; !shared->over; round++) {
		int rc;

		make_content(&b, who, round);
		write_file(path, &b);
		t.deadline = kvsi_monotonic_ms() + WAIT_MS;
		rc = kvs_transfer_in(&t, &params, &result, &err);
		if (rc == 0)
			shared->written++;
		else if (rc == KVS_E_CONFLICT)
			shared->conflicts++;
		else
			went_wrong("in", err.msg);
	}
	kvs_close(t.store);
}

/* A target of one's own has the very bytes of the checksum that was told. */
static void check_target(const char *path, const char *checksum)
{
	KVS_AUTO_BUF struct kvs_buf b;
	char digest[KVS_SHA256_HEX];
	struct kvs_err err;

	kvs_buf_init(&b, 1 << 20);
	if (kvs_file_read(path, &b, &err) || !is_whole(kvs_buf_slice(&b)))
		went_wrong("not whole", path);
	kvs_sha256_of(kvs_buf_slice(&b), digest);
	if (checksum && strcmp(digest, checksum) != 0)
		went_wrong("mixed pair", path);
}

static void be_reader(int who)
{
	bool shares = who % 2;
	char path[32];
	const struct kvs_out_params params = { .key = "k",
					       .file = path,
					       .guards = { .min_lines = 1 } };
	struct kvs_out_result result;
	struct kvs_transfer t;
	struct kvs_err err;

	open_engine(&t);
	/* half of the readers have a target each, the others share one between two */
	(void)snprintf(path, sizeof(path), shares ? "shared%d" : "own%d", shares ? who / 4 : who);
	while (!shared->over) {
		int rc;

		t.deadline = kvsi_monotonic_ms() + WAIT_MS;
		rc = kvs_transfer_out(&t, &params, &result, &err);
		if (rc == 0)
			shared->installed += result.installed;
		else if (rc == KVS_E_INTEGRITY)
			shared->unsettled++;
		else if (rc != KVS_E_NOTFOUND)
			went_wrong("out", err.msg);
		if (rc == 0)
			check_target(path, shares ? NULL : result.checksum);
	}
	kvs_close(t.store);
}

static pid_t spawn(void (*be)(int who), int who)
{
	pid_t pid = fork();

	if (pid < 0)
		bail("cannot fork");
	if (pid == 0) {
		be(who);
		_exit(0);
	}
	return pid;
}

static void kill_one(pid_t *writers)
{
	int who = (int)kvs_rand_below(PEOPLE);

	(void)kill(writers[who], SIGKILL);
	(void)waitpid(writers[who], NULL, 0);
	shared->killed++;
	writers[who] = spawn(be_writer, who);
}

static void race(unsigned ms)
{
	const struct timespec pause = { .tv_nsec = KILL_EACH_MS * 1000000L };
	uint64_t end = kvsi_monotonic_ms() + ms;
	pid_t writers[PEOPLE], readers[PEOPLE];
	int i;

	for (i = 0; i < PEOPLE; i++) {
		writers[i] = spawn(be_writer, i);
		readers[i] = spawn(be_reader, i);
	}
	while (kvsi_monotonic_ms() < end) {
		(void)nanosleep(&pause, NULL);
		kill_one(writers);
	}
	shared->over = true;
	for (i = 0; i < PEOPLE; i++) {
		(void)waitpid(writers[i], NULL, 0);
		(void)waitpid(readers[i], NULL, 0);
	}
}

/* The last writer of all leaves a matching pair, whatever it finds. */
static void settle(void)
{
	const struct kvs_in_params in = { .key = "k", .file = "source0", .fd = -1 };
	const struct kvs_out_params out = { .key = "k", .file = "last" };
	KVS_AUTO_BUF struct kvs_buf b;
	struct kvs_out_result got;
	struct kvs_in_result put;
	struct kvs_transfer t;
	struct kvs_err err;

	kvs_buf_init(&b, 1 << 20);
	make_content(&b, 0, 4711);
	write_file("source0", &b);
	open_engine(&t);
	is_code(kvs_transfer_in(&t, &in, &put, &err), 0, &err, "one more in");
	is_code(kvs_transfer_out(&t, &out, &got, &err), 0, &err, "and its out");
	is_str(got.checksum, put.checksum, "belong together");
	kvs_close(t.store);
}

int main(void)
{
	bool is_long = getenv("KVS_LONG") != NULL;

	if (chdir(scratch_make()) != 0)
		bail("no working directory");
	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1,
		      0);
	if (shared == MAP_FAILED)
		bail("no shared memory");
	race(is_long ? 10000 : 2000);
	diag("%u written, %u gave up in conflict, %u installed, %u found no matching pair, %u "
	     "killed",
	     shared->written, shared->conflicts, shared->installed, shared->unsettled,
	     shared->killed);
	is_uint(shared->bad, 0, "nothing went wrong, no mixed pair was installed");
	if (shared->bad)
		diag("%s", shared->words);
	ok(shared->written > PEOPLE, "there was writing");
	ok(shared->installed > PEOPLE, "and reading");
	ok(shared->killed > 0, "and killing");
	is_uint(shared->conflicts, 0, "every writer got its turn");
	settle();
	return tap_end();
}
