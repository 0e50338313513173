/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the backend makes of servers that answer wrongly, late or not at all.
 */
#include "backends/etcd/rpc.pb-c.h"
#include "base/cleanup.h"
#include "base/str.h"
#include "tests/lib/once.h"
#include "tests/lib/scripted.h"
#include "tests/lib/tap.h"
#include "tests/unit/backends/etcd/server.h"

#include <stdio.h>
#include <string.h>

/* One thing that the server does with each request. */
struct script {
	const char *bytes; /* the answer, if it is one */
	size_t n;
	grpc_status_code status; /* else this, with words */
	const char *words;
	const ProtobufCMessage *message;
	bool silent;

	/* what it saw; under the server's lock */
	unsigned int count;
	char methods[256];
	bool has_leader;
};

static void play(void *arg, const struct question *q)
{
	struct script *s = arg;
	size_t used = strlen(s->methods);

	s->count++;
	s->has_leader = q->has_leader;
	(void)snprintf(s->methods + used, sizeof(s->methods) - used, "%s%s", used ? " " : "",
		       q->method);
	if (s->silent)
		return;
	if (s->message)
		server_answer(q->call, s->message);
	else if (s->words)
		server_refuse(q->call, s->status, s->words);
	else
		server_answer_bytes(q->call, s->bytes ? s->bytes : "", s->n);
}

static struct kvs_store *open_port(unsigned int port)
{
	struct kvs_store *store = NULL;
	struct kvs_err err = { 0 };
	char url[128];

	(void)snprintf(url, sizeof(url), "etcd://127.0.0.1:%u", port);
	if (kvs_open(url, NULL, &store, &err))
		lacking("%s", err.msg);
	return store;
}

static struct outcome ask(struct script *script, const struct kvs_request *req)
{
	struct server *server = server_start(play, script);
	struct kvs_store *store = open_port(server_port(server));
	struct outcome o = once(store, req);

	kvs_close(store);
	server_stop(server);
	return o;
}

static struct outcome ask_of(struct script *script, uint32_t kind, uint64_t timeout)
{
	struct server *server = server_start(play, script);
	struct kvs_store *store = open_port(server_port(server));
	struct outcome o = once_of(store, kind, timeout);

	kvs_close(store);
	server_stop(server);
	return o;
}

/* ---- bytes that are no message ---- */

static void test_malformed(void)
{
	static const struct {
		const char *name;
		const char *bytes;
		size_t n;
	} rows[] = {
		{ "a field that is cut", "\x0a\x10\x08", 3 },
		{ "a length without an end", "\x0a\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff", 11 },
		{ "a length of four gigabytes", "\x12\xff\xff\xff\xff\x0f", 6 },
		{ "a wire type that there is not", "\x0f", 1 },
		{ "a group", "\x0b\x0c", 2 },
		{ "field 0", "\x00\x00", 2 },
		{ "a number without an end", "\x18\x80", 2 },
		{ "text", "HTTP/1.1 400 Bad Request", 24 },
	};
	static const uint32_t kinds[] = { KVS_REQ_GET,	  KVS_REQ_LIST,	 KVS_REQ_PUT,
					  KVS_REQ_TXN,	  KVS_REQ_INDEX, KVS_REQ_STATUS,
					  KVS_REQ_COMPACT };
	struct outcome o;
	bool writes;
	size_t i, k;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct script script = { .bytes = rows[i].bytes, .n = rows[i].n };
		struct server *server = server_start(play, &script);
		struct kvs_store *store = open_port(server_port(server));

		for (k = 0; k < sizeof(kinds) / sizeof(kinds[0]); k++) {
			struct kvs_request req = KVS_REQUEST_INIT;

			req.kind = kinds[k];
			req.index = kinds[k] == KVS_REQ_COMPACT;
			o = kinds[k] == KVS_REQ_COMPACT ? once(store, &req)
							: once_of(store, kinds[k], 20000);
			writes = kinds[k] == KVS_REQ_PUT || kinds[k] == KVS_REQ_TXN;
			is_err(o.code, writes ? KVS_E_UNCERTAIN : KVS_E_PROTOCOL, &o.err,
			       "etcd sent something that is no", "%s, request %u", rows[i].name,
			       kinds[k]);
		}
		kvs_close(store);
		server_stop(server);
	}
}

/* Everything may be missing in a message. */
static void test_empty(void)
{
	struct script script = { 0 };
	struct outcome o = ask_of(&script, KVS_REQ_GET, 20000);

	is_code(o.code, KVS_E_NOTFOUND, &o.err, "a get of an empty answer");
	o = ask_of(&script, KVS_REQ_LIST, 20000);
	is_code(o.code, 0, &o.err, "a list");
	is_uint(o.reply.index, 1, "an index is never 0");
	o = ask_of(&script, KVS_REQ_PUT, 20000);
	is_code(o.code, 0, &o.err, "a put");
	o = ask_of(&script, KVS_REQ_TXN, 20000);
	is_code(o.code, KVS_E_CONFLICT, &o.err, "a transaction that did not succeed");
	o = ask_of(&script, KVS_REQ_STATUS, 20000);
	is_code(o.code, 0, &o.err, "a status");
}

