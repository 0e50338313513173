/* SPDX-License-Identifier: Apache-2.0 */
#include "base/clock.h"
#include "base/err.h"
#include "base/log.h"
#include "base/str.h"
#include "cli/cli.h"
#include "cli/output.h"
#include "cli/store_select.h"

#include <unistd.h>

struct del_options {
	bool recursive;
	bool yes;
	struct kvs_optnum cas;
};

static const struct kvs_option del_options[] = {
	{ "recursive", 0, KVS_OPTION_FLAG(struct del_options, recursive), NULL,
	  "delete every key that begins with KEY" },
	{ "yes", 'y', KVS_OPTION_FLAG(struct del_options, yes), NULL,
	  "do not ask; needed with --recursive when nobody can be asked" },
	{ "cas", 0, KVS_OPTION_UINT(struct del_options, cas), "INDEX",
	  "only if the key's index is still INDEX", .min = 1 },
	{ NULL },
};

static int count_key(void *arg, const struct kvs_entry *entry)
{
	++*(uint64_t *)arg;
	return 0;
}

static int count_keys(struct kvs_store *store, struct kvs_str prefix, uint64_t *ret_n,
		      struct kvs_err *err)
{
	struct kvs_request req = KVS_REQUEST_INIT;

	req.key = prefix;
	req.flags = KVS_KEYS_ONLY;
	*ret_n = 0;
	return kvs_list(store, &req, count_key, ret_n, NULL, err);
}

/* The answer's first letter; whatever else is on the line goes with it. */
static bool answered_yes(void)
{
	int first = getchar();

	for (int c = first; c != '\n' && c != EOF;)
		c = getchar();
	return first == 'y' || first == 'Y';
}

static int confirm(struct cli *cli, struct kvs_store *store, struct kvs_str prefix,
		   struct kvs_err *err)
{
	uint64_t n, asked;
	bool yes;
	int code;

	if (!isatty(STDIN_FILENO) || !isatty(STDERR_FILENO))
		return kvs_err_set(err, KVS_E_ARG,
				   "--recursive needs --yes when there is no terminal to ask on");
	code = count_keys(store, prefix, &n, err);
	if (code)
		return code;
	(void)fprintf(stderr, "Delete %llu key%s beginning with '%s'? [y/N] ",
		      (unsigned long long)n, kvs_plural(n), KVS_Q(prefix));
	asked = kvsi_monotonic_ms();
	yes = answered_yes();
	cli_spare_time(cli, asked, store);
	if (!yes)
		return kvs_err_set(err, KVS_E_CANCELED, "not confirmed; nothing was deleted");
	return 0;
}

static int print(struct kvs_str key, const struct kvs_reply *reply, struct kvs_err *err)
{
	struct kvs_json j KVS_AUTO_JSON;

	kvs_json_init(&j);
	kvs_json_bytes(&j, "key", key);
	kvs_json_uint(&j, "index", reply->index);
	kvs_json_uint(&j, "deleted", reply->count);
	return out_json(&j, err);
}

static int run(struct cli *cli, const void *options, struct kvs_err *err)
{
	const struct del_options *o = options;
	struct kvs_store *store CLI_AUTO_STORE = NULL;
	struct kvs_op op = KVS_OP_INIT;
	struct kvs_reply reply = { .size = sizeof(reply) };
	int code;

	if (o->recursive && o->cas.given)
		return kvs_err_set(err, KVS_E_ARG,
				   "--cas guards one key; it has no meaning with "
				   "--recursive");
	op.type = o->recursive ? KVS_OP_DELETE_PREFIX : KVS_OP_DELETE;
	op.key = kvs_s(cli->operands[0]);
	cli_cas(&op, o->cas);
	code = cli_open_store(cli, &store, err);
	if (!code && o->recursive && !o->yes)
		code = confirm(cli, store, op.key, err);
	if (!code)
		code = kvs_delete(store, &op, &reply, err);
	if (code)
		return code;
	if (o->recursive)
		kvs_log(KVS_LOG_INFO, "deleted %llu keys", (unsigned long long)reply.count);
	return cli_json(cli) ? print(op.key, &reply, err) : 0;
}

const struct cmd cmd_del = {
	.name = "del",
	.group = CMD_GROUP_KEYS,
	.flags = CMD_STORE,
	.summary = "delete a key, or all that begin with it",
	.operands = "KEY",
	.options = del_options,
	.options_size = sizeof(struct del_options),
	.min_operands = 1,
	.max_operands = 1,
	.run = run,
};
