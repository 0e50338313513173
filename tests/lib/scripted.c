/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/lib/scripted.h"

#include "base/alloc.h"
#include "tests/lib/tap.h"

#include <arpa/inet.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#define MAX_REQUEST (1u << 20)

struct scripted {
	pthread_t thread;
	int listen_fd;
	int stop_fd;
	unsigned int port;
	atomic_int count;
	scripted_fn *fn;
	void *arg;
	char *request;
};

/* Until fd is readable; false: the server is to stop. */
static bool wait_for(const struct scripted *s, int fd)
{
	struct pollfd pfds[2] = { { .fd = fd, .events = POLLIN },
				  { .fd = s->stop_fd, .events = POLLIN } };

	return poll(pfds, 2, -1) > 0 && !pfds[1].revents;
}

static size_t body_length(const char *request)
{
	const char *header = strcasestr(request, "\r\nContent-Length:");

	return header ? strtoul(header + 17, NULL, 10) : 0;
}

/* Is it all there? */
static bool is_whole(const char *request, size_t n)
{
	const char *end = strstr(request, "\r\n\r\n");

	return end && n - (size_t)(end + 4 - request) >= body_length(request);
}

static bool read_request(struct scripted *s, int fd)
{
	size_t n = 0;

	do {
		ssize_t got = wait_for(s, fd) ? recv(fd, s->request + n, MAX_REQUEST - n, 0) : 0;

		if (got <= 0)
			return false;
		n += (size_t)got;
		s->request[n] = '\0';
	} while (!is_whole(s->request, n));
	return true;
}

static void hang(const struct scripted *s, int fd)
{
	char ignored[256];

	while (wait_for(s, fd) && recv(fd, ignored, sizeof(ignored), 0) > 0)
		;
}

static void serve(struct scripted *s, int fd)
{
	struct scripted_answer answer = { .end = SCRIPTED_KEEP };

	while (answer.end == SCRIPTED_KEEP && read_request(s, fd)) {
		atomic_fetch_add(&s->count, 1);
		answer = (struct scripted_answer){ .end = SCRIPTED_CLOSE };
		s->fn(s->arg, s->request, &answer);
		if (answer.n && send(fd, answer.bytes, answer.n, MSG_NOSIGNAL) < 0)
			break;
		if (answer.end == SCRIPTED_HANG)
			hang(s, fd);
	}
	(void)close(fd);
}

static void *run(void *arg)
{
	struct scripted *s = arg;

	while (wait_for(s, s->listen_fd)) {
		int fd = accept(s->listen_fd, NULL, NULL);

		if (fd >= 0)
			serve(s, fd);
	}
	return NULL;
}

struct scripted *scripted_start(scripted_fn *fn, void *arg)
{
	struct sockaddr_in sin = { .sin_family = AF_INET, .sin_addr = { htonl(INADDR_LOOPBACK) } };
	struct scripted *s = kvs_zalloc(sizeof(*s));
	socklen_t n = sizeof(sin);

	if (!s || !(s->request = kvs_alloc(MAX_REQUEST + 1)))
		bail("no memory");
	s->fn = fn;
	s->arg = arg;
	s->listen_fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	s->stop_fd = eventfd(0, EFD_CLOEXEC);
	if (bind(s->listen_fd, (struct sockaddr *)&sin, sizeof(sin)) || listen(s->listen_fd, 64) ||
	    getsockname(s->listen_fd, (struct sockaddr *)&sin, &n) ||
	    pthread_create(&s->thread, NULL, run, s))
		bail("no server");
	s->port = ntohs(sin.sin_port);
	return s;
}

void scripted_stop(struct scripted *s)
{
	(void)eventfd_write(s->stop_fd, 1);
	(void)pthread_join(s->thread, NULL);
	(void)close(s->listen_fd);
	(void)close(s->stop_fd);
	kvsi_free(s->request);
	kvsi_free(s);
}

unsigned int scripted_port(const struct scripted *s)
{
	return s->port;
}

int scripted_count(struct scripted *s)
{
	return atomic_load(&s->count);
}
