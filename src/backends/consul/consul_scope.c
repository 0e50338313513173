/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Does a server heed the namespace and the partition of the store?  Open-source Consul refuses them
 * in single requests, but in transactions it writes to where everybody's keys are, without a word;
 * and servers before 1.11 do so with a partition everywhere.  So where either is given, each server is
 * asked two things before anything else: for a session that is not there, which those that
 * know no namespaces refuse; and for a transaction that reads nothing, which those that know no
 * partitions refuse.
 */
#include "backends/consul/consul.h"

#include "base/err.h"
#include "base/rand.h"
#include "base/str.h"

#include <inttypes.h>

bool consul_scope_known(const struct consul *c, size_t server)
{
	return !*c->config.room || (c->scope_known & UINT64_C(1) << server);
}

void consul_scope_forget(struct consul *c, size_t server)
{
	c->scope_known &= ~(UINT64_C(1) << server);
}

void consul_scope_reset(struct consul *c)
{
	consul_call_cancel(c->scope_call);
	c->scope_call = NULL;
	c->scope_known = 0;
}

static void tell(struct consul *c, int code, struct kvs_err *why)
{
	if (!code)
		c->scope_known |= UINT64_C(1) << c->scope_server;
	consul_call_scope_known(c, c->scope_server, code, why);
}

static const char *words_of(int code)
{
	return code == KVS_E_ARG ? "the server does not know the store's namespace or partition"
				 : "asked for the store's namespace or partition";
}

static int check_answer(const struct consul_answer *answer, struct kvs_err *err)
{
	int code = answer->code;

	if (code)
		(void)kvs_err_copy(err, code, answer->err);
	else if (answer->status != 200)
		code = kvs_err_set(err, KVS_E_PROTOCOL, "HTTP %d; is the endpoint right?",
				   answer->status);
	return code ? kvs_err_context(err, code, "%s", words_of(code)) : 0;
}

static void transaction_done(void *arg, const struct consul_answer *answer)
{
	struct consul *c = arg;
	struct kvs_err err = { 0 };
	int code = check_answer(answer, &err);

	c->scope_call = NULL;
	tell(c, code, &err);
}

static int ask_transaction(struct consul *c, const struct consul_call *beside, struct kvs_err *err)
{
	struct kvs_buf body;
	const struct consul_call_spec spec = {
		.what = "scope",
		.beside = beside,
		.done = transaction_done,
		.arg = c,
	};

	kvs_buf_init(&body, 1024);
	kvs_buf_fmt(&body,
		    "[{\"KV\":{\"Verb\":\"get-tree\",\"Key\":\"kvsync-%016" PRIx64 "/\"%s}}]",
		    kvs_rand_u64(), c->config.room);
	return consul_txn_call(c, &body, &spec, &c->scope_call, err);
}

static void session_done(void *arg, const struct consul_answer *answer)
{
	struct consul *c = arg;
	const struct consul_call *call = c->scope_call;
	struct kvs_err err = { 0 };
	int code = check_answer(answer, &err);

	c->scope_call = NULL;
	if (!code)
		code = ask_transaction(c, call, &err);
	if (code)
		tell(c, code, &err);
}

int consul_scope_check(struct consul *c, const struct consul_call *call, size_t server,
		       struct kvs_err *err)
{
	struct kvs_buf path;
	const struct consul_call_spec spec = {
		.method = "GET",
		.what = "scope",
		.path = &path,
		.beside = call,
		.done = session_done,
		.arg = c,
	};

	if (c->scope_call)
		return 0;
	c->scope_server = server;
	kvs_buf_init(&path, 128);
	kvs_buf_str(&path, "/v1/session/info/00000000-0000-0000-0000-000000000000");
	return consul_call_start(c, &spec, &c->scope_call, err);
}
