/* SPDX-License-Identifier: Apache-2.0 */
/*
 *	WAITING  for members or token        -> OPEN, or OVER
 *	OPEN     batches are under way       -> OVER when it breaks, or the last subscription left
 *	OVER     takes nobody, delivers nothing; freed when no batch is under way
 */
#include "backends/etcd/etcd_stream.h"

#include "backends/etcd/etcd_auth.h"
#include "backends/etcd/etcd_live.h"
#include "base/alloc.h"
#include "base/err.h"
#include "base/str.h"

#include <utlist.h>

enum stream_state {
	WAITING,
	OPEN,
	OVER,
};

struct etcd_stream {
	struct etcd_conn *conn;
	struct etcd_stream *prev, *next;
	enum stream_state state;
	struct etcd_waiter waiter;

	size_t n;		/* subscriptions in whatever state */
	struct etcd_sub *queue; /* not created yet */
	struct etcd_sub *creating;
	bool orphan; /* whoever wanted the creation under way has left */
	struct etcd_live live;
	int64_t *cancels; /* ids to cancel */
	size_t n_cancels;

	grpc_call *rpc;
	size_t member;
	uint64_t token;
	bool outdated; /* its token is not accepted: no new subscriptions */
	bool greeted;  /* the first write, which carries the metadata, was made */
	struct etcd_event status_event, read_event, write_event;
	unsigned int pending; /* of these three */
	bool reading, writing, status_known;
	grpc_byte_buffer *incoming;
	grpc_metadata_array initial, trailing;
	grpc_status_code status;
	grpc_slice words;
};

#define stream_of(ptr_, member_)                                                                   \
	((struct etcd_stream *)((char *)(ptr_)-offsetof(struct etcd_stream, member_)))

/* ---- its end ---- */

static void stream_free(struct etcd_stream *s)
{
	DL_DELETE(s->conn->streams, s);
	if (s->rpc) {
		grpc_metadata_array_destroy(&s->initial);
		grpc_metadata_array_destroy(&s->trailing);
		grpc_slice_unref(s->words);
		grpc_call_unref(s->rpc);
	}
	kvsi_free(s->cancels);
	kvsi_free(s);
}

static void free_if_idle(struct etcd_stream *s)
{
	if (s->state == OVER && !s->pending)
		stream_free(s);
}

static struct etcd_sub *any_sub(const struct etcd_stream *s)
{
	if (s->creating)
		return s->creating;
	if (s->queue)
		return s->queue;
	return etcd_live_any(&s->live);
}

/* Takes the subscription out of its stream. */
static void detach(struct etcd_sub *sub)
{
	struct etcd_stream *s = sub->stream;

	switch (sub->state) {
	case ETCD_SUB_QUEUED:
		DL_DELETE(s->queue, sub);
		break;
	case ETCD_SUB_CREATING:
		s->creating = NULL;
		break;
	case ETCD_SUB_LIVE:
		etcd_live_remove(&s->live, sub->id);
		break;
	case ETCD_SUB_NONE:
		return;
	}
	s->n--;
	sub->state = ETCD_SUB_NONE;
	sub->stream = NULL;
}

static void end_sub(struct etcd_sub *sub, int code, const struct kvs_err *err)
{
	detach(sub);
	sub->ended(sub, code, err);
}

static void cancel_rpc(struct etcd_stream *s)
{
	ETCD_NO_SIGNALS;

	s->state = OVER;
	if (s->rpc)
		(void)grpc_call_cancel(s->rpc, NULL);
}

static void end_all(struct etcd_stream *s, int code, const struct kvs_err *err)
{
	struct etcd_sub *sub;

	cancel_rpc(s);
	while ((sub = any_sub(s)))
		end_sub(sub, code, err);
}

/* ---- writing ---- */

static int start_batch(struct etcd_stream *s, const grpc_op *ops, size_t n, struct etcd_event *ev)
{
	int code = etcd_cq_begin(s->rpc, ops, n, ev, NULL);

	s->pending += !code;
	return code;
}

static size_t fill_metadata(struct etcd_stream *s, grpc_metadata list[2])
{
	const char *token = etcd_auth_token(s->conn, &s->token);
	size_t n = 0;

	/* So that a member cut off from its cluster says so, where it would be silent. */
	list[n++] = (grpc_metadata){ .key = grpc_slice_from_static_string("hasleader"),
				     .value = grpc_slice_from_static_string("true") };
	if (token)
		list[n++] = (grpc_metadata){ .key = grpc_slice_from_static_string("token"),
					     .value = grpc_slice_from_copied_string(token) };
	return n;
}

