/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/backends/etcd/server.h"

#include "base/cleanup.h"
#include "tests/lib/tap.h"

#include <grpc/byte_buffer_reader.h>
#include <grpc/grpc.h>
#include <grpc/grpc_security.h>
#include <grpc/support/alloc.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <utlist.h>

/* What a batch is tagged with; fn runs on the server's thread. */
struct event {
	void (*fn)(struct event *ev);
};

struct server {
	grpc_server *grpc;
	grpc_completion_queue *queue;
	pthread_t thread;
	pthread_mutex_t lock;
	int port;
	server_fn *fn;
	void *arg;
	bool down; /* nothing new is begun */
};

/* A message to send, or with bytes == NULL the end. */
struct piece {
	grpc_byte_buffer *bytes;
	grpc_status_code status;
	char *words;
	struct piece *next;
};

struct server_call {
	struct server *server;
	grpc_call *rpc;
	grpc_call_details details;
	grpc_metadata_array metadata;
	struct event came, was_read, was_written, closed;
	unsigned int pending; /* batches */
	grpc_byte_buffer *incoming;
	int cancelled;
	struct piece *queue;
	bool greeted, writing;
};

#define call_of(ev_, member_)                                                                      \
	((struct server_call *)((char *)(ev_)-offsetof(struct server_call, member_)))

static void *memory(size_t n)
{
	void *p = calloc(1, n);

	if (!p)
		bail("no memory");
	return p;
}

/* ---- a call ---- */

static void piece_free(struct piece *p)
{
	if (p->bytes)
		grpc_byte_buffer_destroy(p->bytes);
	free(p->words);
	free(p);
}

static void free_if_done(struct server_call *c)
{
	struct piece *p, *next;

	if (c->pending)
		return;
	LL_FOREACH_SAFE (c->queue, p, next)
		piece_free(p);
	if (c->rpc)
		grpc_call_unref(c->rpc);
	grpc_call_details_destroy(&c->details);
	grpc_metadata_array_destroy(&c->metadata);
	free(c);
}

static void begin(struct server_call *c, const grpc_op *ops, size_t n, struct event *ev)
{
	if (grpc_call_start_batch(c->rpc, ops, n, ev, NULL) != GRPC_CALL_OK)
		bail("gRPC refuses a batch");
	c->pending++;
}

static void write_more(struct server_call *c)
{
	struct piece *p = c->queue;
	grpc_slice words = grpc_slice_from_static_string(p && p->words ? p->words : "");
	grpc_op ops[2] = { 0 };
	size_t n = 0;

	if (!p || c->writing || c->cancelled || c->server->down)
		return;
	if (!c->greeted)
		ops[n++].op = GRPC_OP_SEND_INITIAL_METADATA;
	c->greeted = c->writing = true;
	if (p->bytes) {
		ops[n].op = GRPC_OP_SEND_MESSAGE;
		ops[n++].data.send_message.send_message = p->bytes;
	} else {
		ops[n].op = GRPC_OP_SEND_STATUS_FROM_SERVER;
		ops[n].data.send_status_from_server.status = p->status;
		ops[n++].data.send_status_from_server.status_details = &words;
	}
	begin(c, ops, n, &c->was_written);
}

static void written(struct event *ev)
{
	struct server_call *c = call_of(ev, was_written);
	struct piece *p = c->queue;

	c->pending--;
	c->writing = false;
	LL_DELETE(c->queue, p);
	piece_free(p);
	write_more(c);
	free_if_done(c);
}

static const char *header(const struct server_call *c, const char *name, char *room, size_t size)
{
	grpc_slice value;
	size_t i;

	room[0] = '\0';
	for (i = 0; i < c->metadata.count; i++) {
		if (grpc_slice_str_cmp(c->metadata.metadata[i].key, name))
			continue;
		value = c->metadata.metadata[i].value;
		if (GRPC_SLICE_LENGTH(value) >= size)
			bail("a long header");
		memcpy(room, GRPC_SLICE_START_PTR(value), GRPC_SLICE_LENGTH(value));
		room[GRPC_SLICE_LENGTH(value)] = '\0';
	}
	return room;
}

static void ask_test(struct server_call *c, grpc_slice message)
{
	char method[128], token[256], leader[16];
	const char *path;
	struct question q = {
		.call = c,
		.token = header(c, "token", token, sizeof(token)),
		.has_leader = *header(c, "hasleader", leader, sizeof(leader)),
		.message = { GRPC_SLICE_START_PTR(message), GRPC_SLICE_LENGTH(message) },
	};
	char *whole = grpc_slice_to_c_string(c->details.method);

	path = strrchr(whole, '/');
	(void)snprintf(method, sizeof(method), "%s", path ? path + 1 : whole);
	gpr_free(whole);
	q.method = method;
	c->server->fn(c->server->arg, &q);
}

static void read_more(struct server_call *c)
{
	const grpc_op op = {
		.op = GRPC_OP_RECV_MESSAGE,
		.data.recv_message.recv_message = &c->incoming,
	};

	c->incoming = NULL;
	if (c->server->down)
		return;
	begin(c, &op, 1, &c->was_read);
}

