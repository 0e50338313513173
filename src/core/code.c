/* SPDX-License-Identifier: Apache-2.0 */
#include <kvsync/kvsync.h>
#include <kvsync/version.h>

static const char *const names[] = {
	[-KVS_OK] = "OK",
	[-KVS_E_NOMEM] = "NOMEM",
	[-KVS_E_ARG] = "ARG",
	[-KVS_E_CONFIG] = "CONFIG",
	[-KVS_E_NOTFOUND] = "NOTFOUND",
	[-KVS_E_CONFLICT] = "CONFLICT",
	[-KVS_E_DENIED] = "DENIED",
	[-KVS_E_UNAVAILABLE] = "UNAVAILABLE",
	[-KVS_E_TIMEOUT] = "TIMEOUT",
	[-KVS_E_UNCERTAIN] = "UNCERTAIN",
	[-KVS_E_COMPACTED] = "COMPACTED",
	[-KVS_E_TOOBIG] = "TOOBIG",
	[-KVS_E_UNSUPPORTED] = "UNSUPPORTED",
	[-KVS_E_PROTOCOL] = "PROTOCOL",
	[-KVS_E_CANCELED] = "CANCELED",
	[-KVS_E_FROZEN] = "FROZEN",
	[-KVS_E_GUARD] = "GUARD",
	[-KVS_E_INTEGRITY] = "INTEGRITY",
	[-KVS_E_COMMAND] = "COMMAND",
	[-KVS_E_SYS] = "SYS",
	[-KVS_E_BUG] = "BUG",
};

const char *kvs_code_name(int code)
{
	if (code > 0 || code < KVS_E_BUG)
		return "UNKNOWN";
	return names[-code];
}

int kvs_code_is_transient(int code)
{
	return code == KVS_E_UNAVAILABLE || code == KVS_E_TIMEOUT;
}

const char *kvs_version(void)
{
	return KVS_VERSION;
}
