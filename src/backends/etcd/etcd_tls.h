/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Credentials of channels from files.  For etcd_link.c only.
 */
#ifndef KVS_ETCD_TLS_H
#define KVS_ETCD_TLS_H

#include "backends/etcd/etcd_link.h"

/* Takes over what the options say.  CONFIG, NOMEM. */
int etcd_tls_init(struct etcd_tls *tls, const struct kvs_opts *opts, bool on, struct kvs_err *err);
void etcd_tls_release(struct etcd_tls *tls);

/* Has any of the files changed since etcd_tls_credentials()? */
bool etcd_tls_changed(const struct etcd_tls *tls);

/* Reads the files anew.  gRPC must run.  SYS (unreadable), CONFIG (not usable), NOMEM. */
int etcd_tls_credentials(struct etcd_tls *tls, grpc_channel_credentials **ret_creds,
			 struct kvs_err *err);

#endif
