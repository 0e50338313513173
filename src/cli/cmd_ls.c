/* SPDX-License-Identifier: Apache-2.0 */
#include "base/err.h"
#include "base/log.h"
#include "base/str.h"
#include "cli/cli.h"
#include "cli/output.h"
#include "cli/store_select.h"

struct ls_options {
	bool keys;
	bool recursive;
	bool null;
	struct cli_read_options read;
};

static const struct kvs_option ls_options[] = {
	{ "keys", 0, KVS_OPTION_FLAG(struct ls_options, keys), NULL, "show keys without values" },
	{ "recursive", 0, KVS_OPTION_FLAG(struct ls_options, recursive), NULL,
	  "show all keys that begin with PREFIX, not one level of them" },
	{ "null", '0', KVS_OPTION_FLAG(struct ls_options, null), NULL,
	  "show keys only, as they are, each ended by a NUL byte (for xargs -0)" },
	CLI_READ_OPTIONS(struct ls_options, read),
	{ NULL },
};

struct listing {
	const struct ls_options *options;
	bool json;
	int code; /* why on_entry() ended it */
};

static int print_json(const struct listing *l, const struct kvs_entry *entry)
{
	struct kvs_json j KVS_AUTO_JSON;

	kvs_json_init(&j);
	out_json_entry(&j, entry, l->options->keys);
	return out_json(&j, NULL);
}

static void print_text(const struct listing *l, const struct kvs_entry *entry)
{
	out_escaped(entry->key);
	if (!l->options->keys && !(entry->info & KVS_ENTRY_FOLDED)) {
		out_text("\t");
		out_escaped(entry->value);
	}
	out_text("\n");
}

static int on_entry(void *arg, const struct kvs_entry *entry)
{
	struct listing *l = arg;

	if (l->options->null) {
		out_raw(entry->key);
		out_raw(kvs_sn("", 1));
	} else if (l->json) {
		l->code = print_json(l, entry);
	} else {
		print_text(l, entry);
	}
	/* Nobody reads any more, or the disk is full: out_finish() says so. */
	return l->code || out_failed();
}

static int list(struct kvs_store *store, struct listing *l, const struct kvs_request *req,
		struct kvs_err *err)
{
	struct kvs_reply reply = { .size = sizeof(reply) };
	int code = kvs_list(store, req, on_entry, l, &reply, err);

	if (l->code == KVS_E_NOMEM)
		return kvs_err_oom(err);
	if (code == KVS_E_CANCELED && out_failed())
		return 0;
	if (!code && (reply.flags & KVS_REPLY_FILTERED))
		kvs_log(KVS_LOG_WARNING, "the store's access rules may hide some keys");
	return code;
}

static int run(struct cli *cli, const void *options, struct kvs_err *err)
{
	const struct ls_options *o = options;
	struct kvs_store *store CLI_AUTO_STORE = NULL;
	struct listing l = { .options = o, .json = cli_json(cli) };
	struct kvs_request req = KVS_REQUEST_INIT;
	int code = cli_read_flags(&o->read, &req.flags, err);

	if (!code && o->null && l.json)
		code = kvs_err_set(err, KVS_E_ARG, "-0 has no meaning with --output json");
	if (!code)
		code = cli_open_store(cli, &store, err);
	if (code)
		return code;
	req.key = kvs_s(cli->n_operands ? cli->operands[0] : "");
	req.separator = o->recursive ? kvs_sn(NULL, 0) : kvs_s("/");
	if (o->keys || o->null)
		req.flags |= KVS_KEYS_ONLY;
	return list(store, &l, &req, err);
}

const struct cmd cmd_ls = {
	.name = "ls",
	.group = CMD_GROUP_KEYS,
	.flags = CMD_STORE,
	.summary = "list keys and values, sorted, one level or all",
	.operands = "[PREFIX]",
	.options = ls_options,
	.options_size = sizeof(struct ls_options),
	.max_operands = 1,
	.run = run,
};
