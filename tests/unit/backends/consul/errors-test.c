/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the backend makes of a server that fails: cut connections, wrong answers, silence.  Each
 * request is started once, so that nothing is hidden by a second try of the library.
 */
#include "base/cleanup.h"
#include "base/str.h"
#include "tests/lib/once.h"
#include "tests/lib/scripted.h"
#include "tests/lib/tap.h"

#include <kvsync/kvsync.h>

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

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

/* ---- whole answers, cut anywhere ---- */

#define ENTRY                                                                                      \
	"[{\"LockIndex\":0,\"Key\":\"k\",\"Flags\":0,\"Value\":\"dg==\",\"CreateIndex\":5,"        \
	"\"ModifyIndex\":7}]"

static const char found[] = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
			    "X-Consul-Index: 7\r\nX-Consul-Query-Backend: blocking-query\r\n"
			    "Content-Length: 84\r\n\r\n" ENTRY;
static const char absent[] = "HTTP/1.1 404 Not Found\r\nX-Consul-Index: 9\r\n"
			     "X-Consul-Query-Backend: blocking-query\r\nContent-Length: 0\r\n\r\n";
static const char yes[] = "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\ntrue";
static const char written[] = "HTTP/1.1 200 OK\r\nContent-Length: 52\r\n\r\n"
			      "{\"Results\":[{\"KV\":{\"ModifyIndex\":7}}],\"Errors\":null}";

static void say(void *arg, const char *request, struct scripted_answer *ret)
{
	(void)request;
	*ret = *(struct scripted_answer *)arg;
}

/* Asks a server of one answer. */
static struct outcome ask_one(struct scripted_answer *answer, uint32_t kind, uint64_t timeout)
{
	struct scripted *server = scripted_start(say, answer);
	struct kvs_store *store;
	struct outcome o;
	char endpoint[64];

	(void)snprintf(endpoint, sizeof(endpoint), "127.0.0.1:%u", scripted_port(server));
	store = open_at(endpoint, "");
	o = once_of(store, kind, timeout);
	kvs_close(store);
	scripted_stop(server);
	return o;
}

static const struct {
	const char *name;
	uint32_t kind;
	const char *answer;
	int whole, cut; /* codes */
} cuts[] = {
	{ "a found key", KVS_REQ_GET, found, 0, KVS_E_UNAVAILABLE },
	{ "an absent key", KVS_REQ_GET, absent, KVS_E_NOTFOUND, KVS_E_UNAVAILABLE },
	{ "a list", KVS_REQ_LIST, found, 0, KVS_E_UNAVAILABLE },
	{ "an empty list", KVS_REQ_LIST, absent, 0, KVS_E_UNAVAILABLE },
	{ "a put", KVS_REQ_PUT, yes, 0, KVS_E_UNCERTAIN },
	{ "a transaction", KVS_REQ_TXN, written, 0, KVS_E_UNCERTAIN },
};

static void test_cuts(void)
{
	for (size_t i = 0; i < sizeof(cuts) / sizeof(cuts[0]); i++) {
		size_t whole = strlen(cuts[i].answer);
		struct scripted_answer answer = { .bytes = cuts[i].answer, .end = SCRIPTED_CLOSE };
		struct outcome o;

		for (answer.n = 0; answer.n < whole; answer.n++) {
			o = ask_one(&answer, cuts[i].kind, 5000);
			if (o.code != cuts[i].cut)
				break;
		}
		if (!is_uint(answer.n, whole, "%s: cut at any byte, no answer", cuts[i].name))
			diag("cut at %zu: %d: %s", answer.n, o.code, o.err.msg);
		o = ask_one(&answer, cuts[i].kind, 5000);
		is_code(o.code, cuts[i].whole, &o.err, "%s: the whole answer", cuts[i].name);
	}
}

/* ---- wrong answers ---- */

