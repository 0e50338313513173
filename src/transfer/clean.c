/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What runs left beside a file, and what is remembered of it, goes; the file stays.
 *
 * What was there before a change that was never accepted may be the last good file, and only the
 * state tells: such a state is not forgotten.
 */
#include "transfer/transfer.h"

#include "base/err.h"
#include "base/fsio.h"
#include "base/log.h"
#include "base/str.h"
#include "transfer/common.h"
#include "transfer/install.h"
#include "transfer/state.h"

#include <errno.h>
#include <sys/stat.h>

/* kvexpress': what it compared with, what it put there last, and what it was writing. */
static const char *const suffixes[] = { ".compare", ".last", ".kvexpress" };

#define N_SUFFIXES (sizeof(suffixes) / sizeof(suffixes[0]))

/* Is it there, and a regular file? */
static int look_beside(const char *path, bool *ret_there, struct kvs_err *err)
{
	struct stat st;

	*ret_there = false;
	if (lstat(path, &st) != 0)
		return errno == ENOENT || errno == ENOTDIR
			       ? 0
			       : kvs_err_sys(err, "stat %s", KVS_Q(kvs_s(path)));
	*ret_there = true;
	return kvs_file_check(path, &st, err);
}

static int remove_beside(const char *named, bool really, struct kvs_clean_result *result,
			 struct kvs_err *err)
{
	int rc = 0;
	size_t i;

	for (i = 0; rc == 0 && i < N_SUFFIXES; i++) {
		KVS_AUTO_FREE char *path = kvs_asprintf("%s%s", named, suffixes[i]);
		bool there = false;

		rc = path ? look_beside(path, &there, err) : kvs_err_oom(err);
		if (rc || !there || !really)
			continue;
		rc = kvs_file_remove(path, err);
		result->removed += rc == 0;
	}
	return rc;
}

static int check_state(const struct kvs_transfer *t, const struct kvs_state *state,
		       const char *named, struct kvs_err *err)
{
	if (state->previous[0])
		return kvs_err_set(err, KVS_E_SYS,
				   "a change of %s did not come to its end, and what was there "
				   "before is kept: kvsync out ends it",
				   KVS_Q(kvs_s(named)));
	if (state->step == KVS_STEP_STAGED || state->step == KVS_STEP_INSTALLED)
		kvs_transfer_report(t, KVS_LOG_WARNING, "the command for %s was still due",
				    KVS_Q(kvs_s(named)));
	return 0;
}

/* What cannot be remembered need not be forgotten. */
static int open_state(const struct kvs_transfer *t, const char *named, struct kvs_state *state,
		      struct kvs_err *err)
{
	struct kvs_err why = { 0 };
	bool busy;
	int rc = kvs_state_open(state, t->state_dir, named, KVS_LOCK_WAIT_MS, &busy, &why);

	if (rc && busy)
		return kvs_err_copy(err, rc, &why);
	if (rc)
		kvs_transfer_report(t, KVS_LOG_WARNING, "what is remembered of %s stays: %s",
				    KVS_Q(kvs_s(named)), why.msg);
	return rc ? 0 : check_state(t, state, named, err);
}

int kvs_transfer_clean(const struct kvs_transfer *t, const char *file, struct kvs_clean_result *ret,
		       struct kvs_err *err)
{
	KVS_AUTO_TARGET struct kvs_target target = { 0 };
	KVS_AUTO_STATE struct kvs_state state = KVS_STATE_INIT;
	int rc;

	*ret = (struct kvs_clean_result){ 0 };
	rc = kvs_target_init(&target, file, err);
	rc = rc ? rc : kvs_target_resolve(&target, true, err);
	rc = rc ? rc : remove_beside(target.named, false, ret, err);
	rc = rc ? rc : open_state(t, target.named, &state, err);
	rc = rc ? rc : remove_beside(target.named, true, ret, err);
	rc = rc ? rc : kvs_newfile_sweep(target.path, &ret->removed, err);
	return rc ? rc : kvs_state_forget(&state, &ret->forgotten, err);
}
