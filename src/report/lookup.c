/* SPDX-License-Identifier: Apache-2.0 */
#include "report/lookup.h"

#include "base/cleanup.h"
#include "base/err.h"
#include "base/str.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <string.h>
#include <time.h>

/* ---- without the resolver ---- */

static bool parse_number(const char *host, uint16_t port, struct sockaddr_storage *ret,
			 socklen_t *ret_n)
{
	struct sockaddr_in v4 = { .sin_family = AF_INET, .sin_port = htons(port) };
	struct sockaddr_in6 v6 = { .sin6_family = AF_INET6, .sin6_port = htons(port) };

	if (inet_pton(AF_INET, host, &v4.sin_addr) == 1) {
		memcpy(ret, &v4, sizeof(v4));
		*ret_n = sizeof(v4);
		return true;
	}
	if (inet_pton(AF_INET6, host, &v6.sin6_addr) == 1) {
		memcpy(ret, &v6, sizeof(v6));
		*ret_n = sizeof(v6);
		return true;
	}
	return false;
}

/* ---- with it, on a thread of the C library ---- */

/* Must stay until the resolver is done with it. */
struct question {
	struct gaicb cb;
	struct addrinfo hints;
	char host[256];
	char port[8];
};

static struct question *ask(const struct kvs_endpoint *endpoint)
{
	struct question *q = kvs_zalloc(sizeof(*q));

	if (!q)
		return NULL;
	(void)snprintf(q->host, sizeof(q->host), "%s", endpoint->host);
	(void)snprintf(q->port, sizeof(q->port), "%u", (unsigned)endpoint->port);
	q->hints = (struct addrinfo){ .ai_socktype = SOCK_DGRAM, .ai_flags = AI_NUMERICSERV };
	q->cb = (struct gaicb){ .ar_name = q->host,
				.ar_service = q->port,
				.ar_request = &q->hints };
	return q;
}

static int answer_of(struct question *q, unsigned wait_ms)
{
	struct gaicb *list[] = { &q->cb };
	const struct gaicb *const waiting[] = { &q->cb };
	const struct timespec limit = { wait_ms / 1000, (long)(wait_ms % 1000) * 1000000L };
	int rc = getaddrinfo_a(GAI_NOWAIT, list, 1, NULL);

	if (rc)
		return rc;
	/* A signal ends the wait early; nothing hangs on it. */
	(void)gai_suspend(waiting, 1, &limit);
	return gai_error(&q->cb);
}

static void forget(struct question *q)
{
	/* What cannot be called off is left to its thread. */
	if (gai_error(&q->cb) == EAI_INPROGRESS && gai_cancel(&q->cb) == EAI_NOTCANCELED)
		return;
	if (q->cb.ar_result)
		freeaddrinfo(q->cb.ar_result);
	kvsi_free(q);
}

static int resolve(const struct kvs_endpoint *endpoint, unsigned wait_ms,
		   struct sockaddr_storage *ret, socklen_t *ret_n, struct kvs_err *err)
{
	struct question *q = ask(endpoint);
	int rc;

	if (!q)
		return kvs_err_oom(err);
	rc = answer_of(q, wait_ms);
	if (rc == 0) {
		memcpy(ret, q->cb.ar_result->ai_addr, q->cb.ar_result->ai_addrlen);
		*ret_n = q->cb.ar_result->ai_addrlen;
	}
	forget(q);
	if (rc == EAI_INPROGRESS)
		return kvs_err_set(err, KVS_E_UNAVAILABLE, "%s was not found within %u ms",
				   KVS_Q(kvs_s(endpoint->host)), wait_ms);
	if (rc)
		return kvs_err_set(err, KVS_E_UNAVAILABLE, "%s: %s", KVS_Q(kvs_s(endpoint->host)),
				   gai_strerror(rc));
	return 0;
}

int kvs_lookup(const struct kvs_endpoint *endpoint, unsigned wait_ms,
	       struct sockaddr_storage *ret_address, socklen_t *ret_n, struct kvs_err *err)
{
	const char *host = endpoint->host;

	if (strcasecmp(host, "localhost") == 0)
		host = "127.0.0.1";
	if (parse_number(host, endpoint->port, ret_address, ret_n))
		return 0;
	return resolve(endpoint, wait_ms, ret_address, ret_n, err);
}
