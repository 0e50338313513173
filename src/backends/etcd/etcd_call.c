/* SPDX-License-Identifier: Apache-2.0 */
#include "backends/etcd/etcd_call.h"

#include "backends/etcd/etcd_auth.h"
#include "base/alloc.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/str.h"

#include <errno.h>
#include <grpc/byte_buffer_reader.h>
#include <grpc/support/alloc.h>
#include <string.h>

#define MIN_TRY_MS 500
/* Of several members each gets this part of the time, so that one that hangs leaves some. */
#define TRY_SHARE 3
/* A caller who gave up after so long suspects the member. */
#define SUSPECT_MS 1000

#define call_of(ptr_, member_)                                                                     \
	((struct etcd_call *)((char *)(ptr_)-offsetof(struct etcd_call, member_)))

/* ---- messages ---- */

static void *pb_alloc(void *oom, size_t n)
{
	void *p = kvs_alloc(n);

	if (!p)
		*(bool *)oom = true;
	return p;
}

static void pb_free(void *oom, void *p)
{
	(void)oom;
	kvsi_free(p);
}

grpc_byte_buffer *etcd_message_pack(const ProtobufCMessage *message)
{
	grpc_slice slice = grpc_slice_malloc(protobuf_c_message_get_packed_size(message));
	grpc_byte_buffer *bytes;

	(void)protobuf_c_message_pack(message, GRPC_SLICE_START_PTR(slice));
	bytes = grpc_raw_byte_buffer_create(&slice, 1);
	grpc_slice_unref(slice);
	return bytes;
}

void *etcd_message_unpack(grpc_byte_buffer *bytes, const ProtobufCMessageDescriptor *type,
			  struct kvs_err *err)
{
	bool oom = false;
	ProtobufCAllocator allocator = { .alloc = pb_alloc,
					 .free = pb_free,
					 .allocator_data = &oom };
	grpc_byte_buffer_reader reader;
	ProtobufCMessage *message;
	grpc_slice slice;

	if (!bytes || !grpc_byte_buffer_reader_init(&reader, bytes)) {
		if (bytes)
			grpc_byte_buffer_destroy(bytes);
		(void)kvs_err_set(err, KVS_E_PROTOCOL, "etcd sent no %s", type->short_name);
		return NULL;
	}
	slice = grpc_byte_buffer_reader_readall(&reader);
	grpc_byte_buffer_reader_destroy(&reader);
	/* It may be large: not one copy more than it takes. */
	grpc_byte_buffer_destroy(bytes);
	message = protobuf_c_message_unpack(type, &allocator, GRPC_SLICE_LENGTH(slice),
					    GRPC_SLICE_START_PTR(slice));
	grpc_slice_unref(slice);
	if (oom)
		(void)kvs_err_oom(err);
	else if (!message)
		(void)kvs_err_set(err, KVS_E_PROTOCOL, "etcd sent something that is no %s",
				  type->short_name);
	return message;
}

void etcd_message_free(void *message)
{
	bool oom;
	ProtobufCAllocator allocator = { .alloc = pb_alloc,
					 .free = pb_free,
					 .allocator_data = &oom };

	if (message)
		protobuf_c_message_free_unpacked(message, &allocator);
}

void *etcd_call_answer(struct etcd_call *call, const ProtobufCMessageDescriptor *type,
		       struct kvs_err *err)
{
	return etcd_message_unpack(kvs_steal_ptr(call->answer), type, err);
}

uint64_t etcd_header(struct etcd_conn *conn, const Etcdpb__Header *header)
{
	if (!header)
		return 1;
	if (header->cluster_id && header->cluster_id != conn->cluster_id) {
		conn->distrust = conn->newest;
		conn->newest = 0;
		conn->cluster_id = header->cluster_id;
	}
	if (header->revision > conn->newest)
		conn->newest = header->revision;
	return header->revision > 0 ? (uint64_t)header->revision : 1;
}

/* ---- ends ---- */

/* A target has three slashes (etcd_link.c); until a connection takes the call, gRPC gives that for its
 * peer. */
bool etcd_rpc_was_sent(grpc_call *rpc)
{
	char *peer = grpc_call_get_peer(rpc);
	bool sent = !strstr(peer, ":///");

	gpr_free(peer);
	return sent;
}

