/* SPDX-License-Identifier: Apache-2.0 */
#include "transfer/exec.h"

#include "base/cleanup.h"
#include "base/err.h"
#include "base/log.h"
#include "base/proc.h"

int kvs_transfer_exec(const struct kvs_out_params *params, const char *file, const char *checksum,
		      struct kvs_err *err)
{
	KVS_AUTO_FREE char *env_key = kvs_asprintf("KVSYNC_KEY=%s", params->key);
	KVS_AUTO_FREE char *env_file = kvs_asprintf("KVSYNC_FILE=%s", file);
	KVS_AUTO_FREE char *env_checksum = kvs_asprintf("KVSYNC_CHECKSUM=%s", checksum);
	const char *const env[] = { env_key, env_file, env_checksum, NULL };
	KVS_AUTO_PROC_RESULT struct kvs_proc_result result = { 0 };
	const struct kvs_proc_spec spec = {
		.argv = params->command,
		.env = env,
		.max_output = KVS_COMMAND_OUTPUT_DEFAULT,
		.timeout_ms = params->command_timeout ? params->command_timeout
						      : KVS_COMMAND_TIMEOUT_MS,
	};
	int rc;

	if (!env_key || !env_file || !env_checksum)
		return kvs_err_oom(err);
	rc = kvs_proc_run(&spec, &result, err);
	if (rc)
		return rc;
	rc = kvs_proc_check(&result, "command", params->command[0], err);
	kvs_proc_log_output(&result, rc ? KVS_LOG_WARNING : KVS_LOG_INFO, params->command[0]);
	return rc;
}
