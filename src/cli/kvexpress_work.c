/* SPDX-License-Identifier: Apache-2.0 */
#include "base/cleanup.h"
#include "base/err.h"
#include "base/fsio.h"
#include "base/log.h"
#include "base/path.h"
#include "cli/kvexpress.h"
#include "cli/output.h"
#include "cli/signals.h"
#include "transfer/exec.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

#define DIR_MODE 0755

int kvx_end(const char *fmt, ...)
{
	char words[1024];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(words, sizeof(words), fmt, ap);
	va_end(ap);
	out_text("%s\n", words);
	kvs_log(KVS_LOG_NOTICE, "%s", words);
	return KVX_FAILED;
}

void kvx_tell_saved(const struct kvx *x, const char *key, const struct kvs_in_result *result)
{
	if (x->o->compress)
		kvs_log(KVS_LOG_NOTICE,
			"compressing='true' full_size='%" PRIu64 "' compressed_size='%" PRIu64 "'",
			result->bytes, result->stored);
	kvs_log(KVS_LOG_NOTICE, "consul KeyData='%s/%s/data' saved='true' size='%" PRIu64 "'",
		x->prefix, key, result->stored);
}

/* copy says the same of a key in other words than out. */
static void tell_copy_refused(const struct kvx *x)
{
	kvs_log(KVS_LOG_NOTICE, "longEnough='%s' checksumMatch='%s'",
		x->refusal.kind == KVS_REFUSAL_MISMATCH ? "true" : "false",
		x->refusal.kind == KVS_REFUSAL_SHORT ? "true" : "false");
}

bool kvx_tell_refusal(const struct kvx *x, int code)
{
	bool copy = x->command->bit == KVX_COPY;

	switch (x->refusal.kind) {
	case KVS_REFUSAL_LOCK:
		kvs_log(KVS_LOG_NOTICE, "Lock Key is present - will not update file. Reason: %s",
			x->refusal.reason);
		return true;
	case KVS_REFUSAL_STOP:
		kvs_log(KVS_LOG_NOTICE, "Stop Key is present - stopping. Reason: %s",
			x->refusal.reason);
		return true;
	case KVS_REFUSAL_MISMATCH:
		if (copy)
			tell_copy_refused(x);
		else
			kvs_log(KVS_LOG_NOTICE, "checksumMismatch='yes'");
		return true;
	default:
		if (code != KVS_E_NOTFOUND && x->refusal.kind != KVS_REFUSAL_SHORT)
			return false;
		if (copy)
			tell_copy_refused(x);
		else
			kvs_log(KVS_LOG_NOTICE, "%s",
				x->command->bit == KVX_IN ? "File is NOT long enough. Stopping."
							  : "longEnough='no'");
		return true;
	}
}

int kvx_write(const struct kvx *x, const char *path, struct kvs_str bytes, struct kvs_err *err)
{
	const struct kvs_newfile_opts opts = { .rights = x->rights, .lazy = true };
	KVS_AUTO_NEWFILE struct kvs_newfile f = KVS_NEWFILE_INIT;
	KVS_AUTO_FREE char *dir = kvs_path_dir(path);
	enum kvs_published how;
	int code = dir ? kvs_dir_make(dir, DIR_MODE, err) : kvs_err_oom(err);

	code = code ? code : kvs_newfile_open(&f, path, &opts, err);
	code = code ? code : kvs_newfile_write(&f, bytes.p, bytes.n, err);
	code = code ? code : kvs_newfile_sync(&f, err);
	return code ? code : kvs_newfile_publish(&f, &how, err);
}

int kvx_exec(struct kvx *x, const char *key, const char *file, const char *checksum,
	     struct kvs_err *err)
{
	const struct kvs_command command = { .argv = (const char *const *)x->words.argv,
					     .timeout_ms = KVX_EXEC_TIMEOUT_MS };
	const struct kvs_subject subject = { .key = key, .file = file, .checksum = checksum };
	struct kvs_err why = { 0 };
	int signal = 0, code;

	if (!command.argv)
		return 0;
	code = kvs_command_run(&command, "command", &subject, &signal, &why);
	if (!code)
		return 0;
	kvs_log(KVS_LOG_NOTICE, "exec='error' message='%s'", why.msg);
	return signal ? SIGNALS_BASE + signal : kvs_err_copy(err, code, &why);
}