/* ---- answers that make no sense ---- */

static struct kvs_request list_of(const char *prefix)
{
	struct kvs_request req = KVS_REQUEST_INIT;

	req.kind = KVS_REQ_LIST;
	req.key = kvs_s(prefix);
	req.timeout = 20000;
	return req;
}

static void test_list_without_end(void)
{
	Etcdpb__KeyValue kv = ETCDPB__KEY_VALUE__INIT, *kvs[] = { &kv };
	Etcdpb__RangeResponse answer = ETCDPB__RANGE_RESPONSE__INIT;
	struct script script = { .message = &answer.base };
	struct kvs_request req = list_of("k");
	struct outcome o;

	kv.key = (ProtobufCBinaryData){ 2, (uint8_t *)(uintptr_t) "k1" };
	answer.kvs = kvs;
	answer.n_kvs = 1;
	answer.more = true;
	o = ask(&script, &req);
	is_err(o.code, KVS_E_PROTOCOL, &o.err, "", "a list whose second page is its first one");
	is_uint(script.count, 2, "it is not asked for without end");
}

/* ---- pages ---- */

/* A list of many small keys, as a server pages it. */
struct pager {
	int64_t left;	   /* keys */
	int64_t size;	   /* of the store; 0: it does not tell */
	unsigned int next; /* number of the next key */
	char asked[256];   /* "32 256 size 2000" */
};

static void say_size(const struct pager *p, struct server_call *call)
{
	Etcdpb__StatusResponse status = ETCDPB__STATUS_RESPONSE__INIT;

	if (!p->size)
		server_refuse(call, GRPC_STATUS_PERMISSION_DENIED, "etcdserver: permission denied");
	status.db_size = 1LL << 40;
	status.db_size_in_use = p->size;
	if (p->size)
		server_answer(call, &status.base);
}

static void say_page(struct pager *p, struct server_call *call, int64_t limit)
{
	static Etcdpb__KeyValue kvs[2000], *list[2000];
	static char keys[2000][16];
	Etcdpb__RangeResponse page = ETCDPB__RANGE_RESPONSE__INIT;
	size_t i;

	page.count = p->left;
	page.n_kvs = (size_t)(limit < p->left ? limit : p->left);
	for (i = 0; i < page.n_kvs; i++) {
		kvs[i] = (Etcdpb__KeyValue)ETCDPB__KEY_VALUE__INIT;
		(void)snprintf(keys[i], sizeof(keys[i]), "k%08u", p->next++);
		kvs[i].key = (ProtobufCBinaryData){ 9, (uint8_t *)keys[i] };
		list[i] = &kvs[i];
	}
	p->left -= (int64_t)page.n_kvs;
	page.kvs = list;
	page.more = p->left > 0;
	server_answer(call, &page.base);
}

static void turn_page(void *arg, const struct question *q)
{
	struct pager *p = arg;
	size_t used = strlen(p->asked);
	const char *space = used ? " " : "";
	Etcdpb__RangeRequest *request;

	if (!strcmp(q->method, "Status")) {
		(void)snprintf(p->asked + used, sizeof(p->asked) - used, "%ssize", space);
		say_size(p, q->call);
		return;
	}
	request = etcdpb__range_request__unpack(NULL, q->message.n, q->message.p);
	if (!request || request->limit < 1 || request->limit > 2000)
		bail("a page of any length is asked for");
	(void)snprintf(p->asked + used, sizeof(p->asked) - used, "%s%d", space,
		       (int)request->limit);
	say_page(p, q->call, request->limit);
	etcdpb__range_request__free_unpacked(request, NULL);
}

static void test_pages(void)
{
	static const struct {
		const char *name;
		int64_t keys, size;
		uint64_t limit;
		const char *asked;
	} rows[] = {
		{ "a short list", 500, 1 << 20, 0, "32 256 256" },
		{ "a long list of a small store", 5000, 128 << 20, 0,
		  "32 256 size 2000 2000 2000" },
		{ "a long list of a large store", 1500, (128 << 20) + 1, 0,
		  "32 256 size 256 256 256 256 256" },
		{ "of one that does not tell", 1000, 0, 0, "32 256 size 256 256 256" },
		{ "the beginning of a long list", 100000, 1 << 20, 400, "32 256 113" },
	};
	struct kvs_request req = list_of("k");
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct pager pager = { .left = rows[i].keys, .size = rows[i].size };
		struct server *server = server_start(turn_page, &pager);
		struct kvs_store *store = open_port(server_port(server));
		struct outcome o;

		req.limit = rows[i].limit;
		o = once(store, &req);
		kvs_close(store);
		server_stop(server);
		is_code(o.code, 0, &o.err, "%s", rows[i].name);
		is_int(o.entries, rows[i].limit ? (int)rows[i].limit : (int)rows[i].keys,
		       "%s: all entries", rows[i].name);
		is_str(pager.asked, rows[i].asked, "%s: pages", rows[i].name);
	}
}

