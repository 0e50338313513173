/* SPDX-License-Identifier: Apache-2.0 */
#include "base/srv.h"
#include "tests/lib/tap.h"

#include <arpa/inet.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* ---- DNS messages ---- */

struct message {
	unsigned char bytes[2048];
	size_t n;
};

static void put16(struct message *m, unsigned int value)
{
	m->bytes[m->n++] = (unsigned char)(value >> 8);
	m->bytes[m->n++] = (unsigned char)value;
}

/* "a.b" as labels. */
static void put_name(struct message *m, const char *name)
{
	while (*name) {
		size_t n = strcspn(name, ".");

		m->bytes[m->n++] = (unsigned char)n;
		memcpy(&m->bytes[m->n], name, n);
		m->n += n;
		name += n + (name[n] == '.');
	}
	m->bytes[m->n++] = 0;
}

static void begin(struct message *m, unsigned int answers)
{
	*m = (struct message){ .n = 0 };
	put16(m, 1);
	put16(m, 0x8180);
	put16(m, 1);
	put16(m, answers);
	put16(m, 0);
	put16(m, 0);
	put_name(m, "_x._tcp.test");
	put16(m, 33);
	put16(m, 1);
}

static void add_srv(struct message *m, unsigned int priority, unsigned int weight,
		    unsigned int port, const char *target)
{
	size_t length_at;

	put16(m, 0xc00c); /* the question's name */
	put16(m, 33);
	put16(m, 1);
	put16(m, 0);
	put16(m, 60);
	length_at = m->n;
	put16(m, 0);
	put16(m, priority);
	put16(m, weight);
	put16(m, port);
	put_name(m, target);
	m->bytes[length_at + 1] = (unsigned char)(m->n - length_at - 2);
}

/* ---- decoding ---- */

static void test_priorities(void)
{
	struct kvs_endpoints list KVS_AUTO_ENDPOINTS = { 0 };
	struct kvs_err err = { 0 };
	struct message m;

	begin(&m, 4);
	add_srv(&m, 20, 0, 3, "last.test");
	add_srv(&m, 10, 0, 2, "second.test");
	add_srv(&m, 1, 5, 1, "first.test");
	add_srv(&m, 30, 5, 9, "bad_\001name.test");
	is_code(kvs_srv_decode("_x", m.bytes, m.n, &list, &err), 0, &err, "an answer is read");
	if (!is_uint(list.n, 3, "what is no host name is left out"))
		return;
	is_str(list.all[0].host, "first.test", "the smallest priority comes first");
	is_uint(list.all[0].port, 1, "with its port");
	is_str(list.all[2].host, "last.test", "the greatest last");
}

static void test_weights(void)
{
	int heavy = 0;

	for (int i = 0; i < 1000; i++) {
		struct kvs_endpoints list KVS_AUTO_ENDPOINTS = { 0 };
		struct message m;

		begin(&m, 2);
		add_srv(&m, 1, 10, 1, "light.test");
		add_srv(&m, 1, 90, 1, "heavy.test");
		if (kvs_srv_decode("_x", m.bytes, m.n, &list, NULL) || list.n != 2)
			bail("not decoded");
		heavy += strcmp(list.all[0].host, "heavy.test") == 0;
	}
	/* About 900; the chance of leaving this range is below one in 10^9. */
	ok(heavy > 820 && heavy < 970, "weights decide who is first (%d of 1000)", heavy);
}

static void test_refused(void)
{
	struct kvs_endpoints list KVS_AUTO_ENDPOINTS = { 0 };
	struct kvs_err err = { 0 };
	struct message m;
	size_t whole;

	begin(&m, 1);
	add_srv(&m, 0, 0, 0, ".");
	is_err(kvs_srv_decode("_x", m.bytes, m.n, &list, &err), KVS_E_UNAVAILABLE, &err,
	       "names no server", "a service that does not exist");
	begin(&m, 1);
	add_srv(&m, 1, 1, 1, "host.test");
	whole = m.n;
	for (m.n = 0; m.n < whole; m.n++)
		if (kvs_srv_decode("_x", m.bytes, m.n, &list, NULL) == 0)
			break;
	is_uint(m.n, whole, "no part of a message is taken for one");
}

/* ---- asking a server ---- */

static void *serve_one(void *arg)
{
	int fd = *(int *)arg;
	struct sockaddr_in from;
	socklen_t n_from = sizeof(from);
	unsigned char query[512];
	struct message m;
	ssize_t n = recvfrom(fd, query, sizeof(query), 0, (struct sockaddr *)&from, &n_from);

	begin(&m, 1);
	add_srv(&m, 1, 1, 8500, "consul.test");
	if (n > 2) {
		memcpy(m.bytes, query, 2); /* the query's id */
		(void)sendto(fd, m.bytes, m.n, 0, (struct sockaddr *)&from, n_from);
	}
	return NULL;
}

static int open_server(void)
{
	struct sockaddr_in sin = { .sin_family = AF_INET, .sin_addr = { htonl(INADDR_LOOPBACK) } };
	socklen_t n = sizeof(sin);
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	char server[64];

	if (fd < 0 || bind(fd, (struct sockaddr *)&sin, sizeof(sin)) ||
	    getsockname(fd, (struct sockaddr *)&sin, &n))
		bail("no UDP socket");
	(void)snprintf(server, sizeof(server), "127.0.0.1:%u", ntohs(sin.sin_port));
	(void)setenv("KVS_DNS_SERVER", server, 1);
	return fd;
}

static void test_lookup(void)
{
	struct kvs_endpoints list KVS_AUTO_ENDPOINTS = { 0 };
	struct kvs_srv *srv = NULL;
	struct kvs_err err = { 0 };
	struct pollfd pfd = { .events = POLLIN };
	int fd = open_server();
	pthread_t thread;

	if (pthread_create(&thread, NULL, serve_one, &fd))
		bail("no thread");
	is_code(kvs_srv_start("_x._tcp.test", &srv, &err), 0, &err, "a lookup starts");
	pfd.fd = kvs_srv_fd(srv);
	is_int(poll(&pfd, 1, 10000), 1, "its descriptor tells of the answer");
	is_code(kvs_srv_finish(srv, &list, &err), 0, &err, "which is taken");
	if (is_uint(list.n, 1, "it has a server"))
		is_str(list.all[0].host, "consul.test", "by name");
	kvs_srv_free(srv);
	(void)pthread_join(thread, NULL);
	(void)close(fd);
}

int main(void)
{
	struct kvs_srv *srv = NULL;
	struct kvs_err err = { 0 };

	test_priorities();
	test_weights();
	test_refused();
	test_lookup();
	is_err(kvs_srv_start("", &srv, &err), KVS_E_CONFIG, &err, "not the name", "an empty name");
	kvs_srv_free(NULL);
	return tap_end();
}
