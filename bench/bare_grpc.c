/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/bare_grpc.h"

#include "bench/bench.h"

#include <grpc/byte_buffer_reader.h>
#include <grpc/grpc_security.h>
#include <stdint.h>

void bare_grpc_open(struct bare_grpc *g, const char *target)
{
	/* gRPC's argument tables are not const, but it only reads them. */
	grpc_arg all[] = {
		{ GRPC_ARG_INTEGER,
		  (char *)(uintptr_t)GRPC_ARG_ENABLE_HTTP_PROXY,
		  { .integer = 0 } },
	};
	const grpc_channel_args args = { 1, all };
	grpc_channel_credentials *creds;

	grpc_init();
	creds = grpc_insecure_credentials_create();
	g->channel = grpc_channel_create(target, creds, &args);
	g->queue = grpc_completion_queue_create_for_next(NULL);
	grpc_channel_credentials_release(creds);
}

grpc_byte_buffer *bare_pack(const ProtobufCMessage *message)
{
	grpc_slice slice = grpc_slice_malloc(protobuf_c_message_get_packed_size(message));
	grpc_byte_buffer *bytes;

	(void)protobuf_c_message_pack(message, GRPC_SLICE_START_PTR(slice));
	bytes = grpc_raw_byte_buffer_create(&slice, 1);
	grpc_slice_unref(slice);
	return bytes;
}

void *bare_unpack(grpc_byte_buffer *bytes, const ProtobufCMessageDescriptor *type)
{
	grpc_byte_buffer_reader reader;
	ProtobufCMessage *message;
	grpc_slice slice;

	if (!bytes || !grpc_byte_buffer_reader_init(&reader, bytes))
		bench_die("etcd sent no %s", type->short_name);
	slice = grpc_byte_buffer_reader_readall(&reader);
	message = protobuf_c_message_unpack(type, NULL, GRPC_SLICE_LENGTH(slice),
					    GRPC_SLICE_START_PTR(slice));
	grpc_slice_unref(slice);
	grpc_byte_buffer_reader_destroy(&reader);
	if (!message)
		bench_die("what etcd sent is no %s", type->short_name);
	return message;
}

grpc_call *bare_call(const struct bare_grpc *g, const char *method)
{
	return grpc_channel_create_call(g->channel, NULL, GRPC_PROPAGATE_DEFAULTS, g->queue,
					grpc_slice_from_static_string(method), NULL,
					gpr_inf_future(GPR_CLOCK_MONOTONIC), NULL);
}

void bare_batch(grpc_call *call, const grpc_op *ops, size_t n, void *tag)
{
	if (grpc_call_start_batch(call, ops, n, tag, NULL) != GRPC_CALL_OK)
		bench_die("gRPC refused a batch");
}

void *bare_next(const struct bare_grpc *g)
{
	gpr_timespec limit = gpr_time_add(gpr_now(GPR_CLOCK_MONOTONIC),
					  gpr_time_from_seconds(60, GPR_TIMESPAN));
	grpc_event event = grpc_completion_queue_next(g->queue, limit, NULL);

	if (event.type != GRPC_OP_COMPLETE)
		bench_die("etcd is silent");
	return event.tag;
}

void bare_unary_start(const struct bare_grpc *g, struct bare_unary *u, const char *method,
		      const ProtobufCMessage *request)
{
	grpc_byte_buffer *bytes = bare_pack(request);
	const grpc_op ops[] = {
		{ .op = GRPC_OP_SEND_INITIAL_METADATA },
		{ .op = GRPC_OP_SEND_MESSAGE, .data.send_message.send_message = bytes },
		{ .op = GRPC_OP_SEND_CLOSE_FROM_CLIENT },
		{ .op = GRPC_OP_RECV_INITIAL_METADATA,
		  .data.recv_initial_metadata.recv_initial_metadata = &u->initial },
		{ .op = GRPC_OP_RECV_MESSAGE, .data.recv_message.recv_message = &u->answer },
		{ .op = GRPC_OP_RECV_STATUS_ON_CLIENT,
		  .data.recv_status_on_client = { .trailing_metadata = &u->trailing,
						  .status = &u->status,
						  .status_details = &u->words } },
	};

	u->answer = NULL;
	grpc_metadata_array_init(&u->initial);
	grpc_metadata_array_init(&u->trailing);
	u->call = bare_call(g, method);
	bare_batch(u->call, ops, sizeof(ops) / sizeof(ops[0]), u);
	grpc_byte_buffer_destroy(bytes);
}

void bare_unary_end(struct bare_unary *u)
{
	if (u->status != GRPC_STATUS_OK)
		bench_die("etcd: %.*s", (int)GRPC_SLICE_LENGTH(u->words),
			  (const char *)GRPC_SLICE_START_PTR(u->words));
	grpc_byte_buffer_destroy(u->answer);
	grpc_metadata_array_destroy(&u->initial);
	grpc_metadata_array_destroy(&u->trailing);
	grpc_slice_unref(u->words);
	grpc_call_unref(u->call);
}