static void write_message(struct etcd_stream *s, const Etcdpb__WatchRequest *request)
{
	ETCD_NO_SIGNALS;
	grpc_byte_buffer *bytes = etcd_message_pack((const ProtobufCMessage *)request);
	grpc_metadata metadata[2];
	size_t i, n = s->greeted ? 0 : fill_metadata(s, metadata);
	const grpc_op ops[] = {
		{ .op = GRPC_OP_SEND_MESSAGE, .data.send_message.send_message = bytes },
		{ .op = GRPC_OP_SEND_INITIAL_METADATA,
		  .data.send_initial_metadata = { .count = n, .metadata = metadata } },
	};

	if (!start_batch(s, ops, s->greeted ? 1 : 2, &s->write_event))
		s->writing = s->greeted = true;
	grpc_byte_buffer_destroy(bytes);
	for (i = 0; i < n; i++)
		grpc_slice_unref(metadata[i].value);
}

static void write_cancel(struct etcd_stream *s)
{
	Etcdpb__WatchCancelRequest cancel = ETCDPB__WATCH_CANCEL_REQUEST__INIT;
	Etcdpb__WatchRequest request = ETCDPB__WATCH_REQUEST__INIT;

	cancel.watch_id = s->cancels[--s->n_cancels];
	request.request_case = ETCDPB__WATCH_REQUEST__REQUEST_CANCEL;
	request.cancel = &cancel;
	write_message(s, &request);
}

static void write_create(struct etcd_stream *s)
{
	Etcdpb__WatchCreateRequest create = ETCDPB__WATCH_CREATE_REQUEST__INIT;
	Etcdpb__WatchRequest request = ETCDPB__WATCH_REQUEST__INIT;
	struct etcd_sub *sub = s->queue;

	DL_DELETE(s->queue, sub);
	s->creating = sub;
	sub->state = ETCD_SUB_CREATING;
	create.key = etcd_borrow(sub->key);
	create.range_end = etcd_borrow(sub->end);
	create.start_revision = sub->start;
	create.fragment = true;
	request.request_case = ETCDPB__WATCH_REQUEST__REQUEST_CREATE;
	request.create = &create;
	write_message(s, &request);
}

static void write_more(struct etcd_stream *s)
{
	if (s->state != OPEN || s->writing)
		return;
	if (s->n_cancels)
		write_cancel(s);
	else if (s->queue && !s->creating && !s->orphan)
		write_create(s);
}

static void written(struct etcd_event *ev, bool ok)
{
	struct etcd_stream *s = stream_of(ev, write_event);

	s->pending--;
	s->writing = false;
	if (ok) /* else the status follows */
		write_more(s);
	free_if_idle(s);
}

/* Without memory etcd goes on sending what nobody knows. */
static void cancel_id(struct etcd_stream *s, int64_t id)
{
	int64_t *all = kvs_realloc_array(s->cancels, s->n_cancels + 1, sizeof(*all));

	if (!all)
		return;
	s->cancels = all;
	s->cancels[s->n_cancels++] = id;
	write_more(s);
}

/* ---- reading ---- */

/* Each new subscription is checked with the stream's token: it takes another stream. */
static bool moves(struct etcd_stream *s, struct etcd_sub *sub, const char *reason)
{
	struct kvs_err err = { 0 };
	int code;

	if (!etcd_end_wants_login(reason) || sub->renewals++ >= ETCD_MAX_RENEWALS ||
	    !etcd_auth_renew(s->conn, s->token))
		return false;
	s->outdated = true;
	detach(sub);
	code = etcd_sub_join(s->conn, sub, &err);
	if (code)
		sub->ended(sub, code, &err);
	return true;
}

static void sub_over(struct etcd_stream *s, struct etcd_sub *sub,
		     const Etcdpb__WatchResponse *answer)
{
	struct kvs_err err = { 0 };
	int code;

	if (moves(s, sub, answer->cancel_reason))
		return;
	code = etcd_end_of_watch(&err, answer->cancel_reason, answer->compact_revision != 0,
				 etcd_link_name(&s->conn->link, s->member));
	end_sub(sub, code, &err);
}