#define HTML		     "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 13\r\n\r\n<html></html>"
#define STATUS(line_, text_) "HTTP/1.1 " line_ "\r\nConnection: close\r\n\r\n" text_

static const struct {
	uint32_t kind;
	const char *answer;
	int code;
	const char *words;
} wrong[] = {
	{ KVS_REQ_GET, STATUS("403 Forbidden", "Permission denied\n"), KVS_E_DENIED,
	  "get k: HTTP 403: Permission denied" },
	{ KVS_REQ_PUT, STATUS("403 Forbidden", "ACL not found"), KVS_E_DENIED, "ACL not found" },
	{ KVS_REQ_GET, STATUS("401 Unauthorized", ""), KVS_E_DENIED, "HTTP 401" },
	{ KVS_REQ_PUT, STATUS("413 Too Large", "Value is too large"), KVS_E_TOOBIG, "too large" },
	{ KVS_REQ_GET, STATUS("400 Bad Request", "Missing key"), KVS_E_ARG, "Missing key" },
	{ KVS_REQ_GET, STATUS("429 Too Many", "limit"), KVS_E_UNAVAILABLE, "HTTP 429: limit" },
	{ KVS_REQ_PUT, STATUS("429 Too Many", "limit"), KVS_E_UNAVAILABLE, "HTTP 429: limit" },
	{ KVS_REQ_GET, STATUS("500 Error", "No cluster leader"), KVS_E_UNAVAILABLE, "No cluster" },
	{ KVS_REQ_PUT, STATUS("500 Error", "No cluster leader"), KVS_E_UNAVAILABLE, "No cluster" },
	{ KVS_REQ_PUT, STATUS("500 Error", "leadership lost while committing log"), KVS_E_UNCERTAIN,
	  "leadership lost" },
	{ KVS_REQ_PUT, STATUS("500 Error", "rpc error making call: EOF"), KVS_E_UNCERTAIN, "EOF" },
	{ KVS_REQ_PUT, STATUS("502 Bad Gateway", "<html>"), KVS_E_UNCERTAIN, "HTTP 502" },
	{ KVS_REQ_GET, STATUS("503 Unavailable", "upstream"), KVS_E_UNAVAILABLE, "HTTP 503" },
	{ KVS_REQ_PUT, STATUS("503 Unavailable", "upstream"), KVS_E_UNCERTAIN, "HTTP 503" },
	{ KVS_REQ_PUT,
	  STATUS("503 Unavailable", "rpc error making call: rate limit exceeded for x"),
	  KVS_E_UNAVAILABLE, "rate limit" },
	{ KVS_REQ_PUT,
	  STATUS("500 Error",
		 "rpc error making call: rpc error getting client: failed to get conn: x"),
	  KVS_E_UNAVAILABLE, "failed to get conn" },
	{ KVS_REQ_PUT, STATUS("500 Error", "raft apply failed: invalid session \"x\""),
	  KVS_E_NOTFOUND, "invalid session" },
	{ KVS_REQ_PUT, STATUS("500 Error", "key \"No cluster leader\": timeout"), KVS_E_UNCERTAIN,
	  "timeout" },
	{ KVS_REQ_PUT, STATUS("500 Error", "key \"Permission denied\": EOF"), KVS_E_UNCERTAIN,
	  "EOF" },
	{ KVS_REQ_GET, STATUS("301 Moved\r\nLocation: /x\x1b[2J", ""), KVS_E_PROTOCOL,
	  "leads to \"/x\\x1b[2J\"" },
	{ KVS_REQ_PUT, STATUS("307 Moved\r\nLocation: http://a/", ""), KVS_E_PROTOCOL,
	  "redirects" },
	{ KVS_REQ_GET, STATUS("404 Not Found", "404 page not found"), KVS_E_PROTOCOL,
	  "not Consul's" },
	{ KVS_REQ_LIST, STATUS("404 Not Found", ""), KVS_E_PROTOCOL, "not Consul's" },
	{ KVS_REQ_GET, HTML, KVS_E_PROTOCOL, "not Consul's" },
	{ KVS_REQ_LIST, HTML, KVS_E_PROTOCOL, "not Consul's" },
	{ KVS_REQ_PUT, HTML, KVS_E_UNCERTAIN, "may have happened" },
	{ KVS_REQ_TXN, HTML, KVS_E_UNCERTAIN, "may have happened" },
	{ KVS_REQ_TXN, STATUS("409 Conflict", "what"), KVS_E_UNCERTAIN, "may have happened" },
	{ KVS_REQ_GET, STATUS("200 OK\r\nX-Consul-Index: 3", "[{\"Key\":\"k\",\"Fl"),
	  KVS_E_PROTOCOL, "ends too early" },
	{ KVS_REQ_LIST, STATUS("200 OK\r\nX-Consul-Index: 3", "[{\"Key\":\"k\",\"Fl"),
	  KVS_E_PROTOCOL, "ends too early" },
	{ KVS_REQ_GET, STATUS("200 OK\r\nX-Consul-Index: 3", "[]"), KVS_E_PROTOCOL, "no entry" },
	{ KVS_REQ_GET,
	  STATUS("200 OK\r\nX-Consul-Index: 3",
		 "[{\"Key\":\"j\",\"Flags\":0,\"CreateIndex\":1,\"ModifyIndex\":1}]"),
	  KVS_E_PROTOCOL, "is about j" },
	{ KVS_REQ_LIST,
	  STATUS("200 OK\r\nX-Consul-Index: 3\r\nX-Consul-Query-Backend: x",
		 "[{\"Key\":\"k2\",\"Flags\":0,\"CreateIndex\":1,\"ModifyIndex\":1},"
		 "{\"Key\":\"k1\",\"Flags\":0,\"CreateIndex\":1,\"ModifyIndex\":1}]"),
	  KVS_E_PROTOCOL, "not sorted" },
	{ KVS_REQ_GET, "SSH-2.0-OpenSSH_9.2\r\n", KVS_E_PROTOCOL, "" },
	{ KVS_REQ_PUT, STATUS("200 OK", "maybe"), KVS_E_UNCERTAIN, "may have happened" },
	{ KVS_REQ_PUT, STATUS("200 OK", "false"), KVS_E_UNCERTAIN, "may have happened" },
};

