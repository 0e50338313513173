/* SPDX-License-Identifier: Apache-2.0 */
#include "report/report.h"

static const char *const action_names[] = {
	[KVS_ACTION_IN] = "in",		[KVS_ACTION_OUT] = "out",
	[KVS_ACTION_RAW] = "raw",	[KVS_ACTION_COPY] = "copy",
	[KVS_ACTION_CLEAN] = "clean",	[KVS_ACTION_LOCK] = "lock",
	[KVS_ACTION_UNLOCK] = "unlock", [KVS_ACTION_STOP] = "stop",
	[KVS_ACTION_START] = "start",	[KVS_ACTION_ROLLBACK] = "rollback",
};

const char *kvs_action_name(enum kvs_action action)
{
	return action_names[action];
}

const struct kvs_location kvs_locations[] = {
	[KVS_OUTCOME_COMPLETE] = { "complete", "done" },
	[KVS_OUTCOME_UNCHANGED] = { "file_checksums_match", "nothing to do" },
	[KVS_OUTCOME_STOPPED] = { "stop_key", "the key is stopped" },
	[KVS_OUTCOME_LOCKED] = { "lock_key", "the file is locked on this machine" },
	[KVS_OUTCOME_TOO_SHORT] = { "not_long_enough", "too few lines" },
	[KVS_OUTCOME_EMPTY] = { "error_no_data", "the file is empty" },
	[KVS_OUTCOME_GUARD] = { "guard", "refused by another guard" },
	[KVS_OUTCOME_MISMATCH] = { "checksum_mismatch", "a checksum or signature does not match" },
	[KVS_OUTCOME_ABSENT] = { "not_found", "there is no such key" },
	[KVS_OUTCOME_CONFLICT] = { "conflict", "somebody else wrote" },
	[KVS_OUTCOME_UNREACHED] = { "no_more_retries", "the store was not reached in time" },
	[KVS_OUTCOME_NOT_READ] = { "get", "the store refused or broke off a reading" },
	[KVS_OUTCOME_NOT_SET] = { "set", "the store refused or broke off a writing" },
	[KVS_OUTCOME_NOT_DELETED] = { "delete", "the store refused or broke off a deletion" },
	[KVS_OUTCOME_FILE_READ] = { "read_file", "the file could not be read" },
	[KVS_OUTCOME_FILE_WRITTEN] = { "write_file", "the file could not be written" },
	[KVS_OUTCOME_COMMAND] = { "exec", "a check or command failed" },
	[KVS_OUTCOME_USAGE] = { "usage", "a key, a path or an option will not do" },
	[KVS_OUTCOME_ERROR] = { "error", "another failure" },
};

#define BIT(action_) (1u << KVS_ACTION_##action_)
#define WRITES	     (BIT(IN) | BIT(COPY) | BIT(LOCK) | BIT(STOP) | BIT(ROLLBACK))
#define DELETES	     (BIT(UNLOCK) | BIT(START))
#define INSTALLS     (BIT(OUT) | BIT(RAW) | BIT(CLEAN))
#define ANY	     ~0u

/* The first row that fits; ERROR if none does. */
static const struct {
	int code;
	unsigned actions;
	enum kvs_outcome outcome;
} failures[] = {
	{ KVS_E_FROZEN, ANY, KVS_OUTCOME_STOPPED },
	{ KVS_E_ARG, ANY, KVS_OUTCOME_USAGE },
	{ KVS_E_CONFIG, ANY, KVS_OUTCOME_USAGE },
	{ KVS_E_GUARD, ANY, KVS_OUTCOME_GUARD },
	{ KVS_E_INTEGRITY, ANY, KVS_OUTCOME_MISMATCH },
	{ KVS_E_NOTFOUND, ANY, KVS_OUTCOME_ABSENT },
	{ KVS_E_CONFLICT, ANY, KVS_OUTCOME_CONFLICT },
	{ KVS_E_UNAVAILABLE, ANY, KVS_OUTCOME_UNREACHED },
	{ KVS_E_TIMEOUT, ANY, KVS_OUTCOME_UNREACHED },
	{ KVS_E_COMMAND, ANY, KVS_OUTCOME_COMMAND },
	{ KVS_E_SYS, BIT(IN), KVS_OUTCOME_FILE_READ },
	{ KVS_E_SYS, INSTALLS, KVS_OUTCOME_FILE_WRITTEN },
	{ KVS_E_DENIED, DELETES, KVS_OUTCOME_NOT_DELETED },
	{ KVS_E_DENIED, WRITES, KVS_OUTCOME_NOT_SET },
	{ KVS_E_DENIED, ANY, KVS_OUTCOME_NOT_READ },
	{ KVS_E_UNCERTAIN, DELETES, KVS_OUTCOME_NOT_DELETED },
	{ KVS_E_UNCERTAIN, ANY, KVS_OUTCOME_NOT_SET },
	{ KVS_E_TOOBIG, WRITES, KVS_OUTCOME_NOT_SET },
	{ KVS_E_PROTOCOL, DELETES, KVS_OUTCOME_NOT_DELETED },
	{ KVS_E_PROTOCOL, WRITES, KVS_OUTCOME_NOT_SET },
	{ KVS_E_PROTOCOL, ANY, KVS_OUTCOME_NOT_READ },
};

static enum kvs_outcome failure(const struct kvs_report *report)
{
	for (size_t i = 0; i < sizeof(failures) / sizeof(failures[0]); i++)
		if (failures[i].code == report->code &&
		    (failures[i].actions & (1u << report->action)))
			return failures[i].outcome;
	return KVS_OUTCOME_ERROR;
}

enum kvs_outcome kvs_report_outcome(const struct kvs_report *report)
{
	if (report->code == 0)
		return report->changed ? KVS_OUTCOME_COMPLETE : KVS_OUTCOME_UNCHANGED;
	if (report->code == KVS_E_FROZEN && report->locked)
		return KVS_OUTCOME_LOCKED;
	if (report->code == KVS_E_GUARD && report->too_short)
		return KVS_OUTCOME_TOO_SHORT;
	if (report->code == KVS_E_GUARD && report->empty)
		return KVS_OUTCOME_EMPTY;
	return failure(report);
}