/* What a try leaves behind, other than its answer. */
static void clear_try(struct etcd_call *call)
{
	if (!call->rpc)
		return;
	grpc_metadata_array_destroy(&call->initial);
	grpc_metadata_array_destroy(&call->trailing);
	grpc_slice_unref(call->words);
	grpc_call_unref(call->rpc);
	call->rpc = NULL;
}

static void clear_answer(struct etcd_call *call)
{
	if (call->answer)
		grpc_byte_buffer_destroy(call->answer);
	call->answer = NULL;
}

static void clear(struct etcd_call *call)
{
	clear_try(call);
	if (call->request)
		grpc_byte_buffer_destroy(call->request);
	call->request = NULL;
	call->busy = false;
}

static void dropped(struct etcd_call *call)
{
	clear(call);
	clear_answer(call);
	call->drop(call);
}

static void finish(struct etcd_call *call, int code, const struct kvs_err *err)
{
	clear(call);
	if (code)
		clear_answer(call);
	call->done(call, code, err);
}

/* ---- a try ---- */

static gpr_timespec deadline_of(const struct etcd_call *call)
{
	const struct etcd_conn *conn = call->conn;
	uint64_t ms = (call->timeout ? call->timeout : conn->timeout) / TRY_SHARE;

	if (conn->link.n < 2 || call->safety == ETCD_WRITE)
		return gpr_inf_future(GPR_CLOCK_MONOTONIC);
	if (ms < MIN_TRY_MS)
		ms = MIN_TRY_MS;
	return gpr_time_add(gpr_now(GPR_CLOCK_MONOTONIC),
			    gpr_time_from_millis((int64_t)ms, GPR_TIMESPAN));
}

static size_t fill_metadata(struct etcd_call *call, grpc_metadata list[2])
{
	const char *token = call->login ? NULL : etcd_auth_token(call->conn, &call->token);
	size_t n = 0;

	if (!call->member_only)
		list[n++] = (grpc_metadata){ .key = grpc_slice_from_static_string("hasleader"),
					     .value = grpc_slice_from_static_string("true") };
	if (token)
		list[n++] = (grpc_metadata){ .key = grpc_slice_from_static_string("token"),
					     .value = grpc_slice_from_copied_string(token) };
	return n;
}

static int start_batch(struct etcd_call *call, grpc_byte_buffer *message, struct kvs_err *err)
{
	grpc_metadata metadata[2];
	size_t i, n = fill_metadata(call, metadata);
	const grpc_op ops[] = {
		{ .op = GRPC_OP_SEND_INITIAL_METADATA,
		  .data.send_initial_metadata = { .count = n, .metadata = metadata } },
		{ .op = GRPC_OP_SEND_MESSAGE, .data.send_message.send_message = message },
		{ .op = GRPC_OP_SEND_CLOSE_FROM_CLIENT },
		{ .op = GRPC_OP_RECV_INITIAL_METADATA,
		  .data.recv_initial_metadata.recv_initial_metadata = &call->initial },
		{ .op = GRPC_OP_RECV_MESSAGE, .data.recv_message.recv_message = &call->answer },
		{ .op = GRPC_OP_RECV_STATUS_ON_CLIENT,
		  .data.recv_status_on_client = { .trailing_metadata = &call->trailing,
						  .status = &call->status,
						  .status_details = &call->words } },
	};
	int code = etcd_cq_begin(call->rpc, ops, sizeof(ops) / sizeof(ops[0]), &call->finished,
				 err);

	for (i = 0; i < n; i++)
		grpc_slice_unref(metadata[i].value);
	return code;
}

static int send_try(struct etcd_call *call, struct kvs_err *err)
{
	ETCD_NO_SIGNALS;
	grpc_channel *channel;
	grpc_byte_buffer *message;
	int code = etcd_link_channel(&call->conn->link, &channel, &call->member, err);

	if (code)
		return code;
	if (!call->tries)
		call->tries = call->conn->link.n;
	call->rpc = grpc_channel_create_call(
		channel, NULL, GRPC_PROPAGATE_DEFAULTS, etcd_cq_queue(call->conn->cq),
		grpc_slice_from_static_string(call->method), NULL, deadline_of(call), NULL);
	grpc_metadata_array_init(&call->initial);
	grpc_metadata_array_init(&call->trailing);
	call->words = grpc_empty_slice();
	/* gRPC takes the bytes out of what it is given. */
	message = grpc_byte_buffer_copy(call->request);
	code = start_batch(call, message, err);
	grpc_byte_buffer_destroy(message);
	return code;
}