static void test_wrong(void)
{
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		struct scripted_answer answer = { .bytes = wrong[i].answer,
						  .n = strlen(wrong[i].answer) };
		struct outcome o;

		answer.end = SCRIPTED_CLOSE;
		o = ask_one(&answer, wrong[i].kind, 5000);
		is_err(o.code, wrong[i].code, &o.err, wrong[i].words, "%zu: %.30s", i,
		       wrong[i].answer);
		ok(strstr(o.err.msg, "127.0.0.1:") || strstr(o.err.msg, "not sorted"),
		   "it names the server");
	}
}

/* ---- silence ---- */

static void test_silence(void)
{
	struct scripted_answer answer = { .bytes = found, .n = 0, .end = SCRIPTED_HANG };
	struct outcome o = ask_one(&answer, KVS_REQ_GET, 200);

	is_code(o.code, KVS_E_TIMEOUT, &o.err, "a server that never answers a read");
	o = ask_one(&answer, KVS_REQ_PUT, 200);
	is_code(o.code, KVS_E_UNCERTAIN, &o.err, "or a write");
	answer.n = sizeof(found) - 10;
	o = ask_one(&answer, KVS_REQ_GET, 200);
	is_code(o.code, KVS_E_TIMEOUT, &o.err, "one that stops within its answer");
}

/* A port of which nobody listens. */
static unsigned int dead_port(void)
{
	struct scripted_answer answer = { 0 };
	struct scripted *server = scripted_start(say, &answer);
	unsigned int port = scripted_port(server);

	scripted_stop(server);
	return port;
}

