/* SPDX-License-Identifier: Apache-2.0 */
/* Tokens: when the backend logs in, and when it does not. */
#include "backends/etcd/etcd_token.h"
#include "backends/etcd/rpc.pb-c.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/str.h"
#include "tests/lib/once.h"
#include "tests/lib/scratch.h"
#include "tests/lib/tap.h"
#include "tests/unit/backends/etcd/server.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define MAX_LOGINS 16

/* A server that takes one token; under the server's lock. */
struct door {
	char valid[32];
	const char *gives; /* in place of the valid one */
	bool open;	   /* authentication is off */
	bool shut;	   /* takes none at all */
	unsigned int logins;
	uint64_t login_at[MAX_LOGINS];
	unsigned int reads;
};

static void login(struct door *door, struct server_call *call)
{
	Etcdpb__AuthenticateResponse answer = ETCDPB__AUTHENTICATE_RESPONSE__INIT;

	if (door->logins < MAX_LOGINS)
		door->login_at[door->logins] = kvsi_monotonic_ms();
	door->logins++;
	if (door->open) {
		server_refuse(call, GRPC_STATUS_FAILED_PRECONDITION,
			      "etcdserver: authentication is not enabled");
		return;
	}
	answer.token = (char *)(uintptr_t)(door->gives ? door->gives : door->valid);
	server_answer(call, &answer.base);
}

static void guard(void *arg, const struct question *q)
{
	struct door *door = arg;

	if (!strcmp(q->method, "Authenticate")) {
		login(door, q->call);
		return;
	}
	door->reads++;
	if (door->shut || strcmp(q->token, door->open ? "" : door->valid) != 0)
		server_refuse(q->call, GRPC_STATUS_UNAUTHENTICATED,
			      "etcdserver: invalid auth token");
	else
		server_answer_bytes(q->call, "", 0);
}

static struct kvs_store *open_at(const struct server *server)
{
	struct kvs_store *store = NULL;
	struct kvs_err err = { 0 };
	char url[512];

	(void)snprintf(url, sizeof(url), "etcd://127.0.0.1:%u?user=me&password-file=%s",
		       server_port(server), scratch_path("password"));
	if (kvs_open(url, NULL, &store, &err))
		lacking("%s", err.msg);
	return store;
}

static void change_token(struct server *server, struct door *door, const char *token)
{
	server_lock(server);
	(void)snprintf(door->valid, sizeof(door->valid), "%s", token);
	server_unlock(server);
}

static unsigned int logins(struct server *server, const struct door *door)
{
	unsigned int n;

	server_lock(server);
	n = door->logins;
	server_unlock(server);
	return n;
}

/* A get of what is not there; NOTFOUND is a success. */
static struct outcome get(struct kvs_store *store)
{
	return once_of(store, KVS_REQ_GET, 20000);
}

static void test_once(void)
{
	struct door door = { .valid = "one.1" };
	struct server *server = server_start(guard, &door);
	struct kvs_store *store = open_at(server);
	struct outcome o = get(store);

	is_code(o.code, KVS_E_NOTFOUND, &o.err, "a login, then a get");
	o = get(store);
	is_code(o.code, KVS_E_NOTFOUND, &o.err, "another get");
	is_uint(logins(server, &door), 1, "with the same token");
	kvs_close(store);
	server_stop(server);
}

static void test_renewed_once(void)
{
	struct door door = { .valid = "one.1", .shut = true };
	struct server *server = server_start(guard, &door);
	struct kvs_store *store = open_at(server);
	struct outcome o = get(store);

	is_err(o.code, KVS_E_DENIED, &o.err, "invalid auth token", "no token is accepted");
	is_uint(logins(server, &door), 3, "a request does not log in for ever");
	kvs_close(store);
	server_stop(server);
}

static void test_no_auth(void)
{
	struct door door = { .open = true };
	struct server *server = server_start(guard, &door);
	struct kvs_store *store = open_at(server);
	struct outcome o = get(store);

	is_code(o.code, KVS_E_NOTFOUND, &o.err, "a user where nobody logs in");
	kvs_close(store);
	server_stop(server);
}

static void test_bad_tokens(void)
{
	static const char *const tokens[] = { "a\nb", "\x7f", "\xc3\xa4", "" };
	struct outcome o;
	size_t i;

	for (i = 0; i < sizeof(tokens) / sizeof(tokens[0]); i++) {
		struct door door = { .valid = "one.1", .gives = tokens[i] };
		struct server *server = server_start(guard, &door);
		struct kvs_store *store = open_at(server);

		o = get(store);
		is_err(o.code, KVS_E_PROTOCOL, &o.err, "cannot be sent",
		       "a token that no header can have");
		kvs_close(store);
		server_stop(server);
	}
}

