/* SPDX-License-Identifier: Apache-2.0 */
#include "backends/etcd/etcd_simple.h"

#include "base/alloc.h"
#include "base/err.h"

#define simple_of(ptr_, member_)                                                                   \
	((struct etcd_simple *)((char *)(ptr_)-offsetof(struct etcd_simple, member_)))

static void simple_free(struct etcd_simple *s)
{
	etcd_job_remove(s->call.conn, &s->job);
	kvsi_free(s->extra);
	kvsi_free(s);
}

static void dropped(struct etcd_call *call)
{
	simple_free(simple_of(call, call));
}

static void cancel(struct etcd_job *job)
{
	struct etcd_simple *s = simple_of(job, job);

	etcd_job_remove(s->call.conn, job);
	if (s->telling)
		s->stopped = true;
	else
		etcd_call_abandon(&s->call);
}

static bool unsent(struct etcd_job *job)
{
	const struct etcd_simple *s = simple_of(job, job);

	return !s->went_on && etcd_call_unsent(&s->call);
}

static void done(struct etcd_call *call, int code, const struct kvs_err *err)
{
	struct etcd_simple *s = simple_of(call, call);
	struct etcd_conn *conn = call->conn;
	struct kvs_reply reply = { .size = sizeof(reply), .failed_op = -1 };
	struct kvs_err why = *err;
	uint64_t tag = s->job.tag;

	s->telling = true;
	if (!code)
		code = s->answered(s, &reply, &why);
	else if (s->failed)
		code = s->failed(s, &reply, &why);
	s->telling = false;
	if (s->stopped) {
		if (code == 1)
			etcd_call_abandon(call);
		else
			simple_free(s);
		return;
	}
	if (code == 1) {
		s->went_on = true;
		return;
	}
	simple_free(s);
	conn->sink->done(conn->core, tag, code, &reply, &why);
}

int etcd_simple_new(struct etcd_conn *conn, uint64_t tag, const struct kvs_request *req,
		    struct etcd_simple **ret_simple, struct kvs_err *err)
{
	struct etcd_simple *s = kvs_zalloc(sizeof(*s));
	int code = s ? etcd_job_add(conn, &s->job, tag, err) : kvs_err_oom(err);

	if (code) {
		kvsi_free(s);
		return code;
	}
	s->job.cancel = cancel;
	s->job.unsent = unsent;
	s->call = (struct etcd_call){ .conn = conn, .done = done, .drop = dropped };
	s->timeout = req->timeout;
	*ret_simple = s;
	return 0;
}

int etcd_simple_send(struct etcd_simple *s, const char *method, const ProtobufCMessage *message,
		     enum etcd_safety safety, struct kvs_err *err)
{
	return etcd_call_start(&s->call, method, message, safety, s->timeout, err);
}

int etcd_simple_started(struct etcd_simple *s, int code)
{
	if (code)
		simple_free(s);
	return code;
}

int etcd_simple_entry(struct etcd_simple *s, const struct kvs_entry *entry)
{
	if (s->stopped || s->call.conn->sink->entry(s->call.conn->core, s->job.tag, entry))
		s->stopped = true;
	return s->stopped;
}
