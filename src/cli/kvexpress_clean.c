/* SPDX-License-Identifier: Apache-2.0 */
/* kvexpress clean: what `in` left beside a file.  It took the file, too, which stays here. */
#include "base/cleanup.h"
#include "base/err.h"
#include "base/log.h"
#include "base/str.h"
#include "cli/cli.h"
#include "cli/kvexpress.h"
#include "cli/reporting.h"

#include <unistd.h>

/* Of what is reported: no key is meant. */
#define NO_KEY "none"

static const char *const suffixes[] = { ".compare", ".last" };

#define N_SUFFIXES (sizeof(suffixes) / sizeof(suffixes[0]))

/* Those that are there; NULL: no memory. */
static bool find(const char *file, char *ret_paths[N_SUFFIXES])
{
	for (size_t i = 0; i < N_SUFFIXES; i++) {
		ret_paths[i] = kvs_asprintf("%s%s", file, suffixes[i]);
		if (!ret_paths[i])
			return false;
		if (access(ret_paths[i], F_OK) != 0) {
			kvsi_free(ret_paths[i]);
			ret_paths[i] = NULL;
		}
	}
	return true;
}

static void tell_removed(const char *path)
{
	if (path && access(path, F_OK) != 0)
		kvs_log(KVS_LOG_NOTICE, "Removed %s", KVS_Q(kvs_s(path)));
}

static int clean(struct kvx *x, struct kvs_err *err)
{
	struct kvs_clean_result result = { 0 };
	struct kvs_report report = { .action = KVS_ACTION_CLEAN, .key = NO_KEY };
	int code = kvs_transfer_clean(&x->t, x->o->file, &result, err);

	report.changed = result.removed || result.forgotten;
	cli_tell(x->cli, &x->t, &report, code, err);
	return code;
}

static int run(struct kvx *x, struct kvs_err *err)
{
	char *paths[N_SUFFIXES] = { NULL };
	int code = find(x->o->file, paths) ? clean(x, err) : kvs_err_oom(err);

	for (size_t i = 0; i < N_SUFFIXES; i++) {
		tell_removed(paths[i]);
		kvsi_free(paths[i]);
	}
	x->complete = code == 0;
	return code ? code : kvx_exec(x, "", x->o->file, "", err);
}

const struct kvx_command kvx_clean = {
	.name = "clean",
	.bit = KVX_CLEAN,
	.summary = "remove what in left beside a file",
	.needs = { { offsetof(struct kvx_options, file), "Need a file to clean in -f" } },
	.without_store = true,
	.run = run,
};
