/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What an answer of gRPC or etcd means for a request.  Pure functions.
 */
#ifndef KVS_ETCD_WORDS_H
#define KVS_ETCD_WORDS_H

#include <kvsync/kvsync.h>

#include <grpc/status.h>
#include <stdbool.h>

enum etcd_fate {
	ETCD_DONE,	/* answered */
	ETCD_FINAL,	/* refused; trying again is of no use */
	ETCD_LOGIN,	/* the token was not accepted; nothing was done */
	ETCD_ELSEWHERE, /* not done; another member may */
	ETCD_LOST,	/* it may have been done */
};

/* sent: the request reached a connection.  words: etcd's, or gRPC's of a connection. */
enum etcd_fate etcd_fate_of(grpc_status_code status, struct kvs_str words, bool sent);

/* Was no connection made because the member's certificate is not acceptable? */
bool etcd_is_rejected(grpc_status_code status, struct kvs_str words);

/* Fills err for a request that ended so; `member` is its name.  A write that was lost is UNCERTAIN, a
 * read UNAVAILABLE.  Returns the code. */
int etcd_fail(struct kvs_err *err, grpc_status_code status, struct kvs_str words,
	      enum etcd_fate fate, bool write, const char *member);

/* Why etcd ended one subscription of a stream, in its words: is it that the token is not accepted? */
bool etcd_end_wants_login(const char *reason);

/* Fills err for it.  COMPACTED, DENIED, UNAVAILABLE; returns the code. */
int etcd_end_of_watch(struct kvs_err *err, const char *reason, bool compacted, const char *member);

#endif
