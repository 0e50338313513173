/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One request to etcd and its one answer.  A call is embedded in its owner and may be used again when
 * it has ended.  It waits for what must be there first (etcd_gate.h), goes on to another member
 * where that is safe, and renews the token once when it is not accepted.
 */
#ifndef KVS_ETCD_CALL_H
#define KVS_ETCD_CALL_H

#include "backends/etcd/etcd.h"
#include "backends/etcd/etcd_gate.h"
#include "backends/etcd/etcd_words.h"
#include "backends/etcd/rpc.pb-c.h"

#include <protobuf-c/protobuf-c.h>

/* What may be done when no answer comes. */
enum etcd_safety {
	ETCD_READ,    /* ask another member */
	ETCD_GUARDED, /* a write with a condition: say early that it is uncertain, so that the core
		       * has time to look */
	ETCD_WRITE,   /* wait as long as the caller does */
};

struct etcd_call {
	/* Set by the owner, once.  Exactly one of the two ends a call: done with its result, or drop
	 * after etcd_call_abandon(). */
	struct etcd_conn *conn;
	void (*done)(struct etcd_call *call, int code, const struct kvs_err *err);
	void (*drop)(struct etcd_call *call);
	bool member_only; /* the member's own answer: one without a leader may give it */
	bool login;	  /* the call that fetches the token */

	/* Private. */
	struct etcd_event finished;
	struct etcd_waiter waiter;
	const char *method;
	enum etcd_safety safety;
	uint64_t timeout; /* ms that one try may take; 0: no limit */
	size_t tries;	  /* left */
	grpc_call *rpc;	  /* a try under way, or just ended */
	bool busy;	  /* between start and its end */
	bool abandoned;
	unsigned int renewals; /* of the token, for this call */
	bool rejected;	       /* no member so far had a certificate that is acceptable */
	uint64_t token;
	uint64_t started;
	size_t member;
	grpc_byte_buffer *request, *answer;
	grpc_metadata_array initial, trailing;
	grpc_status_code status;
	grpc_slice words;
};

/* Sends a message.  Packs it now.  `timeout`: the caller's, ms, or 0.  On failure neither done nor
 * drop follows. */
int etcd_call_start(struct etcd_call *call, const char *method, const ProtobufCMessage *message,
		    enum etcd_safety safety, uint64_t timeout, struct kvs_err *err);

/* Was none of it sent so far? */
bool etcd_call_unsent(const struct etcd_call *call);

/* The owner wants no more: drop runs, inside this call if nothing is under way. */
void etcd_call_abandon(struct etcd_call *call);

/* In done(0): the answer, decoded.  Free with etcd_message_free(); NULL: err says NOMEM or PROTOCOL. */
void *etcd_call_answer(struct etcd_call *call, const ProtobufCMessageDescriptor *type,
		       struct kvs_err *err);

/* For streams too. */
/* Ours to destroy.  gRPC ends the process where it has no memory. */
grpc_byte_buffer *etcd_message_pack(const ProtobufCMessage *message);
/* Takes the bytes; NULL is an answer that did not come.  Free with etcd_message_free(); NULL: err says. */
void *etcd_message_unpack(grpc_byte_buffer *bytes, const ProtobufCMessageDescriptor *type,
			  struct kvs_err *err);
void etcd_message_free(void *message);

/* Did this call reach a connection? */
bool etcd_rpc_was_sent(grpc_call *rpc);

/* What every answer's header tells.  Returns its revision, never 0. */
uint64_t etcd_header(struct etcd_conn *conn, const Etcdpb__Header *header);

static inline struct kvs_str etcd_bytes(ProtobufCBinaryData b)
{
	return (struct kvs_str){ b.data, b.len };
}

/* Borrows; protobuf-c's type is not const. */
static inline ProtobufCBinaryData etcd_borrow(struct kvs_str s)
{
	return (ProtobufCBinaryData){ s.n, (uint8_t *)(uintptr_t)s.p };
}

#endif
