/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A namespace or partition that is configured: no server is sent anything before it has shown that it
 * heeds them.  Consul Enterprise itself is not at hand; a scripted server answers as its source would.
 */
#include "base/cleanup.h"
#include "base/str.h"
#include "tests/lib/once.h"
#include "tests/lib/scripted.h"
#include "tests/lib/tap.h"

#include <kvsync/kvsync.h>

#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#define OK		"HTTP/1.1 200 OK\r\nX-Consul-Index: 7\r\n"
#define REFUSED(words_) "HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n" words_

static const char no_session[] = OK "Content-Length: 2\r\n\r\n[]";
static const char empty_txn[] = OK "Content-Length: 28\r\n\r\n{\"Results\":[],\"Errors\":null}";
static const char written[] = OK "Content-Length: 52\r\n\r\n"
				 "{\"Results\":[{\"KV\":{\"ModifyIndex\":7}}],\"Errors\":null}";
static const char yes[] = OK "Content-Length: 4\r\n\r\ntrue";
static const char absent[] = "HTTP/1.1 404 Not Found\r\nX-Consul-Index: 9\r\n"
			     "X-Consul-Query-Backend: blocking-query\r\nContent-Length: 0\r\n\r\n";

struct log {
	const char *session; /* what is said to the first question */
	const char *txn;     /* and to the second */
	atomic_int asked;    /* questions */
	atomic_int told;     /* other requests */
	atomic_bool mute;    /* closes without an answer */
	bool closing;	     /* behind each answer */
	char last[2048];     /* of those */
};

static bool is_for(const char *request, const char *words)
{
	return strstr(request, words) != NULL;
}

static const char *answer_of(struct log *l, const char *request)
{
	if (is_for(request, "/v1/session/info/") || is_for(request, "get-tree")) {
		l->asked++;
		return is_for(request, "get-tree") ? l->txn : l->session;
	}
	l->told++;
	(void)snprintf(l->last, sizeof(l->last), "%s", request);
	if (is_for(request, "/v1/txn"))
		return written;
	return strncmp(request, "PUT", 3) == 0 ? yes : absent;
}

static void say(void *arg, const char *request, struct scripted_answer *ret)
{
	struct log *l = arg;
	const char *bytes = answer_of(l, request);

	if (l->mute)
		return;
	*ret = (struct scripted_answer){ bytes, strlen(bytes), SCRIPTED_KEEP };
	if (l->closing || strstr(bytes, "close"))
		ret->end = SCRIPTED_CLOSE;
}

static struct kvs_store *open_at(const char *endpoints, const char *query)
{
	struct kvs_store *store = NULL;
	struct kvs_err err = { 0 };
	char url[512];

	(void)snprintf(url, sizeof(url), "consul://%s%s", endpoints, query);
	if (kvs_open(url, NULL, &store, &err))
		lacking("%s", err.msg);
	return store;
}

static struct kvs_store *open_one(struct scripted *server, const char *query)
{
	char endpoint[64];

	(void)snprintf(endpoint, sizeof(endpoint), "127.0.0.1:%u", scripted_port(server));
	return open_at(endpoint, query);
}

static void test_heeded(void)
{
	struct log l = { .session = no_session, .txn = empty_txn };
	struct scripted *server = scripted_start(say, &l);
	struct kvs_store *store = open_one(server, "?namespace=te%22am&partition=p");
	struct outcome o = once_of(store, KVS_REQ_TXN, 5000);

	is_code(o.code, 0, &o.err, "a server that heeds both");
	is_int(l.asked, 2, "it was asked first");
	has_str(l.last, "PUT /v1/txn?ns=te%22am&partition=p ", "the transaction's URL names both");
	has_str(l.last, ",\"Namespace\":\"te\\\"am\",\"Partition\":\"p\"}}]",
		"and so does each operation, which is what counts");
	o = once_of(store, KVS_REQ_PUT, 5000);
	is_code(o.code, 0, &o.err, "a plain write");
	is_int(l.asked, 2, "it is not asked again");
	kvs_close(store);

	store = open_one(server, "?dc=east");
	o = once_of(store, KVS_REQ_TXN, 5000);
	is_code(o.code, 0, &o.err, "without namespace and partition");
	is_int(l.asked, 2, "nothing is asked");
	ok(!is_for(l.last, "Namespace"), "nor said");
	kvs_close(store);
	scripted_stop(server);
}

static const struct {
	const char *name, *session, *txn;
	int code;
} refusals[] = {
	{ "no namespaces", REFUSED("Namespaces are a Consul Enterprise feature"), empty_txn,
	  KVS_E_ARG },
	{ "no partitions", no_session, REFUSED("json: unknown field"), KVS_E_ARG },
	{ "something else", "HTTP/1.1 404 Not Found\r\nConnection: close\r\n\r\n", empty_txn,
	  KVS_E_PROTOCOL },
	{ "no right", "HTTP/1.1 403 Forbidden\r\nConnection: close\r\n\r\nACL not found", empty_txn,
	  KVS_E_DENIED },
	{ "out of order", no_session,
	  "HTTP/1.1 500 x\r\nConnection: close\r\n\r\nNo cluster leader", KVS_E_UNAVAILABLE },
};

