/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Servers from a DNS SRV record (RFC 2782).  The lookup runs on a thread of its own, since the
 * resolver blocks; the caller polls a descriptor.
 *
 * For tests KVS_DNS_SERVER=ADDRESS:PORT (IPv4; ignored in set-id programs) names the resolver.
 */
#ifndef KVS_BASE_SRV_H
#define KVS_BASE_SRV_H

#include "base/endpoint.h"

struct kvs_srv;

/* Begins to look up a record such as "_etcd-client._tcp.example.org".  Copies it.  CONFIG (not a
 * name), SYS, NOMEM. */
int kvs_srv_start(const char *record, struct kvs_srv **ret_srv, struct kvs_err *err);

/* Readable when the answer is there; the lookup owns it. */
int kvs_srv_fd(const struct kvs_srv *srv);
bool kvs_srv_ready(const struct kvs_srv *srv);

/*
 * Takes the answer; blocks if it is not there yet.  Appends the servers, the preferred first: by
 * priority, and within one by chance according to weight.  UNAVAILABLE (no answer, no such
 * record, the service is said not to exist), PROTOCOL, NOMEM.
 */
int kvs_srv_finish(struct kvs_srv *srv, struct kvs_endpoints *list, struct kvs_err *err);

/* Frees; a lookup that still runs is left to end by itself.  NULL is fine. */
void kvs_srv_free(struct kvs_srv *srv);

/* The servers of one DNS message, in order; what kvs_srv_finish() uses.  PROTOCOL, UNAVAILABLE,
 * NOMEM. */
int kvs_srv_decode(const char *record, const unsigned char *message, size_t n,
		   struct kvs_endpoints *list, struct kvs_err *err);

#endif
