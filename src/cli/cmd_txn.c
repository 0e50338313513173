/* SPDX-License-Identifier: Apache-2.0 */
#include "base/err.h"
#include "base/log.h"
#include "cli/cli.h"
#include "cli/input.h"
#include "cli/output.h"
#include "cli/store_select.h"
#include "cli/txn_read.h"

#define INPUT_MAX ((size_t)1 << 30)

struct txn_options {
	const char *file;
	bool batched;
};

static const struct kvs_option txn_options[] = {
	{ "file", 'f', KVS_OPTION_PATH(struct txn_options, file), "FILE",
	  "read the operations from FILE instead of standard input (-)" },
	{ "batched", 0, KVS_OPTION_FLAG(struct txn_options, batched), NULL,
	  "where it is over the store's limits, split it; then it is not atomic" },
	{ NULL },
};

static int commit(struct kvs_store *store, const struct txn_ops *ops, uint32_t flags,
		  struct kvs_reply *reply, struct kvs_err *err)
{
	int code;

	reply->failed_op = -1;
	code = kvs_txn(store, ops->ops, ops->n, flags, reply, err);
	if (code == KVS_E_CONFLICT && reply->failed_op >= 0 && (uint64_t)reply->failed_op < ops->n)
		return kvs_err_context(err, code, "line %zu", ops->lines[reply->failed_op]);
	return code;
}

static int print(const struct txn_ops *ops, const struct kvs_reply *reply, struct kvs_err *err)
{
	struct kvs_json j KVS_AUTO_JSON;

	kvs_json_init(&j);
	kvs_json_uint(&j, "index", reply->index);
	kvs_json_uint(&j, "operations", ops->n);
	return out_json(&j, err);
}

static int run_ops(struct cli *cli, const struct txn_options *o, const struct txn_ops *ops,
		   struct kvs_err *err)
{
	struct kvs_store *store CLI_AUTO_STORE = NULL;
	struct kvs_reply reply = { .size = sizeof(reply) };
	int code = 0;

	if (ops->n == 0)
		kvs_log(KVS_LOG_WARNING, "no operation was given: nothing to do");
	else
		code = cli_open_store(cli, &store, err);
	if (!code && ops->n)
		code = commit(store, ops, o->batched ? KVS_TXN_BATCHED : 0, &reply, err);
	if (code)
		return code;
	return cli_json(cli) ? print(ops, &reply, err) : 0;
}

static int run(struct cli *cli, const void *options, struct kvs_err *err)
{
	const struct txn_options *o = options;
	struct kvs_buf text KVS_AUTO_BUF;
	struct txn_ops ops;
	int code;

	kvs_buf_init(&text, INPUT_MAX);
	code = input_read(cli, o->file ? o->file : "-", &text, err);
	if (code)
		return code;
	code = txn_ops_read(kvs_buf_slice(&text), &ops, err);
	if (!code)
		code = run_ops(cli, o, &ops, err);
	txn_ops_release(&ops);
	return code;
}

const struct cmd cmd_txn = {
	.name = "txn",
	.group = CMD_GROUP_KEYS,
	.flags = CMD_STORE,
	.summary = "commit writes and checks together, or none of them",
	.operands = "",
	.about = "Reads one operation a line as a JSON object, for example\n"
		 "  {\"op\":\"put\",\"key\":\"a\",\"value\":\"1\",\"cas\":0}\n"
		 "  {\"op\":\"delete\",\"key\":\"b\"}",
	.options = txn_options,
	.options_size = sizeof(struct txn_options),
	.run = run,
};