static void go(struct etcd_waiter *waiter, int code, const struct kvs_err *err)
{
	struct etcd_call *call = call_of(waiter, waiter);
	struct kvs_err why = { 0 };

	if (!code) {
		code = send_try(call, &why);
		err = &why;
	}
	if (code)
		finish(call, code, err);
}

/* As etcd_gate_pass(); the login is what the others wait for. */
static int pass(struct etcd_call *call, struct kvs_err *err)
{
	return call->login ? 1 : etcd_gate_pass(call->conn, &call->waiter, err);
}

static void again(struct etcd_call *call)
{
	struct kvs_err err = { 0 };
	int passed;

	clear_try(call);
	clear_answer(call);
	passed = pass(call, &err);
	if (passed)
		go(&call->waiter, passed < 0 ? passed : 0, &err);
}

/* True: the call goes on. */
static bool go_on(struct etcd_call *call, enum etcd_fate fate)
{
	struct etcd_conn *conn = call->conn;

	switch (fate) {
	case ETCD_DONE:
		etcd_link_worked(&conn->link, call->member);
		etcd_auth_worked(conn, call->token);
		return false;
	case ETCD_LOGIN:
		return !call->login && call->renewals++ < ETCD_MAX_RENEWALS &&
		       etcd_auth_renew(conn, call->token);
	case ETCD_ELSEWHERE:
	case ETCD_LOST:
		etcd_link_failed(&conn->link, call->member);
		if (fate == ETCD_LOST && call->safety != ETCD_READ)
			return false;
		if (--call->tries)
			return true;
		etcd_gate_lookup(conn);
		return false;
	case ETCD_FINAL:
		break;
	}
	return false;
}

static void ended(struct etcd_event *ev, bool ok)
{
	struct etcd_call *call = call_of(ev, finished);
	struct kvs_str words = { GRPC_SLICE_START_PTR(call->words),
				 GRPC_SLICE_LENGTH(call->words) };
	struct kvs_err err = { 0 };
	enum etcd_fate fate;
	int code = 0;

	(void)ok; /* always true for a batch that receives the status */
	if (call->abandoned || call->conn->closing) {
		dropped(call);
		return;
	}
	fate = etcd_fate_of(call->status, words, etcd_rpc_was_sent(call->rpc));
	call->rejected = call->rejected && etcd_is_rejected(call->status, words);
	if (go_on(call, fate)) {
		again(call);
		return;
	}
	if (fate != ETCD_DONE)
		code = etcd_fail(&err, call->status, words, fate, call->safety != ETCD_READ,
				 etcd_link_name(&call->conn->link, call->member));
	if (call->rejected)
		err.sys_errno = EKEYREJECTED;
	finish(call, code, &err);
}

/* ---- for owners ---- */

int etcd_call_start(struct etcd_call *call, const char *method, const ProtobufCMessage *message,
		    enum etcd_safety safety, uint64_t timeout, struct kvs_err *err)
{
	int passed, code = 0;

	call->finished.fn = ended;
	call->waiter.go = go;
	call->method = method;
	call->safety = safety;
	call->timeout = timeout;
	call->tries = 0;
	call->renewals = 0;
	call->rejected = true;
	call->token = 0;
	call->started = kvsi_monotonic_ms();
	passed = pass(call, err);
	if (passed < 0)
		return passed;
	call->busy = true;
	call->request = etcd_message_pack(message);
	if (passed)
		code = send_try(call, err);
	if (code)
		clear(call);
	return code;
}

bool etcd_call_unsent(const struct etcd_call *call)
{
	ETCD_NO_SIGNALS;

	/* A write goes to a second member only if the first one cannot have got it. */
	return call->busy && (!call->rpc || !etcd_rpc_was_sent(call->rpc));
}

void etcd_call_abandon(struct etcd_call *call)
{
	ETCD_NO_SIGNALS;
	struct etcd_conn *conn = call->conn;

	if (!call->busy || !call->rpc) {
		etcd_gate_leave(&call->waiter);
		dropped(call);
		return;
	}
	if (conn->link.n > 1 && kvsi_monotonic_ms() - call->started >= SUSPECT_MS)
		etcd_link_failed(&conn->link, call->member);
	call->abandoned = true;
	(void)grpc_call_cancel(call->rpc, NULL);
}
