/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How long until each of many watches of one key was told of a change by etcd: a bare program with
 * the gRPC C core, 100 watches a stream.
 *
 *	bare_streams HOST:PORT [N [ROUNDS]]     1200 watches, 21 rounds by default
 *
 * Prints "median MS" and "max MS", as bench/watches does.
 */
#include "bench/bare_grpc.h"
#include "bench/rounds.h"

#include "backends/etcd/rpc.pb-c.h"

#include <unistd.h>

#define KEY	   "bench/watched"
#define PER_STREAM 100

struct run;
struct stream;

/* What a batch is tagged with. */
struct tag {
	void (*fn)(struct run *run, struct stream *s);
	struct stream *stream;
};

struct stream {
	grpc_call *call;
	size_t to_create;
	struct tag opened, wrote, read;
	grpc_byte_buffer *incoming;
	grpc_metadata_array initial;
};

struct run {
	struct bench_rounds rounds;
	struct bare_grpc grpc;
	struct bare_unary put;
	char value[32];
	bool written;
};

static ProtobufCBinaryData bytes_of(char *s)
{
	return (ProtobufCBinaryData){ strlen(s), (uint8_t *)s };
}

/* ---- streams ---- */

static void create_one(struct stream *s, bool first)
{
	static char key[] = KEY;
	Etcdpb__WatchCreateRequest create = ETCDPB__WATCH_CREATE_REQUEST__INIT;
	Etcdpb__WatchRequest request = ETCDPB__WATCH_REQUEST__INIT;
	grpc_byte_buffer *bytes;

	create.key = bytes_of(key);
	request.request_case = ETCDPB__WATCH_REQUEST__REQUEST_CREATE;
	request.create = &create;
	bytes = bare_pack((const ProtobufCMessage *)&request);
	{
		const grpc_op ops[] = {
			{ .op = GRPC_OP_SEND_MESSAGE, .data.send_message.send_message = bytes },
			{ .op = GRPC_OP_SEND_INITIAL_METADATA },
		};

		bare_batch(s->call, ops, first ? 2 : 1, &s->wrote);
	}
	grpc_byte_buffer_destroy(bytes);
}

static void read_more(struct stream *s)
{
	const grpc_op op = {
		.op = GRPC_OP_RECV_MESSAGE,
		.data.recv_message.recv_message = &s->incoming,
	};

	bare_batch(s->call, &op, 1, &s->read);
}

static void nothing_more(struct run *run, struct stream *s)
{
	(void)run, (void)s;
}

static void on_wrote(struct run *run, struct stream *s)
{
	(void)run;
	if (--s->to_create)
		create_one(s, false);
}

static void on_read(struct run *run, struct stream *s)
{
	Etcdpb__WatchResponse *answer = bare_unpack(s->incoming,
						    &etcdpb__watch_response__descriptor);

	grpc_byte_buffer_destroy(s->incoming);
	if (answer->canceled)
		bench_die("etcd ended a watch: %s", answer->cancel_reason);
	if (answer->created || answer->n_events)
		bench_rounds_told(&run->rounds);
	protobuf_c_message_free_unpacked((ProtobufCMessage *)answer, NULL);
	read_more(s);
}

static void open_stream(struct run *run, struct stream *s, size_t n)
{
	const grpc_op op = {
		.op = GRPC_OP_RECV_INITIAL_METADATA,
		.data.recv_initial_metadata.recv_initial_metadata = &s->initial,
	};

	s->to_create = n;
	s->opened = (struct tag){ nothing_more, s };
	s->wrote = (struct tag){ on_wrote, s };
	s->read = (struct tag){ on_read, s };
	grpc_metadata_array_init(&s->initial);
	s->call = bare_call(&run->grpc, "/etcdserverpb.Watch/Watch");
	create_one(s, true);
	bare_batch(s->call, &op, 1, &s->opened);
	read_more(s);
}

/* ---- the run ---- */

static void handle_next(struct run *run)
{
	void *done = bare_next(&run->grpc);
	const struct tag *tag = done;

	if (done == &run->put) {
		bare_unary_end(&run->put);
		run->written = true;
	} else {
		tag->fn(run, tag->stream);
	}
}

static void start_watches(struct run *run, struct stream *all)
{
	size_t left = run->rounds.watches;

	run->rounds.begin = bench_now_ms();
	for (; left; all++) {
		open_stream(run, all, left < PER_STREAM ? left : PER_STREAM);
		left -= all->to_create;
	}
	while (!bench_rounds_all_told(&run->rounds))
		handle_next(run);
}

static void play_round(struct run *run)
{
	static char key[] = KEY;
	Etcdpb__PutRequest put = ETCDPB__PUT_REQUEST__INIT;

	(void)usleep(BENCH_REST_MS * 1000);
	bench_rounds_begin(&run->rounds);
	(void)snprintf(run->value, sizeof(run->value), "%zu.%.0f", run->rounds.round,
		       run->rounds.begin);
	put.key = bytes_of(key);
	put.value = bytes_of(run->value);
	run->written = false;
	bare_unary_start(&run->grpc, &run->put, "/etcdserverpb.KV/Put",
			 (const ProtobufCMessage *)&put);
	while (!bench_rounds_all_told(&run->rounds) || !run->written)
		handle_next(run);
}

int main(int argc, char **argv)
{
	static struct run run;
	struct stream *all;

	if (argc < 2) {
		fprintf(stderr, "usage: bare_streams HOST:PORT [N [ROUNDS]]\n");
		return 2;
	}
	run.rounds.watches = bench_operand(argc, argv, 2, 1200, 100000);
	run.rounds.rounds = bench_operand(argc, argv, 3, 21, BENCH_MAX_ROUNDS);
	all = calloc(run.rounds.watches / PER_STREAM + 1, sizeof(*all));
	if (!all)
		bench_die("no memory");
	bare_grpc_open(&run.grpc, argv[1]);
	start_watches(&run, all);
	for (size_t i = 0; i <= run.rounds.rounds; i++)
		play_round(&run);
	bench_rounds_print(&run.rounds);
	(void)fflush(stdout);
	_exit(0); /* taking gRPC down takes long */
}
