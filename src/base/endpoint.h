/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The servers of a store, as its options name them, and whether TLS is spoken to them.  Shared by
 * the backends that have servers.  Knows words and numbers only: nothing is looked up or connected.
 *
 *	host:8500  [::1]:8500  host  http://host:8500  https://host:8501  unix:///run/x.sock
 *
 * TLS is on with https://, off with http://.  Without a scheme it is on when a ca-file, cert-file
 * or key-file is given, unless insecure-transport is.  One answer holds for the whole list.
 */
#ifndef KVS_BASE_ENDPOINT_H
#define KVS_BASE_ENDPOINT_H

#include "base/buf.h"
#include "base/cleanup.h"

#include <kvsync/backend.h>

#include <stdbool.h>
#include <stdint.h>

/* No list is longer, whether it comes from options or from DNS. */
#define KVS_MAX_ENDPOINTS 64

struct kvs_endpoint {
	char *host;    /* a name or an address without brackets; a socket's absolute path */
	uint16_t port; /* 0: a Unix socket */
};

/* Zeros are an empty list. */
struct kvs_endpoints {
	struct kvs_endpoint *all; /* in the order of preference */
	size_t n;
	bool tls;
};

/*
 * Reads "endpoints" and what decides on TLS.  Where no port is given, plain_port or tls_port
 * stands. No endpoint at all: 127.0.0.1, or an empty list if "srv" is given (which may not stand
 * beside endpoints).  CONFIG, NOMEM.  Free with kvs_endpoints_release().
 */
int kvs_endpoints_read(const struct kvs_opts *opts, uint16_t plain_port, uint16_t tls_port,
		       struct kvs_endpoints *ret_list, struct kvs_err *err);

/* One server without a scheme: HOST, HOST:PORT or [IPv6]:PORT; its host is fresh memory.  ARG,
 * NOMEM. */
int kvs_endpoint_parse(const char *word, uint16_t default_port, struct kvs_endpoint *ret_endpoint,
		       struct kvs_err *err);

/* Appends; copies the host.  TOOBIG (KVS_MAX_ENDPOINTS), NOMEM. */
int kvs_endpoints_add(struct kvs_endpoints *list, const char *host, uint16_t port,
		      struct kvs_err *err);

/* Frees what the list holds. */
void kvs_endpoints_release(struct kvs_endpoints *list);

/* Appends host:port, [v6]:port or unix://PATH. */
void kvs_endpoint_print(const struct kvs_endpoint *endpoint, struct kvs_buf *buf);

#define KVS_AUTO_ENDPOINTS KVS_CLEANUP(kvs_endpoints_release)

#endif