static void test_lease_times(void)
{
	static const int64_t ttls[] = { -1, 0, INT64_MIN, INT64_MAX };
	Etcdpb__LeaseGrantResponse answer = ETCDPB__LEASE_GRANT_RESPONSE__INIT;
	struct script script = { .message = &answer.base };
	struct kvs_request req = KVS_REQUEST_INIT;
	struct outcome o;
	size_t i;

	req.kind = KVS_REQ_LEASE;
	req.lease_op = KVS_LEASE_GRANT;
	req.ttl = 1000;
	req.timeout = 20000;
	answer.id = 7;
	for (i = 0; i < sizeof(ttls) / sizeof(ttls[0]); i++) {
		answer.ttl = ttls[i];
		o = ask(&script, &req);
		is_err(o.code, KVS_E_PROTOCOL, &o.err, "seconds", "a lease of %lld seconds",
		       (long long)ttls[i]);
	}
	answer.ttl = 5;
	o = ask(&script, &req);
	is_code(o.code, 0, &o.err, "a lease of 5");
	is_uint(o.reply.ttl, 5000, "is of 5,000 ms");
}

/* ---- silence and failures ---- */

static void test_silence(void)
{
	struct script script = { .silent = true };
	struct outcome o = ask_of(&script, KVS_REQ_GET, 300);

	is_err(o.code, KVS_E_TIMEOUT, &o.err, "no answer", "a get without an answer");
	o = ask_of(&script, KVS_REQ_PUT, 300);
	is_err(o.code, KVS_E_UNCERTAIN, &o.err, "may have happened", "a put");
	o = ask_of(&script, KVS_REQ_TXN, 300);
	is_err(o.code, KVS_E_UNCERTAIN, &o.err, "may have happened", "a transaction");
}

static void test_refused(void)
{
	static const struct {
		grpc_status_code status;
		const char *words;
		int read, write;
	} rows[] = {
		{ GRPC_STATUS_UNAVAILABLE, "etcdserver: request timed out", KVS_E_UNAVAILABLE,
		  KVS_E_UNCERTAIN },
		{ GRPC_STATUS_UNAVAILABLE, "etcdserver: no leader", KVS_E_UNAVAILABLE,
		  KVS_E_UNAVAILABLE },
		{ GRPC_STATUS_UNAUTHENTICATED, "etcdserver: invalid auth token", KVS_E_DENIED,
		  KVS_E_DENIED },
		{ GRPC_STATUS_OK, "", KVS_E_PROTOCOL, KVS_E_UNCERTAIN },
	};
	struct outcome o;
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct script script = { .status = rows[i].status, .words = rows[i].words };

		o = ask_of(&script, KVS_REQ_GET, 20000);
		is_err(o.code, rows[i].read, &o.err, rows[i].words, "a get: %s", rows[i].words);
		o = ask_of(&script, KVS_REQ_PUT, 20000);
		is_err(o.code, rows[i].write, &o.err, rows[i].words, "a put: %s", rows[i].words);
	}
}

static void say(void *arg, const char *request, struct scripted_answer *ret)
{
	(void)request;
	*ret = *(struct scripted_answer *)arg;
}

/* A write counts as sent only when the other side speaks HTTP/2: before that none of it can have been
 * done. */
static void test_never_connected(void)
{
	static const struct {
		const char *name;
		struct scripted_answer answer;
		int code;
	} rows[] = {
		{ "says nothing", { "", 0, SCRIPTED_HANG }, KVS_E_TIMEOUT },
		{ "closes", { "", 0, SCRIPTED_CLOSE }, KVS_E_UNAVAILABLE },
		{ "speaks HTTP/1",
		  { "HTTP/1.1 400 No\r\n\r\n", 19, SCRIPTED_CLOSE },
		  KVS_E_UNAVAILABLE },
	};
	static const uint32_t kinds[] = { KVS_REQ_PUT, KVS_REQ_TXN };
	struct outcome o;
	size_t i, k;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct scripted_answer answer = rows[i].answer;
		struct scripted *server = scripted_start(say, &answer);
		struct kvs_store *store = open_port(scripted_port(server));

		for (k = 0; k < sizeof(kinds) / sizeof(kinds[0]); k++) {
			o = once_of(store, kinds[k], rows[i].code == KVS_E_TIMEOUT ? 300 : 20000);
			is_code(o.code, rows[i].code, &o.err, "a server that %s, request %u",
				rows[i].name, kinds[k]);
		}
		kvs_close(store);
		scripted_stop(server);
	}
}

/* A member without a leader may tell of itself, and nothing else. */
static void test_leader_wanted(void)
{
	struct script script = { 0 };

	(void)ask_of(&script, KVS_REQ_GET, 20000);
	ok(script.has_leader, "a get wants a member with a leader");
	(void)ask_of(&script, KVS_REQ_STATUS, 20000);
	ok(!script.has_leader, "a status does not");
	is_str(script.methods, "Range Status MemberList", "what was asked");
}

int main(void)
{
	test_malformed();
	test_empty();
	test_list_without_end();
	test_pages();
	test_lease_times();
	test_silence();
	test_refused();
	test_never_connected();
	test_leader_wanted();
	return tap_end();
}