static void message_came(struct event *ev)
{
	struct server_call *c = call_of(ev, was_read);
	grpc_byte_buffer_reader reader;
	grpc_slice message;

	c->pending--;
	if (c->incoming && grpc_byte_buffer_reader_init(&reader, c->incoming)) {
		message = grpc_byte_buffer_reader_readall(&reader);
		grpc_byte_buffer_reader_destroy(&reader);
		grpc_byte_buffer_destroy(c->incoming);
		if (!c->server->down)
			ask_test(c, message);
		grpc_slice_unref(message);
		read_more(c);
	}
	free_if_done(c);
}

static void call_closed(struct event *ev)
{
	struct server_call *c = call_of(ev, closed);

	c->pending--;
	free_if_done(c);
}

static void wait_for_call(struct server *s);

static void call_came(struct event *ev)
{
	struct server_call *c = call_of(ev, came);
	const grpc_op op = {
		.op = GRPC_OP_RECV_CLOSE_ON_SERVER,
		.data.recv_close_on_server.cancelled = &c->cancelled,
	};

	c->pending--;
	if (!c->server->down) {
		begin(c, &op, 1, &c->closed);
		read_more(c);
		wait_for_call(c->server);
	}
	free_if_done(c);
}

static void wait_for_call(struct server *s)
{
	struct server_call *c = memory(sizeof(*c));

	c->server = s;
	c->came.fn = call_came;
	c->was_read.fn = message_came;
	c->was_written.fn = written;
	c->closed.fn = call_closed;
	c->pending = 1;
	grpc_call_details_init(&c->details);
	grpc_metadata_array_init(&c->metadata);
	if (grpc_server_request_call(s->grpc, &c->rpc, &c->details, &c->metadata, s->queue,
				     s->queue, &c->came) != GRPC_CALL_OK)
		bail("gRPC takes no calls");
}

/* ---- answers ---- */

static void add(struct server_call *c, const struct piece *piece)
{
	struct piece *p = memory(sizeof(*p));

	*p = *piece;
	LL_APPEND(c->queue, p);
	write_more(c);
}

static grpc_byte_buffer *wrap(grpc_slice slice)
{
	grpc_byte_buffer *bytes = grpc_raw_byte_buffer_create(&slice, 1);

	grpc_slice_unref(slice);
	return bytes;
}

void server_push(struct server_call *c, const ProtobufCMessage *message)
{
	grpc_slice slice = grpc_slice_malloc(protobuf_c_message_get_packed_size(message));

	(void)protobuf_c_message_pack(message, GRPC_SLICE_START_PTR(slice));
	add(c, &(struct piece){ .bytes = wrap(slice) });
}

void server_refuse(struct server_call *c, grpc_status_code status, const char *words)
{
	char *copy = strdup(words);

	if (!copy)
		bail("no memory");
	add(c, &(struct piece){ .status = status, .words = copy });
}

void server_answer(struct server_call *c, const ProtobufCMessage *message)
{
	server_push(c, message);
	server_refuse(c, GRPC_STATUS_OK, "");
}

void server_answer_bytes(struct server_call *c, const char *p, size_t n)
{
	add(c, &(struct piece){ .bytes = wrap(grpc_slice_from_copied_buffer(p, n)) });
	server_refuse(c, GRPC_STATUS_OK, "");
}

/* ---- the server ---- */

static void *run(void *arg)
{
	struct server *s = arg;
	grpc_event done;
	struct event *ev;

	for (;;) {
		done = grpc_completion_queue_next(s->queue, gpr_inf_future(GPR_CLOCK_REALTIME),
						  NULL);
		if (done.type == GRPC_QUEUE_SHUTDOWN)
			return NULL;
		ev = done.tag;
		server_lock(s);
		ev->fn(ev);
		server_unlock(s);
	}
}

struct server *server_start(server_fn *fn, void *arg)
{
	struct server *s = memory(sizeof(*s));
	grpc_server_credentials *open = grpc_insecure_server_credentials_create();

	grpc_init();
	s->fn = fn;
	s->arg = arg;
	(void)pthread_mutex_init(&s->lock, NULL);
	s->queue = grpc_completion_queue_create_for_next(NULL);
	s->grpc = grpc_server_create(NULL, NULL);
	grpc_server_register_completion_queue(s->grpc, s->queue, NULL);
	s->port = grpc_server_add_http2_port(s->grpc, "127.0.0.1:0", open);
	grpc_server_credentials_release(open);
	if (!s->port)
		bail("no port for the server");
	grpc_server_start(s->grpc);
	wait_for_call(s);
	if (pthread_create(&s->thread, NULL, run, s))
		bail("no thread for the server");
	return s;
}

static void is_down(struct event *ev)
{
	(void)ev; /* what is left of calls comes before the queue's own end */
}

void server_stop(struct server *s)
{
	struct event down = { is_down };

	server_lock(s);
	s->down = true;
	server_unlock(s);
	grpc_server_shutdown_and_notify(s->grpc, s->queue, &down);
	grpc_server_cancel_all_calls(s->grpc);
	grpc_completion_queue_shutdown(s->queue);
	(void)pthread_join(s->thread, NULL);
	grpc_server_destroy(s->grpc);
	grpc_completion_queue_destroy(s->queue);
	(void)pthread_mutex_destroy(&s->lock);
	free(s);
	grpc_shutdown();
}

unsigned int server_port(const struct server *s)
{
	return (unsigned int)s->port;
}

void server_lock(struct server *s)
{
	(void)pthread_mutex_lock(&s->lock);
}

void server_unlock(struct server *s)
{
	(void)pthread_mutex_unlock(&s->lock);
}
