/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How long until each of many blocking queries of one key was answered after a change: a bare
 * program with curl's multi interface behind one epoll, one connection a query.
 *
 *	bare_queries URL [N [ROUNDS]]     URL of the key; 1200 queries, 21 rounds by default
 *
 * Prints "median MS" and "max MS", as bench/watches does.
 */
#include "bench/rounds.h"

#include <curl/curl.h>
#include <strings.h>
#include <sys/epoll.h>

#define BATCH 256

struct run {
	struct bench_rounds rounds;
	const char *key;
	CURLM *multi;
	int epoll_fd;
	double timer; /* when curl wants to be called; 0: not */
	char value[32];
	bool written;
};

struct query {
	CURL *easy;
	char index[24]; /* of the last answer */
};

/* ---- curl's sockets and its timer ---- */

static int on_socket(CURL *easy, curl_socket_t fd, int what, void *arg, void *known)
{
	struct run *run = arg;
	struct epoll_event ev = { .data.fd = fd };
	int op = known ? EPOLL_CTL_MOD : EPOLL_CTL_ADD;

	(void)easy;
	if (what == CURL_POLL_REMOVE)
		return epoll_ctl(run->epoll_fd, EPOLL_CTL_DEL, fd, NULL);
	ev.events = (what & CURL_POLL_IN ? EPOLLIN : 0) | (what & CURL_POLL_OUT ? EPOLLOUT : 0);
	(void)curl_multi_assign(run->multi, fd, run);
	return epoll_ctl(run->epoll_fd, op, fd, &ev);
}

static int on_timer(CURLM *multi, long ms, void *arg)
{
	struct run *run = arg;

	(void)multi;
	run->timer = ms < 0 ? 0 : bench_now_ms() + (double)ms;
	return 0;
}

static int wait_ms(const struct run *run, int most)
{
	double left = run->timer - bench_now_ms();

	if (!run->timer || left > most)
		return most;
	return left > 0 ? (int)left + 1 : 0;
}

static void act(struct run *run, curl_socket_t fd, int mask)
{
	int running;

	if (curl_multi_socket_action(run->multi, fd, mask, &running) != CURLM_OK)
		bench_die("curl: the loop failed");
}

static void finish_all(struct run *run);

static void poll_curl(struct run *run, int ms)
{
	struct epoll_event events[BATCH];
	int n = epoll_wait(run->epoll_fd, events, BATCH, wait_ms(run, ms));

	for (int i = 0; i < n; i++)
		act(run, events[i].data.fd,
		    (events[i].events & ~(uint32_t)EPOLLOUT ? CURL_CSELECT_IN : 0) |
			    (events[i].events & EPOLLOUT ? CURL_CSELECT_OUT : 0));
	if (run->timer && run->timer <= bench_now_ms()) {
		run->timer = 0;
		act(run, CURL_SOCKET_TIMEOUT, 0);
	}
	finish_all(run);
}

/* ---- queries ---- */

static size_t on_header(char *line, size_t size, size_t n, void *arg)
{
	static const char name[] = "X-Consul-Index: ";
	struct query *q = arg;

	(void)size;
	if (n > sizeof(name) && n - sizeof(name) < sizeof(q->index) &&
	    strncasecmp(line, name, sizeof(name) - 1) == 0)
		(void)snprintf(q->index, sizeof(q->index), "%.*s",
			       (int)strcspn(line + sizeof(name) - 1, "\r\n"),
			       line + sizeof(name) - 1);
	return n;
}

static size_t swallow(char *p, size_t size, size_t n, void *arg)
{
	(void)p, (void)arg;
	return size * n;
}

/* q is NULL for the one that writes. */
static CURL *new_easy(struct query *q)
{
	CURL *easy = curl_easy_init();

	if (!easy)
		bench_die("curl: no memory");
	(void)curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
	(void)curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, swallow);
	(void)curl_easy_setopt(easy, CURLOPT_PRIVATE, q);
	return easy;
}

static void ask(struct run *run, struct query *q)
{
	char url[512];

	(void)snprintf(url, sizeof(url), "%s?index=%s&wait=300s", run->key, q->index);
	(void)curl_easy_setopt(q->easy, CURLOPT_URL, url);
	if (curl_multi_add_handle(run->multi, q->easy) != CURLM_OK)
		bench_die("curl: cannot ask");
}

