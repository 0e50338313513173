/* SPDX-License-Identifier: Apache-2.0 */
#include "base/err.h"
#include "base/str.h"
#include "cli/cli.h"
#include "cli/guard_options.h"
#include "cli/output.h"
#include "cli/reporting.h"
#include "cli/store_select.h"
#include "cli/transfer_setup.h"

#include <inttypes.h>
#include <string.h>
#include <unistd.h>

struct in_options {
	const char *key;
	const char *file;
	bool sorted;
	struct guard_options guards;
	const char *compress;
	bool no_compat;
	const char *sign;
};

static const char *const encodings[] = { "brotli", "gzip", "zstd", NULL };

static const struct kvs_option in_options[] = {
	{ "key", 'k', KVS_OPTION_STRING(struct in_options, key), "KEY", "the file's key" },
	{ "file", 'f', KVS_OPTION_PATH(struct in_options, file), "FILE",
	  "the file to put there; - for standard input" },
	{ "sorted", 'S', KVS_OPTION_FLAG(struct in_options, sorted), NULL,
	  "sort the lines by their bytes, without empty ones" },
	GUARD_OPTIONS(struct in_options, guards, "4M", "what the store holds"),
	{ "compress", 'z', KVS_OPTION_CHOICE(struct in_options, compress), "ENCODING",
	  "store it compressed: brotli (default), gzip or zstd", .choices = encodings,
	  .bare = "brotli" },
	{ "no-compat", 0, KVS_OPTION_FLAG(struct in_options, no_compat), NULL,
	  "allow what kvexpress cannot read: zstd" },
	{ "sign", 0, KVS_OPTION_PATH(struct in_options, sign), "FILE",
	  "sign it with the private key in FILE" },
	{ NULL },
};

static int print(const struct cli *cli, const struct in_options *o,
		 const struct kvs_in_result *result, struct kvs_err *err)
{
	struct kvs_json j KVS_AUTO_JSON = { 0 };

	if (!cli_json(cli)) {
		if (cli_talks(cli))
			out_text("%s: %s, %" PRIu64 " lines, %" PRIu64 " bytes, sha256 %.12s%s\n",
				 KVS_Q(kvs_s(o->key)),
				 result->written ? "written" : "nothing to do", result->lines,
				 result->bytes, result->checksum,
				 result->is_signed ? ", signed" : "");
		return 0;
	}
	kvs_json_init(&j);
	kvs_json_text(&j, "key", o->key);
	kvs_json_bool(&j, "written", result->written);
	kvs_json_uint(&j, "index", result->index);
	kvs_json_bool(&j, "signed", result->is_signed);
	kvs_json_uint(&j, "lines", result->lines);
	kvs_json_uint(&j, "bytes", result->bytes);
	kvs_json_text(&j, "checksum", result->checksum);
	return out_json(&j, err);
}

static void tell(const struct cli *cli, const struct kvs_transfer *t, const struct in_options *o,
		 const struct kvs_in_result *result, int code, const struct kvs_err *err)
{
	struct kvs_report report = { .action = KVS_ACTION_IN, .key = o->key };

	if (code == 0) {
		report.changed = result->written;
		report.sized = true;
		report.lines = result->lines;
		report.bytes = result->bytes;
		report.stored = result->stored;
		report.checksum = result->checksum;
	}
	cli_tell(cli, t, &report, code, err);
}

static int run(struct cli *cli, const void *options, struct kvs_err *err)
{
	const struct in_options *o = options;
	bool from_stdin = o->file && strcmp(o->file, "-") == 0;
	struct kvs_in_params params = {
		.key = o->key,
		.file = from_stdin ? "standard input" : o->file,
		.fd = from_stdin ? STDIN_FILENO : -1,
		.sorted = o->sorted,
		.no_compat = o->no_compat || cli_no_compat(cli),
	};
	struct kvs_require *require KVS_AUTO_REQUIRE = NULL;
	struct kvs_signkey *key KVS_AUTO_SIGNKEY = NULL;
	struct kvs_store *store CLI_AUTO_STORE = NULL;
	struct kvs_in_result result;
	struct kvs_transfer t;
	int code;

	if (!o->key || !o->file)
		return kvs_err_set(err, KVS_E_ARG, "%s is missing: give --key KEY and --file FILE",
				   o->key ? "the file" : "the key");
	code = guard_options_take(&o->guards, &params.guards, &require, err);
	if (!code && o->compress)
		code = kvs_encoding_parse(o->compress, &params.encoding, err);
	if (!code && o->sign)
		code = kvs_signkey_read_private(o->sign, &key, err);
	code = code ? code : cli_open_store(cli, &store, err);
	if (code)
		return code;
	params.sign_key = key;
	cli_transfer_init(cli, store, &t);
	code = kvs_transfer_in(&t, &params, &result, err);
	tell(cli, &t, o, &result, code, err);
	return code ? code : print(cli, o, &result, err);
}

const struct cmd cmd_in = {
	.name = "in",
	.group = CMD_GROUP_TRANSFER,
	.flags = CMD_STORE | CMD_PREFIX | CMD_REPORTS,
	.summary = "put a file into the store",
	.operands = "",
	.options = in_options,
	.options_size = sizeof(struct in_options),
	.run = run,
};
