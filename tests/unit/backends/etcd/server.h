/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A gRPC server that answers as the test says, on a free port of the loopback, on a thread of its
 * own.  What a real etcd never sends, too.
 */
#ifndef KVS_TESTS_ETCD_SERVER_H
#define KVS_TESTS_ETCD_SERVER_H

#include <kvsync/kvsync.h>

#include <grpc/status.h>
#include <protobuf-c/protobuf-c.h>
#include <stdbool.h>

struct server;
struct server_call;

/* One message of a client. */
struct question {
	struct server_call *call;
	const char *method; /* "Range" */
	const char *token;  /* "" if it has none */
	bool has_leader;    /* it wants a member with a leader */
	struct kvs_str message;
};

/* Runs on the server's thread, with the server locked.  Says nothing: the client waits. */
typedef void server_fn(void *arg, const struct question *q);

/* Starts; ends the program with words if that cannot be. */
struct server *server_start(server_fn *fn, void *arg);
/* Cancels what is under way, stops and frees. */
void server_stop(struct server *s);
unsigned int server_port(const struct server *s);

/* What fn shares with the test is looked at and changed under this lock. */
void server_lock(struct server *s);
void server_unlock(struct server *s);

/* Sends a message and goes on; sends one as the whole answer; ends the call. */
void server_push(struct server_call *call, const ProtobufCMessage *message);
void server_answer(struct server_call *call, const ProtobufCMessage *message);
void server_answer_bytes(struct server_call *call, const char *p, size_t n);
void server_refuse(struct server_call *call, grpc_status_code status, const char *words);

#endif
