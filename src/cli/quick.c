/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/quick.h"

#include "base/cleanup.h"
#include "cli/cli.h"
#include "cli/store_select.h"

#include <stdlib.h>

/* KVS_LIBEXEC_DIR names another folder for tests.  A program of the build tree (KVS_MODULE_DIR) does
 * not become an installed one. */
static const char *folder(void)
{
	const char *dir = secure_getenv("KVS_LIBEXEC_DIR");

	if (dir && *dir)
		return dir;
	return secure_getenv("KVS_MODULE_DIR") ? NULL : KVS_PKGLIBEXEC_DIR;
}

static bool chose_etcd(const struct cli *cli)
{
	struct store_choice choice;
	bool etcd;

	if (store_choose(cli, &choice, NULL))
		return false; /* the command itself will say so */
	etcd = store_choice_is(&choice, "etcd");
	store_choice_release(&choice);
	return etcd;
}

static bool staying;

void quick_stay(void)
{
	staying = true;
}

static bool is_one_shot(const struct cmd *cmd)
{
	return (cmd->flags & CMD_STORE) && !(cmd->flags & CMD_ENDLESS);
}

void quick_exec(const struct cli *cli)
{
	KVS_AUTO_FREE char *path = NULL;
	const char *dir = folder();

	if (staying || !dir || (cli->cmd && !is_one_shot(cli->cmd)) || !chose_etcd(cli))
		return;
	path = kvs_asprintf("%s/kvsync-etcd", dir);
	if (path)
		(void)execv(path, cli->words);
}
