/* SPDX-License-Identifier: Apache-2.0 */
/* index, status, compact. */
#include "backends/etcd/etcd_simple.h"

#include "base/alloc.h"
#include "base/err.h"
#include "base/str.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* ---- index ---- */

/* An empty transaction changes nothing and needs no rights, but it tells the revision that the member
 * knows, which may be an old one. */
static int ask_member(struct etcd_simple *s, struct kvs_reply *reply, struct kvs_err *err)
{
	Etcdpb__TxnRequest request = ETCDPB__TXN_REQUEST__INIT;
	int code;

	(void)reply;
	if (err->code != KVS_E_DENIED || err->remote != GRPC_STATUS_PERMISSION_DENIED || s->step)
		return err->code;
	s->step = 1;
	code = etcd_simple_send(s, "/etcdserverpb.KV/Txn", (ProtobufCMessage *)&request, ETCD_READ,
				err);
	return code ? code : 1;
}

static int index_answered(struct etcd_simple *s, struct kvs_reply *reply, struct kvs_err *err)
{
	Etcdpb__RangeResponse *range = NULL;
	Etcdpb__TxnResponse *txn = NULL;

	if (s->step)
		txn = etcd_call_answer(&s->call, &etcdpb__txn_response__descriptor, err);
	else
		range = etcd_call_answer(&s->call, &etcdpb__range_response__descriptor, err);
	if (!range && !txn)
		return err->code;
	reply->index = etcd_header(s->call.conn, range ? range->header : txn->header);
	etcd_message_free(range);
	etcd_message_free(txn);
	return 0;
}

/* A linearizable read of a key that nobody has. */
int etcd_index(void *conn, uint64_t tag, const struct kvs_request *req, struct kvs_err *err)
{
	Etcdpb__RangeRequest request = ETCDPB__RANGE_REQUEST__INIT;
	struct etcd_simple *s;
	int code = etcd_simple_new(conn, tag, req, &s, err);

	if (code)
		return code;
	s->answered = index_answered;
	s->failed = ask_member;
	request.key = etcd_borrow(kvs_sn("", 1));
	request.count_only = true;
	return etcd_simple_started(s,
				   etcd_simple_send(s, "/etcdserverpb.KV/Range",
						    (ProtobufCMessage *)&request, ETCD_READ, err));
}

/* ---- status ---- */

static int tell(struct etcd_simple *s, const char *name, const char *value)
{
	struct kvs_entry pair = {
		.size = sizeof(pair),
		.key = kvs_s(name),
		.value = kvs_s(value),
	};

	return etcd_simple_entry(s, &pair);
}

static void tell_number(struct etcd_simple *s, const char *name, uint64_t n)
{
	char text[24];

	(void)snprintf(text, sizeof(text), "%" PRIu64, n);
	(void)tell(s, name, text);
}

static void tell_id(struct etcd_simple *s, const char *name, uint64_t id)
{
	char text[24];

	(void)snprintf(text, sizeof(text), "%" PRIx64, id);
	(void)tell(s, name, id ? text : "none");
}

static void tell_status(struct etcd_simple *s, const Etcdpb__StatusResponse *status)
{
	const Etcdpb__Header *header = status->header;
	size_t i;

	(void)tell(s, "endpoint", etcd_link_name(&s->call.conn->link, s->call.member));
	(void)tell(s, "version", status->version);
	if (header) {
		tell_id(s, "cluster", header->cluster_id);
		tell_id(s, "member", header->member_id);
		tell_number(s, "index", etcd_header(s->call.conn, header));
	}
	tell_id(s, "leader", status->leader);
	tell_number(s, "raft-term", status->raft_term);
	tell_number(s, "raft-index", status->raft_index);
	tell_number(s, "size", (uint64_t)status->db_size);
	tell_number(s, "size-in-use", (uint64_t)status->db_size_in_use);
	if (status->db_size_quota > 0)
		tell_number(s, "quota", (uint64_t)status->db_size_quota);
	if (status->is_learner)
		(void)tell(s, "learner", "yes");
	for (i = 0; i < status->n_errors; i++)
		(void)tell(s, "alarm", status->errors[i]);
}