/* ---- several programs ---- */

#define CLIENTS 8

static void count_done(void *arg, int code, const struct kvs_reply *reply,
		       const struct kvs_err *err)
{
	unsigned int *done = arg;

	(void)reply;
	(void)err;
	*done += code == KVS_E_NOTFOUND;
}

static void poll_all(struct kvs_store **stores)
{
	struct kvs_err err;
	size_t i;

	for (i = 0; i < CLIENTS; i++)
		if (kvs_poll(stores[i], 5, &err))
			bail("%s", err.msg);
}

/* When a server forgets its tokens, its clients do not come back all at once. */
static void test_spread(void)
{
	struct door door = { .valid = "one.1" };
	struct server *server = server_start(guard, &door);
	struct kvs_store *stores[CLIENTS];
	struct kvs_request req = KVS_REQUEST_INIT;
	unsigned int i, done = 0;
	const struct kvs_callback cb = { .done = count_done, .arg = &done };
	uint64_t first, last, began, limit;

	for (i = 0; i < CLIENTS; i++) {
		stores[i] = open_at(server);
		(void)get(stores[i]);
	}
	is_uint(logins(server, &door), CLIENTS, "each client has logged in");
	change_token(server, &door, "two.2");
	began = kvsi_monotonic_ms();
	limit = began + 20000;
	req.kind = KVS_REQ_GET;
	req.key = kvs_s("k");
	req.timeout = 20000;
	for (i = 0; i < CLIENTS; i++)
		if (kvs_start(stores[i], &req, &cb, NULL, NULL))
			bail("no request");
	while (done < CLIENTS && kvsi_monotonic_ms() < limit)
		poll_all(stores);
	is_uint(done, CLIENTS, "each has its answer");
	is_uint(logins(server, &door), 2 * CLIENTS, "after one login more");
	server_lock(server);
	first = last = door.login_at[CLIENTS];
	for (i = CLIENTS; i < 2 * CLIENTS; i++) {
		first = door.login_at[i] < first ? door.login_at[i] : first;
		last = door.login_at[i] > last ? door.login_at[i] : last;
	}
	server_unlock(server);
	ok(last - first > 200, "they are spread over %d ms", (int)(last - first));
	for (i = 0; i < CLIENTS; i++)
		kvs_close(stores[i]);
	server_stop(server);
}

static char *kept_path(const struct server *server)
{
	char name[64];

	(void)snprintf(name, sizeof(name), "etcd://127.0.0.1:%u", server_port(server));
	return etcd_token_path(name, "me");
}

static void test_kept(void)
{
	struct door door = { .valid = "one.1" };
	struct server *server = server_start(guard, &door);
	KVS_AUTO_FREE char *path = kept_path(server);
	struct kvs_store *first = open_at(server), *second, *third;
	struct outcome o = get(first);

	second = open_at(server);
	third = open_at(server);
	o = get(second);
	is_code(o.code, KVS_E_NOTFOUND, &o.err, "another program");
	is_uint(logins(server, &door), 1, "uses the token that is kept");

	change_token(server, &door, "two.2");
	etcd_token_save(path, "two.2");
	o = get(third);
	is_code(o.code, KVS_E_NOTFOUND, &o.err, "a token that somebody has kept meanwhile");
	is_uint(logins(server, &door), 1, "saves a login");

	etcd_token_save(path, "stale.3");
	o = get(second);
	is_code(o.code, KVS_E_NOTFOUND, &o.err, "unless that is not accepted either");
	is_uint(logins(server, &door), 2, "then there is a login");
	ok(access(path, R_OK) == 0, "whose token is kept");
	kvs_close(first);
	kvs_close(second);
	kvs_close(third);
	server_stop(server);
}

int main(void)
{
	FILE *f;

	(void)setenv("XDG_RUNTIME_DIR", scratch_make(), 1);
	f = fopen(scratch_path("password"), "w");
	if (!f || fputs("secret\n", f) < 0 || fclose(f))
		bail("no password");
	test_kept();
	/* from here on nothing is kept */
	(void)setenv("XDG_RUNTIME_DIR", "/dev/null", 1);
	test_once();
	test_renewed_once();
	test_no_auth();
	test_bad_tokens();
	test_spread();
	return tap_end();
}
