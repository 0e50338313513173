/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A TCP proxy on loopback that misbehaves when told: for tests of what networks do.
 *
 *	proxy PORT            forwards to 127.0.0.1:PORT; prints "port N" once it listens
 *
 * Orders come line by line on stdin; each is answered on stdout by "ok ORDER" when it holds:
 *
 *	pass       forward everything again (what was held back too)
 *	cut N      reset each connection behind the Nth byte that its server sends, counted from now
 *	hang       forward nothing in either direction, keep connections
 *	mute       forward requests, hold back answers
 *	refuse     reset connections as they come
 *	drop       reset the connections that there are, once
 *	delay MS   hold each piece of an answer so long
 *	slow N     answers at N bytes a second
 *	count      answers "ok count CONNECTIONS BYTES_OF_ANSWERS", since the start
 *
 * Ends at the end of stdin.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define MAX_PAIRS 2000
#define PIECE	  65536

enum mode {
	PASS,
	HANG,
	MUTE,
	REFUSE,
};

/* One direction: what was read and not yet written. */
struct flow {
	char data[PIECE];
	size_t n, at;
	uint64_t due; /* not before this, ms */
	bool ended;   /* the reader saw the end */
	bool told;    /* and the writer was told */
};

struct pair {
	int client, server;
	uint64_t left; /* of "cut" */
	struct flow request, answer;
};

static struct {
	enum mode mode;
	uint64_t cut; /* UINT64_MAX: never */
	uint64_t delay;
	uint64_t rate; /* bytes a second; 0: no limit */
	uint64_t connections, bytes;
	uint16_t to;
	struct pair *pairs[MAX_PAIRS];
	size_t n;
} proxy = { .cut = UINT64_MAX };

static uint64_t now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000 + (uint64_t)ts.tv_nsec / 1000000;
}

static void fatal(const char *what)
{
	perror(what);
	exit(1);
}

/* RST, not FIN: the other side must see a broken connection. */
static void reset(int fd)
{
	const struct linger hard = { .l_onoff = 1 };

	(void)setsockopt(fd, SOL_SOCKET, SO_LINGER, &hard, sizeof(hard));
	(void)close(fd);
}

static void drop_pair(size_t i)
{
	reset(proxy.pairs[i]->client);
	reset(proxy.pairs[i]->server);
	free(proxy.pairs[i]);
	proxy.pairs[i] = proxy.pairs[--proxy.n];
}

static void drop_all(void)
{
	while (proxy.n)
		drop_pair(proxy.n - 1);
}

static int listen_somewhere(uint16_t *ret_port)
{
	struct sockaddr_in at = { .sin_family = AF_INET, .sin_addr = { htonl(INADDR_LOOPBACK) } };
	socklen_t n = sizeof(at);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd < 0 || bind(fd, (struct sockaddr *)&at, sizeof(at)) != 0 || listen(fd, 512) != 0 ||
	    getsockname(fd, (struct sockaddr *)&at, &n) != 0)
		fatal("listen");
	*ret_port = ntohs(at.sin_port);
	return fd;
}

static int connect_to(uint16_t port)
{
	struct sockaddr_in to = { .sin_family = AF_INET,
				  .sin_addr = { htonl(INADDR_LOOPBACK) },
				  .sin_port = htons(port) };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd >= 0 && connect(fd, (struct sockaddr *)&to, sizeof(to)) != 0) {
		(void)close(fd);
		return -1;
	}
	if (fd >= 0)
		(void)fcntl(fd, F_SETFL, O_NONBLOCK);
	return fd;
}

