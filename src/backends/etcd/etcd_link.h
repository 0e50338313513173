/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The members of the cluster and a gRPC channel to each.  One channel a member, so that certificates
 * are checked against the name of the very member, names are looked up by gRPC without blocking,
 * and it is known which member failed; going on to the next one is etcd_call.c's and
 * etcd_stream.c's.  Knows nothing of requests.
 */
#ifndef KVS_ETCD_LINK_H
#define KVS_ETCD_LINK_H

#include "base/endpoint.h"

#include <kvsync/backend.h>

#include <grpc/grpc.h>

struct etcd_member {
	size_t id;    /* not another's as long as the link lives; never 0 */
	char *target; /* as gRPC wants it */
	char *name;   /* for people: host:port */
	grpc_channel *channel;
	bool failed; /* could not be reached when it was last tried */
};

/* Paths and settings of TLS, copied from the options. */
struct etcd_tls {
	bool on;
	char *ca_file, *cert_file, *key_file, *key_password_file;
	char *server_name;
	bool any_certificate;
	int64_t loaded; /* the newest change of those files when the channels were made, ns */
};

struct etcd_link {
	struct etcd_member *all;
	size_t n;
	size_t current; /* where the next call goes */
	size_t last_id;
	struct etcd_tls tls;
	uint64_t dial_timeout; /* ms */
	grpc_channel_credentials *creds;
};

/* Reads what the options say of TLS and time limits.  CONFIG, NOMEM. */
int etcd_link_init(struct etcd_link *link, const struct kvs_opts *opts, bool tls,
		   struct kvs_err *err);
void etcd_link_release(struct etcd_link *link);

/* Sets the members, in an order of chance if `shuffle`.  One that was there before keeps its id, its channel
 * and with that its connection.  NOMEM: all is as before. */
int etcd_link_set(struct etcd_link *link, const struct kvs_endpoints *list, bool shuffle,
		  struct kvs_err *err);

/* The channel to use now, and the id of the member that it belongs to.  CONFIG or SYS (TLS files), NOMEM,
 * UNAVAILABLE (there are no members). */
int etcd_link_channel(struct etcd_link *link, grpc_channel **ret_channel, size_t *ret_member,
		      struct kvs_err *err);

/* A member did not answer as it should: later calls go to the next one. */
void etcd_link_failed(struct etcd_link *link, size_t id);
/* A member answered. */
void etcd_link_worked(struct etcd_link *link, size_t id);

/* For messages; also for a member that is gone from the list. */
const char *etcd_link_name(const struct etcd_link *link, size_t id);

#endif
