/* SPDX-License-Identifier: Apache-2.0 */
#include "base/srv.h"

#include "base/err.h"
#include "base/rand.h"
#include "base/str.h"

#include <arpa/inet.h>
#include <arpa/nameser.h>
#include <errno.h>
#include <netdb.h>
#include <poll.h>
#include <pthread.h>
#include <resolv.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>

#define MAX_MESSAGE 65535

/* Owned by the caller and by the thread together; the last one frees it. */
struct kvs_srv {
	pthread_mutex_t lock;
	unsigned int owners;
	int fd;
	char *record;
	int n;	     /* bytes of the answer, or -1 */
	int dns_err; /* h_errno of n == -1 */
	unsigned char *answer;
};

static void disown(struct kvs_srv *srv)
{
	bool last;

	(void)pthread_mutex_lock(&srv->lock);
	last = --srv->owners == 0;
	(void)pthread_mutex_unlock(&srv->lock);
	if (!last)
		return;
	(void)pthread_mutex_destroy(&srv->lock);
	kvs_cleanup_fd(&srv->fd);
	kvsi_free(srv->record);
	kvsi_free(srv->answer);
	kvsi_free(srv);
}

/* ---- asking ---- */

/* "127.0.0.1:8600" in place of the machine's resolvers. */
static void use_test_server(struct __res_state *state)
{
	const char *server = secure_getenv("KVS_DNS_SERVER");
	const char *colon = server ? strchr(server, ':') : NULL;
	struct sockaddr_in sin = { .sin_family = AF_INET };
	char address[INET_ADDRSTRLEN];

	if (!colon || (size_t)(colon - server) >= sizeof(address))
		return;
	memcpy(address, server, (size_t)(colon - server));
	address[colon - server] = '\0';
	if (inet_pton(AF_INET, address, &sin.sin_addr) != 1)
		return;
	sin.sin_port = htons((uint16_t)strtoul(colon + 1, NULL, 10));
	state->nsaddr_list[0] = sin;
	state->nscount = 1;
}

static void *ask(void *arg)
{
	struct kvs_srv *srv = arg;
	struct __res_state state = { 0 };

	srv->n = -1;
	if (res_ninit(&state) == 0) {
		use_test_server(&state);
		srv->n = res_nquery(&state, srv->record, ns_c_in, ns_t_srv, srv->answer,
				    MAX_MESSAGE);
		srv->dns_err = state.res_h_errno;
		res_nclose(&state);
	}
	(void)eventfd_write(srv->fd, 1);
	disown(srv);
	return NULL;
}

/* Signals are for the program's own threads. */
static int start_thread(struct kvs_srv *srv)
{
	pthread_attr_t attr;
	sigset_t all, before;
	pthread_t thread;
	int rc = pthread_attr_init(&attr);

	if (rc)
		return rc;
	(void)pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
	(void)sigfillset(&all);
	(void)pthread_sigmask(SIG_SETMASK, &all, &before);
	rc = pthread_create(&thread, &attr, ask, srv);
	(void)pthread_sigmask(SIG_SETMASK, &before, NULL);
	(void)pthread_attr_destroy(&attr);
	return rc;
}

int kvs_srv_start(const char *record, struct kvs_srv **ret_srv, struct kvs_err *err)
{
	struct kvs_srv *srv;

	if (!*record || strlen(record) >= NS_MAXDNAME)
		return kvs_err_set(err, KVS_E_CONFIG, "srv \"%s\" is not the name of a DNS record",
				   KVS_Q(kvs_s(record)));
	srv = kvs_zalloc(sizeof(*srv));
	if (!srv)
		return kvs_err_oom(err);
	(void)pthread_mutex_init(&srv->lock, NULL);
	srv->owners = 1;
	srv->record = kvs_strdup(record);
	srv->answer = kvs_alloc(MAX_MESSAGE);
	srv->fd = eventfd(0, EFD_CLOEXEC);
	if (!srv->record || !srv->answer || srv->fd < 0) {
		int code = srv->fd < 0 ? kvs_err_sys(err, "cannot make an eventfd")
				       : kvs_err_oom(err);

		disown(srv);
		return code;
	}
	srv->owners = 2;
	errno = start_thread(srv);
	if (errno) {
		int code = kvs_err_sys(err, "cannot start a thread");

		srv->owners = 1;
		disown(srv);
		return code;
	}
	*ret_srv = srv;
	return 0;
}

int kvs_srv_fd(const struct kvs_srv *srv)
{
	return srv->fd;
}

bool kvs_srv_ready(const struct kvs_srv *srv)
{
	struct pollfd pfd = { .fd = srv->fd, .events = POLLIN };

	return poll(&pfd, 1, 0) > 0;
}

void kvs_srv_free(struct kvs_srv *srv)
{
	if (srv)
		disown(srv);
}

