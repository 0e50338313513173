/* SPDX-License-Identifier: Apache-2.0 */
#include "base/str.h"
#include "cli/cli.h"
#include "cli/output.h"

struct printing {
	bool json;
	int code;
	struct kvs_err *err;
};

static int print_json(struct printing *p, const char *name, const char *description,
		      const struct kvs_err *why)
{
	struct kvs_json j KVS_AUTO_JSON;

	kvs_json_init(&j);
	kvs_json_text(&j, "name", name);
	kvs_json_text(&j, "description", description);
	kvs_json_bool(&j, "usable", !why);
	if (why)
		kvs_json_text(&j, "reason", why->msg);
	return out_json(&j, p->err);
}

static void print(void *arg, const char *name, const char *description, const struct kvs_err *why)
{
	struct printing *p = arg;

	if (!p->json)
		out_text("%-10s %s%s\n", name, why ? "not usable: " : "",
			 why ? why->msg : description);
	else if (!p->code)
		p->code = print_json(p, name, description, why);
}

static int run(struct cli *cli, const void *options, struct kvs_err *err)
{
	struct printing p = { .json = cli_json(cli), .err = err };
	int code = kvs_backends(print, &p, err);

	return code ? code : p.code;
}

const struct cmd cmd_backends = {
	.name = "backends",
	.group = CMD_GROUP_STORES,
	.summary = "list the kinds of store that are installed",
	.operands = "",
	.run = run,
};