static void tell_members(struct etcd_simple *s, const Etcdpb__MemberListResponse *list)
{
	size_t i, k;

	tell_number(s, "members", list->n_members);
	for (i = 0; i < list->n_members; i++)
		for (k = 0; k < list->members[i]->n_client_urls; k++)
			(void)tell(s, "client-url", list->members[i]->client_urls[k]);
}

static int ask_for_members(struct etcd_simple *s, struct kvs_err *err)
{
	Etcdpb__MemberListRequest request = ETCDPB__MEMBER_LIST_REQUEST__INIT;
	int code;

	s->step = 1;
	code = etcd_simple_send(s, "/etcdserverpb.Cluster/MemberList", (ProtobufCMessage *)&request,
				ETCD_READ, err);
	return code ? code : 1;
}

static int status_answered(struct etcd_simple *s, struct kvs_reply *reply, struct kvs_err *err)
{
	Etcdpb__MemberListResponse *members;
	Etcdpb__StatusResponse *status;

	(void)reply;
	if (!s->step) {
		status = etcd_call_answer(&s->call, &etcdpb__status_response__descriptor, err);
		if (!status)
			return err->code;
		tell_status(s, status);
		etcd_message_free(status);
		return s->stopped ? 0 : ask_for_members(s, err);
	}
	members = etcd_call_answer(&s->call, &etcdpb__member_list_response__descriptor, err);
	if (!members)
		return err->code;
	tell_members(s, members);
	etcd_message_free(members);
	return 0;
}

/* The list of members is a nicety. */
static int status_failed(struct etcd_simple *s, struct kvs_reply *reply, struct kvs_err *err)
{
	(void)reply;
	return s->step ? 0 : err->code;
}

int etcd_status(void *conn, uint64_t tag, const struct kvs_request *req, struct kvs_err *err)
{
	Etcdpb__StatusRequest request = ETCDPB__STATUS_REQUEST__INIT;
	struct etcd_simple *s;
	int code = etcd_simple_new(conn, tag, req, &s, err);

	if (code)
		return code;
	s->answered = status_answered;
	s->failed = status_failed;
	s->call.member_only = true;
	return etcd_simple_started(s,
				   etcd_simple_send(s, "/etcdserverpb.Maintenance/Status",
						    (ProtobufCMessage *)&request, ETCD_READ, err));
}

/* ---- compact ---- */

static int compact_answered(struct etcd_simple *s, struct kvs_reply *reply, struct kvs_err *err)
{
	Etcdpb__CompactionResponse *answer = etcd_call_answer(
		&s->call, &etcdpb__compaction_response__descriptor, err);

	if (!answer)
		return err->code;
	reply->index = etcd_header(s->call.conn, answer->header);
	etcd_message_free(answer);
	return 0;
}

/* What somebody else compacted is compacted. */
static int compact_failed(struct etcd_simple *s, struct kvs_reply *reply, struct kvs_err *err)
{
	(void)s;
	(void)reply;
	return err->code == KVS_E_COMPACTED ? 0 : err->code;
}

int etcd_compact(void *conn, uint64_t tag, const struct kvs_request *req, struct kvs_err *err)
{
	Etcdpb__CompactionRequest request = ETCDPB__COMPACTION_REQUEST__INIT;
	struct etcd_simple *s;
	int code = etcd_simple_new(conn, tag, req, &s, err);

	if (code)
		return code;
	s->answered = compact_answered;
	s->failed = compact_failed;
	request.revision = (int64_t)req->index;
	return etcd_simple_started(s,
				   etcd_simple_send(s, "/etcdserverpb.KV/Compact",
						    (ProtobufCMessage *)&request, ETCD_READ, err));
}