static void test_refused(void)
{
	char endpoint[64];
	struct kvs_store *store;
	struct outcome o;

	(void)snprintf(endpoint, sizeof(endpoint), "127.0.0.1:%u", dead_port());
	store = open_at(endpoint, "");
	o = once_of(store, KVS_REQ_GET, 5000);
	is_code(o.code, KVS_E_UNAVAILABLE, &o.err, "nobody listens: a read");
	o = once_of(store, KVS_REQ_PUT, 5000);
	is_code(o.code, KVS_E_UNAVAILABLE, &o.err, "nobody listens: a write was not sent");
	kvs_close(store);
}

/* ---- several servers ---- */

static void test_failover(void)
{
	struct scripted_answer good = { found, sizeof(found) - 1, SCRIPTED_KEEP };
	struct scripted_answer mute = { "", 0, SCRIPTED_CLOSE };
	struct scripted *first = scripted_start(say, &mute);
	struct scripted *second = scripted_start(say, &good);
	struct kvs_store *store;
	struct outcome o;
	char endpoints[128];

	(void)snprintf(endpoints, sizeof(endpoints), "127.0.0.1:%u,127.0.0.1:%u,127.0.0.1:%u",
		       dead_port(), scripted_port(first), scripted_port(second));
	store = open_at(endpoints, "");
	o = once_of(store, KVS_REQ_GET, 5000);
	is_code(o.code, 0, &o.err, "a read goes on to the server that answers");
	o = once_of(store, KVS_REQ_GET, 5000);
	is_int(scripted_count(first), 1, "and the next begins there");
	kvs_close(store);

	store = open_at(endpoints, "");
	o = once_of(store, KVS_REQ_PUT, 5000);
	is_code(o.code, KVS_E_UNCERTAIN, &o.err,
		"a write goes on behind a refused connection, not behind a lost answer");
	is_int(scripted_count(first), 2, "it was sent once");
	is_int(scripted_count(second), 2, "and to no other server");
	kvs_close(store);
	scripted_stop(first);
	scripted_stop(second);
}

/* ---- a connection that was kept, and is dead ---- */

struct dying {
	int gets;
};

/* The first request is answered; the second one is read and the connection closed; then all is well
 * again. */
static void die_second(void *arg, const char *request, struct scripted_answer *ret)
{
	struct dying *d = arg;

	(void)request;
	if (++d->gets == 2)
		return;
	*ret = (struct scripted_answer){ found, sizeof(found) - 1, SCRIPTED_KEEP };
}

static void test_kept_connection(void)
{
	static const uint32_t kinds[] = { KVS_REQ_GET, KVS_REQ_PUT };

	for (size_t i = 0; i < 2; i++) {
		struct dying d = { 0 };
		struct scripted *server = scripted_start(die_second, &d);
		struct kvs_store *store;
		struct outcome o;
		char endpoint[64];

		(void)snprintf(endpoint, sizeof(endpoint), "127.0.0.1:%u", scripted_port(server));
		store = open_at(endpoint, "");
		(void)once_of(store, KVS_REQ_GET, 5000);
		o = once_of(store, kinds[i], 5000);
		is_code(o.code, i ? KVS_E_UNCERTAIN : 0, &o.err,
			"a %s on a kept connection that died", i ? "write" : "read");
		is_int(scripted_count(server), i ? 2 : 3, "is sent %s", i ? "once" : "again");
		kvs_close(store);
		scripted_stop(server);
	}
}

/* ---- the token ---- */

static void want_token(void *arg, const char *request, struct scripted_answer *ret)
{
	static const char denied[] =
		"HTTP/1.1 403 Forbidden\r\nContent-Length: 13\r\n\r\nACL not found";

	*ret = (struct scripted_answer){ denied, sizeof(denied) - 1, SCRIPTED_KEEP };
	if (strstr(request, (const char *)arg))
		*ret = (struct scripted_answer){ found, sizeof(found) - 1, SCRIPTED_KEEP };
}