static void creation_answered(struct etcd_stream *s, const Etcdpb__WatchResponse *answer,
			      uint64_t revision)
{
	struct etcd_sub *sub = s->creating;

	if (!sub) {
		s->orphan = false;
		if (!answer->canceled)
			cancel_id(s, answer->watch_id);
		return;
	}
	if (answer->canceled) {
		sub_over(s, sub, answer);
		return;
	}
	s->creating = NULL;
	sub->id = answer->watch_id;
	sub->state = ETCD_SUB_LIVE;
	sub->renewals = 0;
	if (etcd_live_add(&s->live, sub->id, sub)) {
		sub->created(sub, revision);
	} else {
		struct kvs_err err = { 0 };

		s->n--;
		sub->state = ETCD_SUB_NONE;
		sub->ended(sub,
			   kvs_err_set(&err, KVS_E_PROTOCOL, "etcd gave two watches one number"),
			   &err);
	}
}

static void take(struct etcd_stream *s, const Etcdpb__WatchResponse *answer)
{
	uint64_t revision = etcd_header(s->conn, answer->header);
	struct etcd_sub *sub;

	if (answer->created) {
		creation_answered(s, answer, revision);
		return;
	}
	sub = etcd_live_find(&s->live, answer->watch_id);
	if (!sub)
		return;
	if (answer->canceled)
		sub_over(s, sub, answer);
	else
		sub->answer(sub, answer);
}

static void read_more(struct etcd_stream *s)
{
	const grpc_op op = {
		.op = GRPC_OP_RECV_MESSAGE,
		.data.recv_message.recv_message = &s->incoming,
	};

	s->incoming = NULL;
	s->reading = !start_batch(s, &op, 1, &s->read_event);
}

static void end_if_nobody(struct etcd_stream *s)
{
	if (!s->n && s->state == OPEN)
		cancel_rpc(s);
}

static void take_bytes(struct etcd_stream *s, grpc_byte_buffer *bytes)
{
	struct kvs_err err = { 0 };
	Etcdpb__WatchResponse *answer = etcd_message_unpack(
		bytes, &etcdpb__watch_response__descriptor, &err);

	if (!answer) {
		end_all(s, err.code, &err);
		return;
	}
	etcd_link_worked(&s->conn->link, s->member);
	etcd_auth_worked(s->conn, s->token);
	take(s, answer);
	etcd_message_free(answer);
	write_more(s);
	end_if_nobody(s);
}

static void stream_ended(struct etcd_stream *s);

static void was_read(struct etcd_event *ev, bool ok)
{
	struct etcd_stream *s = stream_of(ev, read_event);
	grpc_byte_buffer *bytes = kvs_steal_ptr(s->incoming);
	bool came = bytes != NULL;

	(void)ok;
	s->pending--;
	s->reading = false;
	if (came && s->state == OPEN && !s->conn->closing)
		take_bytes(s, bytes);
	else if (came)
		grpc_byte_buffer_destroy(bytes);
	if (came && s->state == OPEN)
		read_more(s);
	if (s->state == OPEN && s->status_known && !s->reading)
		stream_ended(s);
	free_if_idle(s);
}

/* ---- the call as a whole ---- */

/* What was read before the break has been delivered. */
static void stream_ended(struct etcd_stream *s)
{
	struct kvs_str words = { GRPC_SLICE_START_PTR(s->words), GRPC_SLICE_LENGTH(s->words) };
	enum etcd_fate fate = etcd_fate_of(s->status, words, true);
	struct etcd_conn *conn = s->conn;
	const char *name = etcd_link_name(&conn->link, s->member);
	struct kvs_err err = { 0 };
	int code;

	if (fate == ETCD_DONE)
		code = kvs_err_set(&err, KVS_E_UNAVAILABLE, "etcd at %s ended the watch", name);
	else
		code = etcd_fail(&err, s->status, words, fate, false, name);
	if (fate == ETCD_LOGIN && etcd_auth_renew(conn, s->token))
		code = err.code = KVS_E_UNAVAILABLE;
	if (code == KVS_E_UNAVAILABLE && fate != ETCD_LOGIN) {
		etcd_link_failed(&conn->link, s->member);
		etcd_gate_lookup(conn);
	}
	end_all(s, code, &err);
}

static void status_came(struct etcd_event *ev, bool ok)
{
	struct etcd_stream *s = stream_of(ev, status_event);

	(void)ok;
	s->pending--;
	s->status_known = true;
	if (s->conn->closing)
		s->state = OVER;
	else if (s->state == OPEN && !s->reading)
		stream_ended(s);
	free_if_idle(s);
}

