/* SPDX-License-Identifier: Apache-2.0 */
/* The gRPC C core as a bare program uses it: one channel, one completion queue, one thread. */
#ifndef KVS_BENCH_BARE_GRPC_H
#define KVS_BENCH_BARE_GRPC_H

#include <grpc/grpc.h>
#include <protobuf-c/protobuf-c.h>

struct bare_grpc {
	grpc_channel *channel;
	grpc_completion_queue *queue;
};

/* A call with one message each way; embed it to have a tag. */
struct bare_unary {
	grpc_call *call;
	grpc_byte_buffer *answer;
	grpc_metadata_array initial, trailing;
	grpc_status_code status;
	grpc_slice words;
};

/* target: HOST:PORT, without TLS. */
void bare_grpc_open(struct bare_grpc *g, const char *target);

grpc_byte_buffer *bare_pack(const ProtobufCMessage *message);
/* Free it with protobuf_c_message_free_unpacked(). */
void *bare_unpack(grpc_byte_buffer *bytes, const ProtobufCMessageDescriptor *type);

grpc_call *bare_call(const struct bare_grpc *g, const char *method);
void bare_batch(grpc_call *call, const grpc_op *ops, size_t n, void *tag);
/* The next tag. */
void *bare_next(const struct bare_grpc *g);

/* Starts it; its end comes as the tag u. */
void bare_unary_start(const struct bare_grpc *g, struct bare_unary *u, const char *method,
		      const ProtobufCMessage *request);
/* Once it has come: anything but success ends the benchmark. */
void bare_unary_end(struct bare_unary *u);

#endif
