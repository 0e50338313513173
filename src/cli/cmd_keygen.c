/* SPDX-License-Identifier: Apache-2.0 */
#include "base/cleanup.h"
#include "base/err.h"
#include "base/signkey.h"
#include "base/str.h"
#include "cli/cli.h"
#include "cli/output.h"
#include "cli/transfer_setup.h"

static int print(const struct cli *cli, const char *file, const char *public_file, const char *id,
		 struct kvs_err *err)
{
	struct kvs_json j KVS_AUTO_JSON = { 0 };

	if (!cli_json(cli)) {
		if (cli_talks(cli))
			out_text("%s: the private key, for kvsync in --sign\n"
				 "%s: the public key, for kvsync out --verify\n"
				 "the key's id is %s\n",
				 KVS_Q(kvs_s(file)), KVS_Q(kvs_s(public_file)), id);
		return 0;
	}
	kvs_json_init(&j);
	kvs_json_bytes(&j, "private", kvs_s(file));
	kvs_json_bytes(&j, "public", kvs_s(public_file));
	kvs_json_text(&j, "id", id);
	return out_json(&j, err);
}

static int run(struct cli *cli, const void *options, struct kvs_err *err)
{
	const char *file = cli->operands[0];
	KVS_AUTO_FREE char *public_file = kvs_asprintf("%s.pub", file);
	char id[KVS_SIGNKEY_ID];
	int code;

	if (!public_file)
		return kvs_err_oom(err);
	code = kvs_signkey_generate(file, public_file, id, err);
	return code ? code : print(cli, file, public_file, id, err);
}

const struct cmd cmd_keygen = {
	.name = "keygen",
	.group = CMD_GROUP_TRANSFER,
	.summary = "make a pair of keys to sign and verify files with",
	.operands = "FILE",
	.min_operands = 1,
	.max_operands = 1,
	.run = run,
};
