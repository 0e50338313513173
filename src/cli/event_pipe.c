/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The kernel moves bytes from pipe to pipe without ever waiting, even if somebody else reads there,
 * too, and copies the first of them without taking it: read(2) can do neither.
 */
#include "cli/event_pipe.h"

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/err.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define CHUNK 65536u

struct source {
	int fd;
	int ours[2]; /* a pipe: what was moved or copied is read from [0] */
	uint64_t deadline;
};

static void source_release(struct source *s)
{
	kvs_cleanup_fd(&s->ours[0]);
	kvs_cleanup_fd(&s->ours[1]);
}

static bool is_pipe(int fd)
{
	struct stat st;

	return fstat(fd, &st) == 0 && S_ISFIFO(st.st_mode);
}

/* Waits until there is something, or the other end is closed. */
static int wait_for_it(const struct source *s, struct kvs_err *err)
{
	struct pollfd pfd = { .fd = s->fd, .events = POLLIN };
	uint64_t now = kvsi_monotonic_ms();

	while (now < s->deadline) {
		int n = poll(&pfd, 1, (int)(s->deadline - now));

		if (n > 0)
			return 0;
		if (n < 0 && errno != EINTR)
			return kvs_err_sys(err, "wait for standard input");
		now = kvsi_monotonic_ms();
	}
	return kvs_err_set(err, KVS_E_TIMEOUT, "standard input does not end");
}

/* Both return what came, 0 at the end, or -1. */
static ssize_t take(const struct source *s)
{
	return splice(s->fd, NULL, s->ours[1], NULL, CHUNK, SPLICE_F_NONBLOCK);
}

static ssize_t peek(const struct source *s)
{
	return tee(s->fd, s->ours[1], 1, SPLICE_F_NONBLOCK);
}

/* Gets some bytes by one of them and appends them; *ret_n is 0 at the end. */
static int get(const struct source *s, ssize_t (*by)(const struct source *), struct kvs_buf *buf,
	       size_t *ret_n, struct kvs_err *err)
{
	char chunk[4096];
	ssize_t n;
	size_t left;

	do {
		int rc = wait_for_it(s, err);

		if (rc)
			return rc;
		n = by(s);
	} while (n < 0 && (errno == EAGAIN || errno == EINTR));
	if (n < 0)
		return kvs_err_sys(err, "read standard input");
	*ret_n = (size_t)n;
	for (left = (size_t)n; left > 0; left -= (size_t)n) {
		n = read(s->ours[0], chunk, left < sizeof(chunk) ? left : sizeof(chunk));
		if (n <= 0)
			return kvs_err_sys(err, "read standard input");
		kvs_buf_add(buf, chunk, (size_t)n);
	}
	return kvs_buf_check(buf, "standard input", err);
}

static int check_first(const struct source *s, const char *begins, struct kvs_err *err)
{
	struct kvs_buf first KVS_AUTO_BUF;
	size_t n;
	int rc;

	kvs_buf_init(&first, 1);
	rc = get(s, peek, &first, &n, err);
	if (rc == 0 && (n == 0 || !*first.data || !strchr(begins, *first.data)))
		rc = kvs_err_set(err, KVS_E_ARG, "standard input is something else");
	return rc;
}

int event_pipe_read(int fd, const char *begins, uint64_t wait_ms, struct kvs_buf *buf,
		    struct kvs_err *err)
{
	KVS_CLEANUP(source_release)
	struct source s = { .fd = fd,
			    .ours = { -1, -1 },
			    .deadline = kvsi_monotonic_ms() + wait_ms };
	size_t n = 1;
	int rc;

	if (!is_pipe(fd))
		return kvs_err_set(err, KVS_E_ARG, "standard input is not a pipe");
	if (pipe2(s.ours, O_CLOEXEC) != 0)
		return kvs_err_sys(err, "make a pipe");
	rc = check_first(&s, begins, err);
	while (rc == 0 && n > 0)
		rc = get(&s, take, buf, &n, err);
	return rc;
}
