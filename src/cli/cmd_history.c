/* SPDX-License-Identifier: Apache-2.0 */
#include "base/err.h"
#include "base/fsio.h"
#include "base/str.h"
#include "cli/cli.h"
#include "cli/output.h"
#include "cli/store_select.h"
#include "cli/transfer_setup.h"

#include <inttypes.h>

struct history_options {
	const char *key;
	struct kvs_optnum number;
	const char *file;
};

static const struct kvs_option history_options[] = {
	{ "key", 'k', KVS_OPTION_STRING(struct history_options, key), "KEY", "the file's key" },
	{ "number", 'n', KVS_OPTION_UINT(struct history_options, number), "NUMBER",
	  "write this version into --file", .min = 1 },
	{ "file", 'f', KVS_OPTION_PATH(struct history_options, file), "FILE",
	  "where to write it; the file is replaced" },
	{ NULL },
};

/* ---- showing them all ---- */

struct showing {
	bool json;
	int code; /* why on_version() ended it */
};

static void print_text(const struct kvs_version *v)
{
	out_text("%" PRIu64 "\t", v->number);
	out_escaped(v->time.n ? v->time : kvs_s("-"));
	out_text("\t");
	out_escaped(v->user.n ? v->user : kvs_s("-"));
	if (v->host.n) {
		out_text("@");
		out_escaped(v->host);
	}
	out_text("\t%" PRIu64 " line%s\t%" PRIu64 " byte%s\tsha256 %.12s\t", v->lines,
		 kvs_plural(v->lines), v->bytes, kvs_plural(v->bytes), v->checksum);
	out_escaped(v->cause);
	if (v->reason.n) {
		out_text(": ");
		out_escaped(v->reason);
	}
	out_text("\n");
}

static int print_json(const struct kvs_version *v)
{
	struct kvs_json j KVS_AUTO_JSON;

	kvs_json_init(&j);
	kvs_json_uint(&j, "number", v->number);
	kvs_json_bytes(&j, "time", v->time);
	kvs_json_bytes(&j, "user", v->user);
	kvs_json_bytes(&j, "host", v->host);
	kvs_json_bytes(&j, "cause", v->cause);
	kvs_json_bytes(&j, "reason", v->reason);
	kvs_json_uint(&j, "lines", v->lines);
	kvs_json_uint(&j, "bytes", v->bytes);
	kvs_json_text(&j, "checksum", v->checksum);
	return out_json(&j, NULL);
}

static int on_version(void *arg, const struct kvs_version *version)
{
	struct showing *s = arg;

	if (s->json)
		s->code = print_json(version);
	else
		print_text(version);
	return s->code || out_failed();
}

static int show(const struct cli *cli, const struct kvs_transfer *t, const char *key,
		struct kvs_err *err)
{
	struct showing s = { .json = cli_json(cli) };
	int code = kvs_transfer_history(t, key, on_version, &s, err);

	if (s.code)
		return kvs_err_oom(err);
	return code == KVS_E_CANCELED && out_failed() ? 0 : code;
}

/* ---- writing one of them ---- */

static int write_file(const char *path, struct kvs_str bytes, struct kvs_err *err)
{
	KVS_AUTO_NEWFILE struct kvs_newfile f = KVS_NEWFILE_INIT;
	const struct kvs_newfile_opts opts = { .new_mode = KVS_OUT_NEW_MODE };
	enum kvs_published how;
	int code = kvs_newfile_open(&f, path, &opts, err);

	code = code ? code : kvs_newfile_write(&f, bytes.p, bytes.n, err);
	code = code ? code : kvs_newfile_sync(&f, err);
	return code ? code : kvs_newfile_publish(&f, &how, err);
}

static int save(const struct cli *cli, const struct kvs_transfer *t,
		const struct history_options *o, struct kvs_err *err)
{
	KVS_AUTO_BUF struct kvs_buf bytes;
	int code;

	kvs_buf_init(&bytes, KVS_OUT_MAX_BYTES_DEFAULT);
	code = kvs_transfer_version(t, o->key, o->number.value, &bytes, err);
	code = code ? code : write_file(o->file, kvs_buf_slice(&bytes), err);
	if (!code && cli_talks(cli) && !cli_json(cli))
		out_text("%s: version %" PRIu64 " of %s, %zu byte%s\n", KVS_Q(kvs_s(o->file)),
			 o->number.value, KVS_Q(kvs_s(o->key)), bytes.len, kvs_plural(bytes.len));
	return code;
}

static int run(struct cli *cli, const void *options, struct kvs_err *err)
{
	const struct history_options *o = options;
	struct kvs_store *store CLI_AUTO_STORE = NULL;
	struct kvs_transfer t;
	int code;

	if (!o->key)
		return kvs_err_set(err, KVS_E_ARG, "the key is missing: give --key KEY");
	if (o->number.given != (o->file != NULL))
		return kvs_err_set(err, KVS_E_ARG,
				   "--number and --file go together: they write a version into a "
				   "file");
	code = cli_open_store(cli, &store, err);
	if (code)
		return code;
	cli_transfer_init(cli, store, &t);
	return o->file ? save(cli, &t, o, err) : show(cli, &t, o->key, err);
}

const struct cmd cmd_history = {
	.name = "history",
	.group = CMD_GROUP_TRANSFER,
	.flags = CMD_STORE | CMD_PREFIX,
	.summary = "show the versions of a file that the store keeps",
	.operands = "",
	.options = history_options,
	.options_size = sizeof(struct history_options),
	.run = run,
};
