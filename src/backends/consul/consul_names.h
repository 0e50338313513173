/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The names that the last snapshot of a prefix had, to find those that the next one lacks.  Knows
 * nothing of why.
 */
#ifndef KVS_CONSUL_NAMES_H
#define KVS_CONSUL_NAMES_H

#include <kvsync/kvsync.h>

struct consul_name;

/* Zeros are an empty set. */
struct consul_names {
	struct consul_name *all;
	uint64_t round;
};

/* A snapshot begins. */
void consul_names_begin(struct consul_names *names);
/* It has this name.  NOMEM. */
int consul_names_add(struct consul_names *names, struct kvs_str name, struct kvs_err *err);
/* A name that the snapshot lacks, borrowed until it is forgotten; NULL: there is none (left). */
const char *consul_names_gone(const struct consul_names *names);
void consul_names_forget(struct consul_names *names, const char *name);
/* Forgets all that the snapshot lacks. */
void consul_names_end(struct consul_names *names);
void consul_names_release(struct consul_names *names);

#endif
