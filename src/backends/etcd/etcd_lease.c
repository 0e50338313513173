/* SPDX-License-Identifier: Apache-2.0 */
/* Leases.  A grant that was lost ends by itself and a renewal can be repeated: both are asked for
 * again like reads. */
#include "backends/etcd/etcd_range.h"
#include "backends/etcd/etcd_simple.h"

#include "base/err.h"
#include "base/str.h"

#include <inttypes.h>
#include <stdio.h>

#define MAX_TTL_S 9000000000 /* etcd's */

static int put_lease(struct kvs_reply *reply, int64_t id, int64_t seconds, struct kvs_err *err)
{
	char name[ETCD_LEASE_SIZE];

	if (seconds <= 0 || seconds > MAX_TTL_S)
		return kvs_err_set(err, KVS_E_PROTOCOL, "etcd gave a lease of %" PRId64 " seconds",
				   seconds);
	etcd_lease_print(name, id);
	(void)snprintf(reply->lease, sizeof(reply->lease), "%s", name);
	reply->ttl = (uint64_t)seconds * 1000;
	return 0;
}

/* ---- grant ---- */

static int granted(struct etcd_simple *s, struct kvs_reply *reply, struct kvs_err *err)
{
	Etcdpb__LeaseGrantResponse *answer = etcd_call_answer(
		&s->call, &etcdpb__lease_grant_response__descriptor, err);
	int code;

	if (!answer)
		return err->code;
	reply->index = etcd_header(s->call.conn, answer->header);
	if (*answer->error)
		code = kvs_err_set(err, KVS_E_PROTOCOL, "etcd grants no lease: %s",
				   KVS_Q(kvs_s(answer->error)));
	else
		code = put_lease(reply, answer->id, answer->ttl, err);
	etcd_message_free(answer);
	return code;
}

static int send_grant(struct etcd_simple *s, uint64_t ttl_ms, struct kvs_err *err)
{
	Etcdpb__LeaseGrantRequest request = ETCDPB__LEASE_GRANT_REQUEST__INIT;
	uint64_t seconds = ttl_ms / 1000 + !!(ttl_ms % 1000);

	s->answered = granted;
	request.ttl = (int64_t)(seconds < MAX_TTL_S ? seconds : MAX_TTL_S);
	return etcd_simple_send(s, "/etcdserverpb.Lease/LeaseGrant", (ProtobufCMessage *)&request,
				ETCD_READ, err);
}

/* ---- keepalive ---- */

static int kept(struct etcd_simple *s, struct kvs_reply *reply, struct kvs_err *err)
{
	Etcdpb__LeaseKeepAliveResponse *answer = etcd_call_answer(
		&s->call, &etcdpb__lease_keep_alive_response__descriptor, err);
	int code;

	if (!answer)
		return err->code;
	reply->index = etcd_header(s->call.conn, answer->header);
	if (answer->ttl <= 0)
		code = kvs_err_set(err, KVS_E_NOTFOUND, "the lease is over");
	else
		code = put_lease(reply, answer->id, answer->ttl, err);
	etcd_message_free(answer);
	return code;
}

/* etcd's method is a stream; one question and a closed end get one answer. */
static int send_keepalive(struct etcd_simple *s, int64_t id, struct kvs_err *err)
{
	Etcdpb__LeaseKeepAliveRequest request = ETCDPB__LEASE_KEEP_ALIVE_REQUEST__INIT;

	s->answered = kept;
	request.id = id;
	return etcd_simple_send(s, "/etcdserverpb.Lease/LeaseKeepAlive",
				(ProtobufCMessage *)&request, ETCD_READ, err);
}

/* ---- revoke ---- */

static int revoked(struct etcd_simple *s, struct kvs_reply *reply, struct kvs_err *err)
{
	Etcdpb__LeaseRevokeResponse *answer = etcd_call_answer(
		&s->call, &etcdpb__lease_revoke_response__descriptor, err);

	if (!answer)
		return err->code;
	reply->index = etcd_header(s->call.conn, answer->header);
	etcd_message_free(answer);
	return 0;
}

static int send_revoke(struct etcd_simple *s, int64_t id, struct kvs_err *err)
{
	Etcdpb__LeaseRevokeRequest request = ETCDPB__LEASE_REVOKE_REQUEST__INIT;

	s->answered = revoked;
	request.id = id;
	return etcd_simple_send(s, "/etcdserverpb.Lease/LeaseRevoke", (ProtobufCMessage *)&request,
				ETCD_WRITE, err);
}

int etcd_lease(void *conn, uint64_t tag, const struct kvs_request *req, struct kvs_err *err)
{
	struct etcd_simple *s;
	int64_t id = 0;
	int code;

	if (req->lease_op != KVS_LEASE_GRANT && !etcd_lease_parse(req->key, &id))
		return kvs_err_set(err, KVS_E_NOTFOUND, "no lease %s", KVS_Q(req->key));
	code = etcd_simple_new(conn, tag, req, &s, err);
	if (code)
		return code;
	switch (req->lease_op) {
	case KVS_LEASE_GRANT:
		code = send_grant(s, req->ttl, err);
		break;
	case KVS_LEASE_KEEPALIVE:
		code = send_keepalive(s, id, err);
		break;
	default:
		code = send_revoke(s, id, err);
		break;
	}
	return etcd_simple_started(s, code);
}