static int open_rpc(struct etcd_stream *s, struct kvs_err *err)
{
	ETCD_NO_SIGNALS;
	grpc_channel *channel;
	int code = etcd_link_channel(&s->conn->link, &channel, &s->member, err);
	const grpc_op ops[] = {
		{ .op = GRPC_OP_RECV_INITIAL_METADATA,
		  .data.recv_initial_metadata.recv_initial_metadata = &s->initial },
		{ .op = GRPC_OP_RECV_STATUS_ON_CLIENT,
		  .data.recv_status_on_client = { .trailing_metadata = &s->trailing,
						  .status = &s->status,
						  .status_details = &s->words } },
	};

	if (code)
		return code;
	s->rpc = grpc_channel_create_call(
		channel, NULL, GRPC_PROPAGATE_DEFAULTS, etcd_cq_queue(s->conn->cq),
		grpc_slice_from_static_string("/etcdserverpb.Watch/Watch"), NULL,
		gpr_inf_future(GPR_CLOCK_MONOTONIC), NULL);
	grpc_metadata_array_init(&s->initial);
	grpc_metadata_array_init(&s->trailing);
	s->words = grpc_empty_slice();
	s->state = OPEN;
	write_more(s);
	code = start_batch(s, ops, 2, &s->status_event);
	if (!code)
		read_more(s);
	return code;
}

static void go(struct etcd_waiter *waiter, int code, const struct kvs_err *err)
{
	struct etcd_stream *s = stream_of(waiter, waiter);
	struct kvs_err why = { 0 };

	if (!code && s->n) {
		code = open_rpc(s, &why);
		err = &why;
	}
	if (code)
		end_all(s, code, err);
	else if (!s->n)
		s->state = OVER;
	free_if_idle(s);
}

/* ---- for owners ---- */

static struct etcd_stream *with_room(struct etcd_conn *conn)
{
	struct etcd_stream *s;

	DL_FOREACH (conn->streams, s)
		if (s->state != OVER && !s->outdated && s->n < ETCD_SUBS_PER_STREAM)
			return s;
	return NULL;
}

static int stream_new(struct etcd_conn *conn, struct etcd_stream **ret_stream, struct kvs_err *err)
{
	struct etcd_stream *s = kvs_zalloc(sizeof(*s));

	if (!s)
		return kvs_err_oom(err);
	s->conn = conn;
	s->waiter.go = go;
	s->status_event.fn = status_came;
	s->read_event.fn = was_read;
	s->write_event.fn = written;
	DL_APPEND(conn->streams, s);
	*ret_stream = s;
	return 0;
}

static void enqueue(struct etcd_stream *s, struct etcd_sub *sub)
{
	sub->stream = s;
	sub->state = ETCD_SUB_QUEUED;
	DL_APPEND(s->queue, sub);
	s->n++;
}

int etcd_sub_join(struct etcd_conn *conn, struct etcd_sub *sub, struct kvs_err *err)
{
	struct etcd_stream *s = with_room(conn);
	int passed;

	if (s) {
		enqueue(s, sub);
		write_more(s);
		return 0;
	}
	passed = stream_new(conn, &s, err);
	if (passed)
		return passed;
	enqueue(s, sub);
	passed = etcd_gate_pass(conn, &s->waiter, err);
	if (passed > 0)
		passed = open_rpc(s, err);
	if (passed < 0) {
		detach(sub);
		cancel_rpc(s);
		free_if_idle(s);
	}
	return passed < 0 ? passed : 0;
}

void etcd_sub_leave(struct etcd_sub *sub)
{
	struct etcd_stream *s = sub->stream;
	enum etcd_sub_state was = sub->state;

	if (was == ETCD_SUB_NONE)
		return;
	detach(sub);
	if (was == ETCD_SUB_CREATING)
		s->orphan = true;
	if (was == ETCD_SUB_LIVE && s->n)
		cancel_id(s, sub->id);
	end_if_nobody(s);
}

void etcd_streams_cancel(struct etcd_conn *conn)
{
	struct etcd_stream *s, *next;

	DL_FOREACH_SAFE (conn->streams, s, next) {
		etcd_gate_leave(&s->waiter);
		cancel_rpc(s);
		free_if_idle(s);
	}
}
