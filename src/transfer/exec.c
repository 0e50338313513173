/* SPDX-License-Identifier: Apache-2.0 */
#include "transfer/exec.h"

#include "base/cleanup.h"
#include "base/err.h"
#include "base/log.h"
#include "base/proc.h"

uint64_t kvs_command_limit(const struct kvs_command *command)
{
	if (command->timeout_ms == KVS_NO_TIMEOUT)
		return 0;
	return command->timeout_ms ?: KVS_COMMAND_TIMEOUT_MS;
}

uint64_t kvs_command_time(const struct kvs_command *command)
{
	return command->argv ? kvs_command_limit(command) ?: KVS_COMMAND_TIMEOUT_MS : 0;
}

int kvs_command_run(const struct kvs_command *command, const char *role,
		    const struct kvs_subject *subject, int *ret_signal, struct kvs_err *err)
{
	KVS_AUTO_FREE char *key = kvs_asprintf("KVSYNC_KEY=%s", subject->key);
	KVS_AUTO_FREE char *file = kvs_asprintf("KVSYNC_FILE=%s", subject->file);
	KVS_AUTO_FREE char *checksum = kvs_asprintf("KVSYNC_CHECKSUM=%s", subject->checksum);
	const char *const env[] = { key, file, checksum, NULL };
	KVS_AUTO_PROC_RESULT struct kvs_proc_result result = { 0 };
	const struct kvs_proc_spec spec = {
		.argv = command->argv,
		.env = env,
		.max_output = KVS_COMMAND_OUTPUT_DEFAULT,
		.timeout_ms = kvs_command_limit(command),
		.interruptible = true,
	};
	int rc;

	*ret_signal = 0;
	if (!key || !file || !checksum)
		return kvs_err_oom(err);
	rc = kvs_proc_run(&spec, &result, err);
	if (rc)
		return rc;
	*ret_signal = result.interrupted;
	rc = kvs_proc_check(&result, role, command->argv[0], err);
	kvs_proc_log_output(&result, rc ? KVS_LOG_WARNING : KVS_LOG_INFO, command->argv[0]);
	return rc;
}