static void write_token(const char *path, const char *token)
{
	KVS_AUTO_FD int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	if (fd < 0 || write(fd, token, strlen(token)) != (ssize_t)strlen(token))
		bail("cannot write %s", path);
}

static void test_token(void)
{
	char path[] = "/tmp/kvsync-token-XXXXXX", endpoint[64], query[128];
	char wanted[] = "X-Consul-Token: second\r\n";
	struct scripted *server = scripted_start(want_token, wanted);
	struct kvs_store *store;
	struct outcome o;
	int fd = mkstemp(path);

	(void)close(fd);
	write_token(path, "first\n");
	(void)snprintf(endpoint, sizeof(endpoint), "127.0.0.1:%u", scripted_port(server));
	(void)snprintf(query, sizeof(query), "?token-file=%s", path);
	store = open_at(endpoint, query);
	o = once_of(store, KVS_REQ_GET, 5000);
	is_code(o.code, KVS_E_DENIED, &o.err, "a token that is refused");
	is_int(scripted_count(server), 1, "is not tried again");
	write_token(path, "second\n");
	o = once_of(store, KVS_REQ_GET, 5000);
	is_code(o.code, 0, &o.err, "the file has another one: it is taken");
	ok(!strstr(o.err.msg, "first"), "no message has a token");
	kvs_close(store);
	scripted_stop(server);
	(void)unlink(path);
}

/* ---- old answers ---- */

static void be_stale(void *arg, const char *request, struct scripted_answer *ret)
{
	static const char old[] = "HTTP/1.1 404 Not Found\r\nX-Consul-Index: 3\r\n"
				  "X-Consul-KnownLeader: true\r\nX-Consul-LastContact: 9000\r\n"
				  "Content-Length: 0\r\n\r\n";

	(void)arg;
	*ret = (struct scripted_answer){ found, sizeof(found) - 1, SCRIPTED_KEEP };
	if (strstr(request, "stale"))
		*ret = (struct scripted_answer){ old, sizeof(old) - 1, SCRIPTED_KEEP };
}

static void test_stale(void)
{
	struct scripted *server = scripted_start(be_stale, NULL);
	struct kvs_store *store;
	struct outcome o;
	char endpoint[64];

	(void)snprintf(endpoint, sizeof(endpoint), "127.0.0.1:%u", scripted_port(server));
	store = open_at(endpoint, "?consistency=stale&max-stale=5s");
	o = once_of(store, KVS_REQ_GET, 5000);
	is_code(o.code, 0, &o.err, "what is staler than allowed is asked of the leader");
	kvs_close(store);
	store = open_at(endpoint, "?consistency=stale&max-stale=10s");
	o = once_of(store, KVS_REQ_GET, 5000);
	is_code(o.code, KVS_E_NOTFOUND, &o.err, "what is not is taken");
	kvs_close(store);
	scripted_stop(server);
}

/* ---- a write whose answer was lost, looked up ---- */

#define ENTRY_OF(value_, index_)                                                                   \
	"HTTP/1.1 200 OK\r\nX-Consul-Index: " index_ "\r\nConnection: close\r\n\r\n"               \
	"[{\"LockIndex\":0,\"Key\":\"k\",\"Flags\":0,\"Value\":\"" value_                          \
	"\",\"CreateIndex\":5,\"ModifyIndex\":" index_ "}]"
#define REFUSED                                                                                    \
	STATUS("409 Conflict", "{\"Results\":null,\"Errors\":[{\"OpIndex\":0,\"What\":\"failed "   \
			       "to set key \\\"k\\\", "                                            \
			       "index is stale\"}]}")