static void test_refused(void)
{
	static const uint32_t kinds[] = { KVS_REQ_GET, KVS_REQ_LIST,  KVS_REQ_PUT,
					  KVS_REQ_TXN, KVS_REQ_INDEX, KVS_REQ_LEASE };

	for (size_t i = 0; i < sizeof(refusals) / sizeof(refusals[0]); i++) {
		struct log l = { .session = refusals[i].session, .txn = refusals[i].txn };
		struct scripted *server = scripted_start(say, &l);
		struct kvs_store *store = open_one(server, "?partition=p");
		struct outcome o;

		tap_in("%s", refusals[i].name);
		for (size_t k = 0; k < sizeof(kinds) / sizeof(kinds[0]); k++) {
			o = once_of(store, kinds[k], 5000);
			is_err(o.code, refusals[i].code, &o.err, "namespace or partition",
			       "request %zu is refused", k);
		}
		is_int(l.told, 0, "the server was sent nothing but the questions");
		l.session = no_session;
		l.txn = empty_txn;
		o = once_of(store, KVS_REQ_PUT, 5000);
		is_code(o.code, 0, &o.err, "when that is mended, all is well");
		kvs_close(store);
		scripted_stop(server);
	}
	tap_in(NULL);
}

/* Each server is asked by itself, and again when it was away. */
static void test_several(void)
{
	struct log first = { .session = no_session, .txn = empty_txn, .mute = true };
	struct log second = { .session = no_session, .txn = empty_txn };
	struct scripted *a = scripted_start(say, &first), *b = scripted_start(say, &second);
	struct kvs_store *store;
	struct outcome o;
	char endpoints[128];

	(void)snprintf(endpoints, sizeof(endpoints), "127.0.0.1:%u,127.0.0.1:%u", scripted_port(a),
		       scripted_port(b));
	store = open_at(endpoints, "?namespace=team");
	o = once_of(store, KVS_REQ_TXN, 5000);
	is_code(o.code, 0, &o.err, "a write goes on behind a server that cannot be asked");
	is_int(second.asked, 2, "and asks the next one");
	first.mute = false;
	second.mute = true;
	o = once_of(store, KVS_REQ_GET, 5000);
	is_code(o.code, KVS_E_NOTFOUND, &o.err, "a read goes on, too");
	is_int(first.asked, 3, "and asks the first one, at last");
	second.mute = false;
	first.mute = true;
	o = once_of(store, KVS_REQ_GET, 5000);
	is_code(o.code, KVS_E_NOTFOUND, &o.err, "and back");
	is_int(second.asked, 4, "one that was away is asked again");
	kvs_close(store);
	scripted_stop(a);
	scripted_stop(b);
}

static void on_done(void *arg, int code, const struct kvs_reply *reply, const struct kvs_err *err)
{
	(void)reply, (void)err;
	*(int *)arg += code == KVS_E_NOTFOUND;
}

/* Many at once wait for one answer; one of them is given up. */
static void test_at_once(void)
{
	struct log l = { .session = no_session, .txn = empty_txn, .closing = true };
	struct scripted *server = scripted_start(say, &l);
	struct kvs_store *store = open_one(server, "?namespace=team");
	struct kvs_request req = KVS_REQUEST_INIT;
	int done = 0;
	struct kvs_callback cb = { .done = on_done, .arg = &done };
	struct kvs_err err = { 0 };
	uint64_t tags[8];

	req.kind = KVS_REQ_GET;
	req.key = kvs_s("k");
	for (size_t i = 0; i < 8; i++)
		is_code(kvs_start(store, &req, &cb, &tags[i], &err), 0, &err, "read %zu begins", i);
	kvs_cancel(store, tags[3]);
	while (done < 7)
		if (kvs_poll(store, 5000, &err))
			bail("%s", err.msg);
	is_int(l.asked, 2, "seven reads, one question each");
	kvs_close(store);

	store = open_one(server, "?namespace=team");
	is_code(kvs_start(store, &req, &cb, NULL, &err), 0, &err, "a read begins");
	kvs_close(store);
	is_int(done, 7, "a store that is closed while it asks");
	scripted_stop(server);
}

int main(void)
{
	struct kvs_store *store = NULL;
	struct kvs_err err = { 0 };
	char url[256];

	(void)snprintf(url, sizeof(url), "consul://127.0.0.1:1?namespace=%0100d", 0);
	is_err(kvs_open(url, NULL, &store, &err), KVS_E_CONFIG, &err, "too long", "a long name");
	test_heeded();
	test_refused();
	test_several();
	test_at_once();
	return tap_end();
}