/* ---- the answer ---- */

struct target {
	uint16_t priority, weight, port;
	char host[NS_MAXDNAME];
};

static int by_priority(const void *a, const void *b)
{
	const struct target *x = a, *y = b;

	if (x->priority != y->priority)
		return x->priority < y->priority ? -1 : 1;
	/* RFC 2782: those of weight 0 stand first, before chance has its say. */
	return (x->weight != 0) - (y->weight != 0);
}

static void swap_first(struct target *t, size_t i)
{
	struct target chosen = t[i];

	memmove(&t[1], &t[0], i * sizeof(*t));
	t[0] = chosen;
}

/* Moves the one that RFC 2782's drawing selects to the front of the n of one priority. */
static void draw(struct target *t, size_t n)
{
	uint64_t sum = 0, at;
	size_t i;

	for (i = 0; i < n; i++)
		sum += t[i].weight;
	at = kvs_rand_below(sum + 1);
	for (i = 0, sum = 0; i + 1 < n; i++) {
		sum += t[i].weight;
		if (sum >= at)
			break;
	}
	swap_first(t, i);
}

static void put_in_order(struct target *t, size_t n)
{
	size_t i, end;

	qsort(t, n, sizeof(*t), by_priority);
	for (i = 0; i < n; i++) {
		for (end = i; end < n && t[end].priority == t[i].priority; end++)
			;
		draw(&t[i], end - i);
	}
}

/* False: this is not a usable SRV record. */
static bool read_target(ns_msg *message, const ns_rr *rr, struct target *ret)
{
	const unsigned char *data = ns_rr_rdata(*rr);

	if (ns_rr_type(*rr) != ns_t_srv || ns_rr_rdlen(*rr) < 7)
		return false;
	ret->priority = (uint16_t)ns_get16(data);
	ret->weight = (uint16_t)ns_get16(data + 2);
	ret->port = (uint16_t)ns_get16(data + 4);
	return dn_expand(ns_msg_base(*message), ns_msg_end(*message), data + 6, ret->host,
			 sizeof(ret->host)) >= 0;
}

static size_t read_targets(ns_msg *message, struct target *t, size_t max)
{
	uint16_t count = ns_msg_count(*message, ns_s_an);
	size_t n = 0;
	ns_rr rr;

	for (int i = 0; i < count && n < max; i++)
		if (ns_parserr(message, ns_s_an, i, &rr) == 0 && read_target(message, &rr, &t[n]))
			n++;
	return n;
}

/* A target is a host's name; what else DNS may hold there goes no further. */
static bool usable(const struct target *t)
{
	static const char name[] =
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-";

	return t->port && *t->host && t->host[strspn(t->host, name)] == '\0';
}

static int add_targets(const char *record, const struct target *t, size_t n,
		       struct kvs_endpoints *list, struct kvs_err *err)
{
	size_t added = 0;

	for (size_t i = 0; i < n; i++) {
		int code = usable(&t[i]) ? kvs_endpoints_add(list, t[i].host, t[i].port, err) : 0;

		if (code)
			return code;
		added += usable(&t[i]);
	}
	if (!added)
		return kvs_err_set(err, KVS_E_UNAVAILABLE, "the DNS record %s names no server",
				   KVS_Q(kvs_s(record)));
	return 0;
}

int kvs_srv_decode(const char *record, const unsigned char *message, size_t n,
		   struct kvs_endpoints *list, struct kvs_err *err)
{
	KVS_AUTO_FREE struct target *targets = NULL;
	ns_msg parsed;
	size_t n_targets;

	if (n > MAX_MESSAGE || ns_initparse(message, (int)n, &parsed) != 0)
		return kvs_err_set(err, KVS_E_PROTOCOL, "the DNS answer for %s is malformed",
				   KVS_Q(kvs_s(record)));
	targets = kvs_realloc_array(NULL, KVS_MAX_ENDPOINTS, sizeof(*targets));
	if (!targets)
		return kvs_err_oom(err);
	n_targets = read_targets(&parsed, targets, KVS_MAX_ENDPOINTS);
	put_in_order(targets, n_targets);
	return add_targets(record, targets, n_targets, list, err);
}

int kvs_srv_finish(struct kvs_srv *srv, struct kvs_endpoints *list, struct kvs_err *err)
{
	eventfd_t ignored;

	if (eventfd_read(srv->fd, &ignored) != 0)
		return kvs_err_sys(err, "cannot wait for DNS");
	if (srv->n < 0)
		return kvs_err_set(err, KVS_E_UNAVAILABLE, "DNS record %s: %s",
				   KVS_Q(kvs_s(srv->record)), hstrerror(srv->dns_err));
	return kvs_srv_decode(srv->record, srv->answer, (size_t)srv->n, list, err);
}
