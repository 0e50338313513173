/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How other processes' commits are heard of: whoever commits touches the file's times afterwards
 * (local_txn.c), which inotify tells as IN_ATTRIB.  Listening for writes to the -wal file instead
 * would come too early: SQLite writes it, syncs it, and only then makes the commit visible, in
 * shared memory, silently.
 */
#include "backends/local/local.h"

#include "base/err.h"
#include "base/log.h"

#include <string.h>
#include <sys/epoll.h>
#include <sys/inotify.h>
#include <sys/timerfd.h>

/* For what no sign comes of: a writer killed between its commit and the sign, or another program.
 */
#define SAFETY_POLL_MS 1000
/* Where the system gives no inotify (its limits are reached). */
#define BLIND_POLL_MS 50

static void close_fd(int *fd)
{
	kvs_cleanup_fd(fd);
	*fd = -1;
}

static int add(struct local_conn *conn, int fd, struct kvs_err *err)
{
	struct epoll_event event = { .events = EPOLLIN };

	if (epoll_ctl(conn->epoll_fd, EPOLL_CTL_ADD, fd, &event) != 0)
		return kvs_err_sys(err, "%s: cannot wait for events", conn->label);
	return 0;
}

int local_notify_fd(struct local_conn *conn, struct kvs_err *err)
{
	int fd, rc;

	if (conn->epoll_fd >= 0)
		return conn->epoll_fd;
	fd = kvs_replyq_fd(&conn->q, err);
	if (fd < 0)
		return fd;
	conn->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	if (conn->epoll_fd < 0)
		return kvs_err_sys(err, "%s: cannot wait for events", conn->label);
	rc = add(conn, fd, err);
	if (rc)
		close_fd(&conn->epoll_fd);
	return rc ? rc : conn->epoll_fd;
}

static int make_timer(struct local_conn *conn, struct kvs_err *err)
{
	int rc;

	if (conn->timer_fd >= 0)
		return 0;
	/* Leases end by this clock, which counts the time that a machine sleeps. */
	conn->timer_fd = timerfd_create(CLOCK_BOOTTIME, TFD_CLOEXEC | TFD_NONBLOCK);
	if (conn->timer_fd < 0)
		return kvs_err_sys(err, "%s: cannot make a timer", conn->label);
	rc = add(conn, conn->timer_fd, err);
	if (rc)
		close_fd(&conn->timer_fd);
	return rc;
}

/* Without inotify the store works, with polls that are less slow. */
static void make_inotify(struct local_conn *conn)
{
	if (conn->inotify_fd >= 0)
		return;
	conn->inotify_fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
	if (conn->inotify_fd >= 0 && add(conn, conn->inotify_fd, NULL) != 0)
		close_fd(&conn->inotify_fd);
	if (conn->inotify_fd < 0)
		kvs_log(KVS_LOG_DEBUG, "%s: no inotify (%s); looking every %d ms", conn->label,
			strerrordesc_np(errno), BLIND_POLL_MS);
}

/* IN_ATTRIB is the sign; it also comes when the file loses a name. */
static void watch_file(struct local_conn *conn)
{
	const uint32_t what = IN_ATTRIB | IN_MOVE_SELF | IN_DELETE_SELF;

	if (conn->inotify_fd < 0 || conn->watched_generation == conn->generation)
		return;
	/* An old file's watch ends with the file. */
	if (inotify_add_watch(conn->inotify_fd, sqlite3_db_filename(conn->db.sql, "main"), what) >=
	    0)
		conn->watched_generation = conn->generation;
}

int local_notify_listen(struct local_conn *conn, struct kvs_err *err)
{
	int rc = local_notify_fd(conn, err);

	if (rc >= 0)
		rc = make_timer(conn, err);
	if (rc < 0)
		return rc;
	make_inotify(conn);
	watch_file(conn);
	return 0;
}

void local_notify_in(struct local_conn *conn, uint64_t ms)
{
	bool hears = conn->watched_generation == conn->generation;
	uint64_t poll = hears ? SAFETY_POLL_MS : BLIND_POLL_MS;
	struct itimerspec when = { 0 };

	if (conn->timer_fd < 0)
		return;
	if (ms > poll)
		ms = poll;
	if (ms == 0)
		ms = 1; /* 0 would mean never */
	if (conn->watches)
		when.it_value = (struct timespec){ .tv_sec = (time_t)(ms / 1000),
						   .tv_nsec = (long)(ms % 1000) * 1000000 };
	(void)timerfd_settime(conn->timer_fd, 0, &when, NULL);
}

bool local_notify_take(struct local_conn *conn)
{
	char events[4096];
	uint64_t expirations;
	bool sign = false;

	if (conn->timer_fd >= 0)
		sign = read(conn->timer_fd, &expirations, sizeof(expirations)) > 0;
	/* What the events say is found out by looking. */
	while (conn->inotify_fd >= 0 && read(conn->inotify_fd, events, sizeof(events)) > 0)
		sign = true;
	return sign;
}

void local_notify_deaf(struct local_conn *conn)
{
	const struct itimerspec never = { 0 };

	close_fd(&conn->inotify_fd);
	conn->watched_generation = 0;
	if (conn->timer_fd >= 0)
		(void)timerfd_settime(conn->timer_fd, 0, &never, NULL);
}

void local_notify_close(struct local_conn *conn)
{
	close_fd(&conn->timer_fd);
	close_fd(&conn->inotify_fd);
	close_fd(&conn->epoll_fd);
}