static void answered(struct run *run, CURL *easy)
{
	struct query *q = NULL;
	long status = 0;

	(void)curl_easy_getinfo(easy, CURLINFO_PRIVATE, &q);
	(void)curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status);
	if (status != 200)
		bench_die("Consul answers %ld", status);
	if (!q) {
		run->written = true;
		return;
	}
	bench_rounds_told(&run->rounds);
	ask(run, q);
}

static void finish_all(struct run *run)
{
	const CURLMsg *msg;
	CURLcode rc;
	CURL *easy;
	int left;

	while ((msg = curl_multi_info_read(run->multi, &left))) {
		easy = msg->easy_handle;
		rc = msg->data.result;
		if (rc)
			bench_die("curl: %s", curl_easy_strerror(rc));
		(void)curl_multi_remove_handle(run->multi, easy);
		answered(run, easy);
	}
}

/* ---- the run ---- */

static void start_curl(struct run *run)
{
	run->multi = curl_global_init(CURL_GLOBAL_DEFAULT) ? NULL : curl_multi_init();
	run->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	if (!run->multi || run->epoll_fd < 0)
		bench_die("curl: cannot begin");
	(void)curl_multi_setopt(run->multi, CURLMOPT_SOCKETFUNCTION, on_socket);
	(void)curl_multi_setopt(run->multi, CURLMOPT_SOCKETDATA, run);
	(void)curl_multi_setopt(run->multi, CURLMOPT_TIMERFUNCTION, on_timer);
	(void)curl_multi_setopt(run->multi, CURLMOPT_TIMERDATA, run);
	(void)curl_multi_setopt(run->multi, CURLMOPT_MAXCONNECTS, (long)run->rounds.watches + 8);
}

static void start_queries(struct run *run, struct query *all)
{
	run->rounds.begin = bench_now_ms();
	for (size_t i = 0; i < run->rounds.watches; i++) {
		all[i].easy = new_easy(&all[i]);
		(void)strcpy(all[i].index, "0");
		(void)curl_easy_setopt(all[i].easy, CURLOPT_HEADERFUNCTION, on_header);
		(void)curl_easy_setopt(all[i].easy, CURLOPT_HEADERDATA, &all[i]);
		ask(run, &all[i]);
	}
	while (!bench_rounds_all_told(&run->rounds))
		poll_curl(run, 1000);
}

static void rest(struct run *run)
{
	double until = bench_now_ms() + BENCH_REST_MS;

	while (bench_now_ms() < until)
		poll_curl(run, BENCH_REST_MS / 10);
}

static void write_value(struct run *run, CURL *writer)
{
	run->written = false;
	(void)curl_easy_setopt(writer, CURLOPT_URL, run->key);
	(void)curl_easy_setopt(writer, CURLOPT_CUSTOMREQUEST, "PUT");
	(void)curl_easy_setopt(writer, CURLOPT_POSTFIELDS, run->value);
	if (curl_multi_add_handle(run->multi, writer) != CURLM_OK)
		bench_die("curl: cannot write");
	while (!run->written)
		poll_curl(run, 1000);
}

static void play_round(struct run *run, CURL *writer)
{
	rest(run);
	(void)snprintf(run->value, sizeof(run->value), "%zu.%.0f", run->rounds.round,
		       bench_now_ms());
	bench_rounds_begin(&run->rounds);
	write_value(run, writer);
	while (!bench_rounds_all_told(&run->rounds))
		poll_curl(run, 1000);
}

int main(int argc, char **argv)
{
	static struct run run = { .value = "0" };
	struct query *all;
	CURL *writer;

	if (argc < 2) {
		fprintf(stderr, "usage: bare_queries URL [N [ROUNDS]]\n");
		return 2;
	}
	run.key = argv[1];
	run.rounds.watches = bench_operand(argc, argv, 2, 1200, 100000);
	run.rounds.rounds = bench_operand(argc, argv, 3, 21, BENCH_MAX_ROUNDS);
	all = calloc(run.rounds.watches, sizeof(*all));
	if (!all)
		bench_die("no memory");
	start_curl(&run);
	writer = new_easy(NULL);
	write_value(&run, writer);
	start_queries(&run, all);
	for (size_t i = 0; i <= run.rounds.rounds; i++)
		play_round(&run, writer);
	bench_rounds_print(&run.rounds);
	return 0; /* the rest goes with the process */
}