/* The first answer to the write is lost; what a reading then finds; what a second write is told. */
static const struct resolution {
	const char *name;
	const char *found;
	const char *second;
	int code;
	int writes;
} resolutions[] = {
	{ "our bytes are there", ENTRY_OF("dg==", "8"), NULL, 0, 1 },
	{ "the guard stands", ENTRY_OF("b2xk", "7"), written, 0, 2 },
	{ "other bytes are there", ENTRY_OF("b3RoZXI=", "9"), NULL, KVS_E_CONFLICT, 1 },
	{ "the key is gone", absent, NULL, KVS_E_CONFLICT, 1 },
	{ "the first one came late", ENTRY_OF("b2xk", "7"), REFUSED, KVS_E_CONFLICT, 2 },
	{ "it may not be read", STATUS("403 Forbidden", "Permission denied"), NULL, KVS_E_UNCERTAIN,
	  1 },
};

struct lost {
	const struct resolution *r;
	int writes;
};

static void lose_first(void *arg, const char *request, struct scripted_answer *ret)
{
	struct lost *l = arg;
	const char *answer = l->r->found;

	if (strncmp(request, "PUT ", 4) == 0)
		answer = ++l->writes == 1 ? "" : l->r->second;
	*ret = (struct scripted_answer){ answer, strlen(answer), SCRIPTED_CLOSE };
}

static void test_resolved(void)
{
	struct kvs_op op = once_put();

	op.cond = KVS_COND_INDEX;
	op.index = 7;
	for (size_t i = 0; i < sizeof(resolutions) / sizeof(resolutions[0]); i++) {
		struct lost l = { .r = &resolutions[i] };
		struct scripted *server = scripted_start(lose_first, &l);
		struct kvs_err err = { 0 };
		struct kvs_store *store;
		char endpoint[64];

		(void)snprintf(endpoint, sizeof(endpoint), "127.0.0.1:%u", scripted_port(server));
		store = open_at(endpoint, "");
		is_code(kvs_put(store, &op, NULL, &err), l.r->code, &err, "a lost answer: %s",
			l.r->name);
		is_int(l.writes, l.r->writes, "it is written as often as that takes");
		kvs_close(store);
		scripted_stop(server);
	}
}

/* ---- what is sent ---- */

struct request {
	char text[2048];
};

static void keep_request(void *arg, const char *request, struct scripted_answer *ret)
{
	struct request *r = arg;

	(void)snprintf(r->text, sizeof(r->text), "%s", request);
	*ret = (struct scripted_answer){ found, sizeof(found) - 1, SCRIPTED_KEEP };
}

/* The line "GET /v1/... HTTP/1.1" of the last request. */
static const char *line_of(struct request *r)
{
	r->text[strcspn(r->text, "\r")] = '\0';
	return r->text;
}

static void test_sent(void)
{
	static const char scope[] = "dc=east%20side&ns=a%2Fb&partition=p";
	static const uint32_t kinds[] = { KVS_REQ_GET, KVS_REQ_LIST,  KVS_REQ_PUT,
					  KVS_REQ_TXN, KVS_REQ_INDEX, KVS_REQ_LEASE };
	struct request r;
	struct scripted *server = scripted_start(keep_request, &r);
	struct kvs_store *store;
	char endpoint[64];

	(void)snprintf(endpoint, sizeof(endpoint), "127.0.0.1:%u", scripted_port(server));
	store = open_at(endpoint, "?datacenter=east%20side&namespace=a/b&partition=p"
				  "&consistency=consistent");
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		bool reading = kinds[i] == KVS_REQ_GET || kinds[i] == KVS_REQ_LIST ||
			       kinds[i] == KVS_REQ_INDEX;

		(void)once_of(store, kinds[i], 5000);
		has_str(line_of(&r), scope, "datacenter, namespace and partition");
		ok((strstr(r.text, "&consistent ") != NULL) == reading, "consistency: %s", r.text);
	}
	kvs_close(store);
	scripted_stop(server);
}

int main(void)
{
	test_cuts();
	test_wrong();
	test_silence();
	test_refused();
	test_failover();
	test_kept_connection();
	test_token();
	test_stale();
	test_resolved();
	test_sent();
	return tap_end();
}
