/* SPDX-License-Identifier: Apache-2.0 */
#include "backends/etcd/etcd_words.h"

#include "base/err.h"
#include "base/str.h"

#include <errno.h>
#include <string.h>

#define MAX_WORDS 256

/*
 * etcd tells apart by words what gRPC's few codes do not; the words are those of its rpctypes
 * package, which clients compare with in the same way.
 */
struct meaning {
	grpc_status_code status;
	const char *words; /* somewhere in etcd's; NULL: any */
	enum etcd_fate fate;
	int code; /* ETCD_FINAL */
	const char *advice;
};

static const struct meaning meanings[] = {
	{ GRPC_STATUS_UNAVAILABLE, "etcdserver: no leader", ETCD_ELSEWHERE },
	{ GRPC_STATUS_UNAVAILABLE, NULL, ETCD_LOST },
	{ GRPC_STATUS_DEADLINE_EXCEEDED, NULL, ETCD_LOST },
	{ GRPC_STATUS_UNAUTHENTICATED, NULL, ETCD_LOGIN },
	{ GRPC_STATUS_INVALID_ARGUMENT, "revision of auth store is old", ETCD_LOGIN },
	{ GRPC_STATUS_INVALID_ARGUMENT, "user name is empty", ETCD_LOGIN },
	{ GRPC_STATUS_INVALID_ARGUMENT, "authentication failed", ETCD_FINAL, KVS_E_DENIED },
	{ GRPC_STATUS_INVALID_ARGUMENT, "request is too large", ETCD_FINAL, KVS_E_TOOBIG },
	{ GRPC_STATUS_INVALID_ARGUMENT, "too many operations", ETCD_FINAL, KVS_E_TOOBIG },
	{ GRPC_STATUS_INVALID_ARGUMENT, NULL, ETCD_FINAL, KVS_E_ARG },
	{ GRPC_STATUS_NOT_FOUND, NULL, ETCD_FINAL, KVS_E_NOTFOUND },
	{ GRPC_STATUS_PERMISSION_DENIED, NULL, ETCD_FINAL, KVS_E_DENIED },
	{ GRPC_STATUS_RESOURCE_EXHAUSTED, "database space exceeded", ETCD_FINAL, KVS_E_SYS,
	  "compact and defragment it, then disarm the alarm" },
	{ GRPC_STATUS_RESOURCE_EXHAUSTED, "larger than max", ETCD_FINAL, KVS_E_TOOBIG },
	{ GRPC_STATUS_RESOURCE_EXHAUSTED, NULL, ETCD_ELSEWHERE },
	{ GRPC_STATUS_OUT_OF_RANGE, "compacted", ETCD_FINAL, KVS_E_COMPACTED },
	{ GRPC_STATUS_OUT_OF_RANGE, NULL, ETCD_FINAL, KVS_E_ARG },
	{ GRPC_STATUS_UNIMPLEMENTED, NULL, ETCD_FINAL, KVS_E_UNSUPPORTED },
	{ GRPC_STATUS_FAILED_PRECONDITION, NULL, ETCD_FINAL, KVS_E_ARG },
};

static bool contains(struct kvs_str words, const char *part)
{
	return memmem(words.p ? words.p : "", words.n, part, strlen(part)) != NULL;
}

/* Anything that etcd has no code for happened somewhere on the way: nothing is known. */
static const struct meaning *meaning_of(grpc_status_code status, struct kvs_str words)
{
	static const struct meaning unknown = { .fate = ETCD_LOST };
	size_t i;

	for (i = 0; i < sizeof(meanings) / sizeof(meanings[0]); i++)
		if (meanings[i].status == status &&
		    (!meanings[i].words || contains(words, meanings[i].words)))
			return &meanings[i];
	return &unknown;
}

enum etcd_fate etcd_fate_of(grpc_status_code status, struct kvs_str words, bool sent)
{
	enum etcd_fate fate;

	if (status == GRPC_STATUS_OK)
		return ETCD_DONE;
	fate = meaning_of(status, words)->fate;
	return fate == ETCD_LOST && !sent ? ETCD_ELSEWHERE : fate;
}

static int code_of(const struct meaning *m, enum etcd_fate fate, bool write)
{
	switch (fate) {
	case ETCD_LOGIN:
		return KVS_E_DENIED;
	case ETCD_ELSEWHERE:
		return KVS_E_UNAVAILABLE;
	case ETCD_LOST:
		return write ? KVS_E_UNCERTAIN : KVS_E_UNAVAILABLE;
	default:
		return m->code;
	}
}

int etcd_fail(struct kvs_err *err, grpc_status_code status, struct kvs_str words,
	      enum etcd_fate fate, bool write, const char *member)
{
	const struct meaning *m = meaning_of(status, words);
	char escaped[MAX_WORDS];
	int code;

	(void)kvs_escape_into(escaped, sizeof(escaped), words.p, words.n);
	code = kvs_err_set(
		err, code_of(m, fate, write), "etcd at %s: %s%s%s%s", member, escaped,
		code_of(m, fate, write) == KVS_E_UNCERTAIN ? "; the write may have happened" : "",
		m->advice ? "; " : "", m->advice ? m->advice : "");
	if (err) {
		err->remote = status;
		if (code == KVS_E_SYS)
			err->sys_errno = ENOSPC;
	}
	return code;
}
