/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What must be there before anything is sent: gRPC, the members' names (which may have to be looked
 * up) and, with a user, a token.  Calls and streams wait here for it.
 */
#ifndef KVS_ETCD_GATE_H
#define KVS_ETCD_GATE_H

#include "backends/etcd/etcd.h"

/* Embedded in what waits.  go runs once: code 0, or why it will not be; never inside
 * etcd_gate_pass(). */
struct etcd_waiter {
	void (*go)(struct etcd_waiter *waiter, int code, const struct kvs_err *err);
	struct etcd_waiter *prev, *next;
	struct etcd_waiter **list; /* in which it waits, or NULL */
};

/* 1: go on; 0: go() will be called; or CONFIG, SYS, NOMEM. */
int etcd_gate_pass(struct etcd_conn *conn, struct etcd_waiter *waiter, struct kvs_err *err);

/* Forgets a waiter; one that does not wait is fine. */
void etcd_gate_leave(struct etcd_waiter *waiter);

/* What was missing is there, or cannot be had (code): lets all go who wait now. */
void etcd_gate_open(struct etcd_conn *conn, int code, const struct kvs_err *err);

/* Part of dispatch(): an answered lookup, a login whose time has come. */
void etcd_gate_dispatch(struct etcd_conn *conn);

/* Looks the members up again, if they come from DNS. */
void etcd_gate_lookup(struct etcd_conn *conn);

/* Makes dispatch() be called in `ms`. */
void etcd_gate_timer(struct etcd_conn *conn, uint64_t ms);

#endif
