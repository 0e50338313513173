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
	int code;	    /* ETCD_FINAL */
	const char *advice; /* where it was certainly not done */
	bool rejected;	    /* the member's certificate */
};

#define OF_AUTHORITY "it has expired, or no authority in ca-file signed it"
#define OF_NAME	     "list the member under a name that is, or set tls-server-name"
#define OF_ETCD	     "is the endpoint etcd's?"
#define OF_TLS	     "do both sides speak TLS, and does the server want a client certificate?"

static const struct meaning meanings[] = {
	{ GRPC_STATUS_UNAVAILABLE, "etcdserver: no leader", ETCD_ELSEWHERE },
	{ GRPC_STATUS_UNAVAILABLE, "certificate verify failed", ETCD_LOST, 0, OF_AUTHORITY, true },
	{ GRPC_STATUS_UNAVAILABLE, "CERTIFICATE_VERIFY_FAILED", ETCD_LOST, 0, OF_AUTHORITY, true },
	{ GRPC_STATUS_UNAVAILABLE, "is not in peer certificate", ETCD_LOST, 0, OF_NAME, true },
	{ GRPC_STATUS_UNAVAILABLE, "handshake failed", ETCD_LOST, 0, OF_TLS },
	{ GRPC_STATUS_UNAVAILABLE, "Socket closed", ETCD_LOST, 0, OF_TLS },
	{ GRPC_STATUS_UNAVAILABLE, "Endpoint read failed", ETCD_LOST, 0, OF_TLS },
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
	{ GRPC_STATUS_UNIMPLEMENTED, "http2 header", ETCD_FINAL, KVS_E_PROTOCOL, OF_ETCD },
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

bool etcd_is_rejected(grpc_status_code status, struct kvs_str words)
{
	return meaning_of(status, words)->rejected;
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

/* What stands behind the first `mark`; all of it if there is none. */
static struct kvs_str behind(struct kvs_str words, const char *mark)
{
	const char *p = memmem(words.p, words.n, mark, strlen(mark));
	const char *end = (const char *)words.p + words.n;

	if (!p)
		return words;
	p += strlen(mark);
	return kvs_sn(p, (size_t)(end - p));
}

/* gRPC's "failed to connect to all addresses; last error: UNKNOWN: ipv4:127.0.0.1:2379: Connection
 * refused", and "DNS resolution failed for no:1: C-ares status is not ARES_SUCCESS qtype=A name=no
 * is_balancer=0: Domain name not found", without what is said already or says nothing. */
static struct kvs_str plain(struct kvs_str words)
{
	static const char *const marks[] = { "last error: ", "UNKNOWN: ", "UNAVAILABLE: " };
	static const char *const schemes[] = { "ipv4:", "ipv6:", "unix:" };
	size_t i;

	if (contains(words, "DNS resolution failed"))
		return behind(words, "is_balancer=0: ");
	if (!contains(words, marks[0]))
		return words;
	for (i = 0; i < sizeof(marks) / sizeof(marks[0]); i++)
		words = behind(words, marks[i]);
	for (i = 0; i < sizeof(schemes) / sizeof(schemes[0]); i++)
		if (kvs_str_starts(words, kvs_s(schemes[i])))
			return behind(words, ": ");
	return words;
}

int etcd_fail(struct kvs_err *err, grpc_status_code status, struct kvs_str words,
	      enum etcd_fate fate, bool write, const char *member)
{
	const struct meaning *m = meaning_of(status, words);
	struct kvs_str said = plain(words);
	int code = code_of(m, fate, write);
	const char *more = fate == ETCD_LOST ? NULL : m->advice;
	char escaped[MAX_WORDS];

	if (code == KVS_E_UNCERTAIN)
		more = "the write may have happened";
	(void)kvs_escape_into(escaped, sizeof(escaped), said.p, said.n);
	(void)kvs_err_set(err, code, "etcd at %s: %s%s%s", member, *escaped ? escaped : "no words",
			  more ? "; " : "", more ? more : "");
	if (err) {
		err->remote = status;
		if (code == KVS_E_SYS)
			err->sys_errno = ENOSPC;
	}
	return code;
}

/* ---- the end of one subscription ---- */

bool etcd_end_wants_login(const char *reason)
{
	struct kvs_str words = kvs_s(reason);

	return contains(words, "auth token") || contains(words, "Unauthenticated") ||
	       contains(words, "revision of auth store is old") ||
	       contains(words, "user name is empty");
}

int etcd_end_of_watch(struct kvs_err *err, const char *reason, bool compacted, const char *member)
{
	int code = KVS_E_UNAVAILABLE;

	if (compacted)
		return kvs_err_set(err, KVS_E_COMPACTED, "the history is compacted");
	if (etcd_end_wants_login(reason) || contains(kvs_s(reason), "ermission"))
		code = KVS_E_DENIED;
	return kvs_err_set(err, code, "etcd at %s ended the watch: %s", member,
			   *reason ? KVS_Q(kvs_s(reason)) : "no reason given");
}
