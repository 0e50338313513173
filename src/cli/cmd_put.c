/* SPDX-License-Identifier: Apache-2.0 */
#include "base/buf.h"
#include "base/cleanup.h"
#include "base/err.h"
#include "base/log.h"
#include "base/str.h"
#include "cli/cli.h"
#include "cli/input.h"
#include "cli/output.h"
#include "cli/store_select.h"

/* No store takes a value of this size; each has its own, lower limit. */
#define VALUE_MAX ((size_t)1 << 30)

struct put_options {
	const char *file;
	struct kvs_optnum cas;
	struct kvs_optnum ttl;
	struct kvs_optnum flags;
};

static const struct kvs_option put_options[] = {
	{ "file", 'f', KVS_OPTION_PATH(struct put_options, file), "FILE",
	  "the value is what FILE holds; - for standard input" },
	{ "cas", 0, KVS_OPTION_UINT(struct put_options, cas), "INDEX",
	  "only if the key's index is still INDEX; 0: only if there is no such key" },
	{
		"ttl",
		0,
		KVS_OPTION_DURATION(struct put_options, ttl),
		"TIME",
		"let the key go after TIME; the store may make it longer",
	},
	{ "flags", 0, KVS_OPTION_UINT(struct put_options, flags), "NUMBER",
	  "a number of your own to keep with the value" },
	{ NULL },
};

static int read_value(struct cli *cli, const struct put_options *o, struct kvs_buf *buf,
		      struct kvs_str *ret_value, struct kvs_err *err)
{
	bool operand = cli->n_operands == 2;
	int code;

	if (operand == (o->file != NULL))
		return kvs_err_set(err, KVS_E_ARG, "give %s: VALUE, or --file FILE",
				   operand ? "only one of these" : "a value");
	if (operand) {
		*ret_value = kvs_s(cli->operands[1]);
		return 0;
	}
	code = input_read(cli, o->file, buf, err);
	if (!code)
		*ret_value = kvs_buf_slice(buf);
	return code;
}

/* Grants the lease that takes the key away again; its name lands in reply->lease. */
static int grant_lease(struct kvs_store *store, uint64_t ttl, struct kvs_reply *reply,
		       struct kvs_err *err)
{
	int code = kvs_lease_grant(store, ttl, reply, err);

	if (!code && reply->ttl > ttl)
		kvs_log(KVS_LOG_WARNING, "the store keeps the key longer than asked: %llu ms",
			(unsigned long long)reply->ttl);
	return code;
}

static int put(struct kvs_store *store, struct kvs_op *op, uint64_t ttl, struct kvs_reply *reply,
	       struct kvs_err *err)
{
	struct kvs_reply lease = { .size = sizeof(lease) };
	int code;

	if (!ttl)
		return kvs_put(store, op, reply, err);
	code = grant_lease(store, ttl, &lease, err);
	if (code)
		return code;
	op->lease = kvs_s(lease.lease);
	code = kvs_put(store, op, reply, err);
	reply->ttl = lease.ttl;
	/* A lease whose key was not written holds nothing; one in doubt may hold it. */
	if (code && code != KVS_E_UNCERTAIN)
		(void)kvs_lease_revoke(store, op->lease, NULL);
	return code;
}

static int print(struct kvs_str key, const struct kvs_reply *reply, struct kvs_err *err)
{
	struct kvs_json j KVS_AUTO_JSON;

	kvs_json_init(&j);
	kvs_json_bytes(&j, "key", key);
	kvs_json_uint(&j, "index", reply->index);
	if (reply->ttl)
		kvs_json_uint(&j, "ttl_ms", reply->ttl);
	return out_json(&j, err);
}

static int run(struct cli *cli, const void *options, struct kvs_err *err)
{
	const struct put_options *o = options;
	struct kvs_store *store CLI_AUTO_STORE = NULL;
	struct kvs_buf buf KVS_AUTO_BUF;
	struct kvs_op op = KVS_OP_INIT;
	struct kvs_reply reply = { .size = sizeof(reply) };
	int code;

	kvs_buf_init(&buf, VALUE_MAX);
	if (o->ttl.given && o->ttl.value == 0)
		return kvs_err_set(err, KVS_E_ARG, "--ttl: expected more than 0");
	code = read_value(cli, o, &buf, &op.value, err);
	if (!code)
		code = cli_open_store(cli, &store, err);
	if (code)
		return code;
	op.type = KVS_OP_PUT;
	op.key = kvs_s(cli->operands[0]);
	op.flags = o->flags.value;
	cli_cas(&op, o->cas);
	code = put(store, &op, o->ttl.value, &reply, err);
	if (code)
		return code;
	return cli_json(cli) ? print(op.key, &reply, err) : 0;
}

const struct cmd cmd_put = {
	.name = "put",
	.group = CMD_GROUP_KEYS,
	.flags = CMD_STORE,
	.summary = "write a key",
	.operands = "KEY [VALUE]",
	.options = put_options,
	.options_size = sizeof(struct put_options),
	.min_operands = 1,
	.max_operands = 2,
	.run = run,
};