static void take(int listener)
{
	int client = accept4(listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	struct pair *p;
	int server;

	if (client < 0)
		return;
	proxy.connections++;
	server = proxy.mode == REFUSE || proxy.n == MAX_PAIRS ? -1 : connect_to(proxy.to);
	p = server < 0 ? NULL : calloc(1, sizeof(*p));
	if (!p) {
		reset(client);
		if (server >= 0)
			(void)close(server);
		return;
	}
	p->client = client;
	p->server = server;
	p->left = proxy.cut;
	proxy.pairs[proxy.n++] = p;
}

/* ---- forwarding ---- */

static bool held(bool is_answer)
{
	return proxy.mode == HANG || (proxy.mode == MUTE && is_answer);
}

static bool fill(struct flow *f, int from, bool is_answer)
{
	size_t want = sizeof(f->data);
	ssize_t n;

	if (is_answer && proxy.rate && proxy.rate / 20 + 1 < want)
		want = proxy.rate / 20 + 1; /* a piece every 50 ms */
	n = read(from, f->data, want);
	if (n < 0)
		return errno == EAGAIN || errno == EINTR;
	f->ended = n == 0;
	f->n = (size_t)n;
	f->at = 0;
	f->due = is_answer ? now_ms() + proxy.delay + (proxy.rate ? 50 : 0) : 0;
	return true;
}

/* False: the pair is over. */
static bool drain(struct pair *p, struct flow *f, int to, bool is_answer)
{
	size_t n = f->n - f->at;
	bool cuts = is_answer && n >= p->left;
	ssize_t done;

	if (cuts)
		n = p->left;
	done = n ? send(to, f->data + f->at, n, MSG_NOSIGNAL) : 0;
	if (done < 0)
		return errno == EAGAIN || errno == EINTR;
	f->at += (size_t)done;
	if (is_answer) {
		proxy.bytes += (uint64_t)done;
		if (p->left != UINT64_MAX)
			p->left -= (uint64_t)done;
	}
	if (cuts && p->left == 0)
		return false;
	if (f->at == f->n)
		f->at = f->n = 0;
	return true;
}

/* What a direction waits for: POLLIN on its source or POLLOUT on its sink. */
static void wants(const struct flow *f, bool is_answer, short *from, short *to, uint64_t now)
{
	if (held(is_answer))
		return;
	if (f->n && f->due <= now)
		*to |= POLLOUT;
	else if (!f->n && !f->ended)
		*from |= POLLIN;
}

static bool move(struct pair *p, struct flow *f, int from, int to, bool is_answer, short from_ev,
		 short to_ev)
{
	if (held(is_answer))
		return true;
	if (!f->n && !f->ended && (from_ev & (POLLIN | POLLHUP | POLLERR)) &&
	    !fill(f, from, is_answer))
		return false;
	if (f->n && f->due <= now_ms() && (to_ev & POLLOUT || !f->due) &&
	    !drain(p, f, to, is_answer))
		return false;
	if (f->ended && !f->n && !f->told) {
		f->told = true;
		(void)shutdown(to, SHUT_WR);
	}
	return true;
}

static bool serve(struct pair *p, short client_ev, short server_ev)
{
	return move(p, &p->request, p->client, p->server, false, client_ev, server_ev) &&
	       move(p, &p->answer, p->server, p->client, true, server_ev, client_ev) &&
	       !(p->request.told && p->answer.told);
}

/* ---- orders ---- */

static void cut_from_now(uint64_t n)
{
	size_t i;

	proxy.cut = n;
	for (i = 0; i < proxy.n; i++)
		proxy.pairs[i]->left = n;
}

static void obey(const char *line)
{
	unsigned long long n = 0;

	if (!strcmp(line, "pass")) {
		proxy.mode = PASS;
		proxy.delay = proxy.rate = 0;
		cut_from_now(UINT64_MAX);
	} else if (sscanf(line, "cut %llu", &n) == 1) {
		cut_from_now(n);
	} else if (!strcmp(line, "hang")) {
		proxy.mode = HANG;
	} else if (!strcmp(line, "mute")) {
		proxy.mode = MUTE;
	} else if (!strcmp(line, "refuse")) {
		proxy.mode = REFUSE;
	} else if (!strcmp(line, "drop")) {
		drop_all();
	} else if (sscanf(line, "delay %llu", &n) == 1) {
		proxy.delay = n;
	} else if (sscanf(line, "slow %llu", &n) == 1) {
		proxy.rate = n;
	} else if (!strcmp(line, "count")) {
		printf("ok count %llu %llu\n", (unsigned long long)proxy.connections,
		       (unsigned long long)proxy.bytes);
		return;
	} else {
		fprintf(stderr, "proxy: unknown order: %s\n", line);
		exit(2);
	}
	printf("ok %s\n", line);
}

static bool read_orders(void)
{
	static char text[1024];
	static size_t n;
	ssize_t got = read(0, text + n, sizeof(text) - 1 - n);
	char *line, *end;

	if (got <= 0)
		return false;
	n += (size_t)got;
	text[n] = '\0';
	for (line = text; (end = strchr(line, '\n')); line = end + 1) {
		*end = '\0';
		obey(line);
	}
	n = strlen(line);
	memmove(text, line, n + 1);
	return true;
}

/* ---- the loop ---- */

/* Milliseconds to the next piece that was delayed; -1: none is. */
static int next_due(uint64_t now)
{
	uint64_t first = UINT64_MAX;
	size_t i;

	for (i = 0; i < proxy.n; i++)
		if (proxy.pairs[i]->answer.n && proxy.pairs[i]->answer.due > now &&
		    proxy.pairs[i]->answer.due < first)
			first = proxy.pairs[i]->answer.due;
	return first == UINT64_MAX ? -1 : (int)(first - now);
}

static void poll_pairs(struct pollfd *fds, uint64_t now)
{
	struct pair *p;
	size_t i;

	for (i = 0; i < proxy.n; i++) {
		p = proxy.pairs[i];
		fds[2 * i] = (struct pollfd){ .fd = p->client };
		fds[2 * i + 1] = (struct pollfd){ .fd = p->server };
		wants(&p->request, false, &fds[2 * i].events, &fds[2 * i + 1].events, now);
		wants(&p->answer, true, &fds[2 * i + 1].events, &fds[2 * i].events, now);
		/* Held back: not even the end is looked at, or poll would spin on it. */
		if (!fds[2 * i].events)
			fds[2 * i].fd = -1;
		if (!fds[2 * i + 1].events)
			fds[2 * i + 1].fd = -1;
	}
}

int main(int argc, char **argv)
{
	static struct pollfd fds[2 + 2 * MAX_PAIRS];
	uint16_t port;
	int listener;
	size_t i, n;

	proxy.to = (uint16_t)(argc == 2 ? atoi(argv[1]) : 0);
	if (!proxy.to) {
		fprintf(stderr, "usage: proxy PORT\n");
		return 2;
	}
	setvbuf(stdout, NULL, _IOLBF, 0);
	listener = listen_somewhere(&port);
	printf("port %u\n", port);
	for (;;) {
		uint64_t now = now_ms();

		n = proxy.n;
		fds[0] = (struct pollfd){ .fd = 0, .events = POLLIN };
		fds[1] = (struct pollfd){ .fd = listener, .events = POLLIN };
		poll_pairs(fds + 2, now);
		if (poll(fds, 2 + 2 * n, next_due(now)) < 0 && errno != EINTR)
			fatal("poll");
		for (i = n; i-- > 0;) /* from the end: dropping moves only what was served */
			if (!serve(proxy.pairs[i], fds[2 + 2 * i].revents, fds[3 + 2 * i].revents))
				drop_pair(i);
		if (fds[1].revents & POLLIN)
			take(listener);
		if (fds[0].revents && !read_orders())
			return 0;
	}
}
