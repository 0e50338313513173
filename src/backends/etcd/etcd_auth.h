/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who we are to etcd: a user's token, fetched with his password when it is needed and kept in a file
 * for the next program of the same account, or a token that an administrator gave us in a file.
 */
#ifndef KVS_ETCD_AUTH_H
#define KVS_ETCD_AUTH_H

#include "backends/etcd/etcd.h"

/* Of the token, for one request: by what another program kept, then by a login. */
#define ETCD_MAX_RENEWALS 2

/* Reads the options; name is the store's.  conn->auth stays NULL without credentials.  CONFIG, SYS,
 * NOMEM. */
int etcd_auth_init(struct etcd_conn *conn, const struct kvs_opts *opts, const char *name,
		   struct kvs_err *err);
void etcd_auth_release(struct etcd_conn *conn);

/* Is the token there?  If not, a login is under way or waits for its time. */
bool etcd_auth_ready(struct etcd_conn *conn);

/* The token to send, NULL: none; and its number, which rises with each new one. */
const char *etcd_auth_token(const struct etcd_conn *conn, uint64_t *ret_number);

/* etcd answered a call that had this token. */
void etcd_auth_worked(struct etcd_conn *conn, uint64_t number);

/* This token was not accepted.  False: there is no way to get another. */
bool etcd_auth_renew(struct etcd_conn *conn, uint64_t number);

/* For close(): ends a login under way. */
void etcd_auth_cancel(struct etcd_conn *conn);

/* Begins what etcd_auth_ready() waits for, if it is time. */
void etcd_auth_dispatch(struct etcd_conn *conn);

#endif
