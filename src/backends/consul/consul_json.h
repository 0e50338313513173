/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Consul's JSON, decoded as it arrives: an array is handed on member by member and never held as
 * one tree.  Knows nothing of requests.
 */
#ifndef KVS_CONSUL_JSON_H
#define KVS_CONSUL_JSON_H

#include "base/buf.h"

#include <kvsync/backend.h>

#include <json-c/json.h>
#include <stdbool.h>

/* ---- arrays ---- */

enum consul_array_state {
	CONSUL_ARRAY_BEFORE, /* its "[" */
	CONSUL_ARRAY_OPEN,   /* a member, or "]" of an empty array */
	CONSUL_ARRAY_MEMBER, /* a member, or the rest of one */
	CONSUL_ARRAY_NEXT,   /* "," or "]" */
	CONSUL_ARRAY_CLOSED,
};

/* Zeros are a new one, but for the tokener. */
struct consul_array {
	struct json_tokener *tok;
	enum consul_array_state state;
	uint64_t member_bytes; /* of the member at hand so far */
};

/* member is borrowed.  Nonzero ends the decoding and is returned. */
typedef int consul_member_fn(void *arg, struct json_object *member, struct kvs_err *err);

/* NOMEM. */
int consul_array_init(struct consul_array *a, struct kvs_err *err);
/* Ready for another array. */
void consul_array_reset(struct consul_array *a);
void consul_array_release(struct consul_array *a);

/* Takes the next bytes of the text.  PROTOCOL, TOOBIG (one member), or what fn returned. */
int consul_array_feed(struct consul_array *a, const char *p, size_t n, consul_member_fn *fn,
		      void *arg, struct kvs_err *err);
/* Was that all of it?  PROTOCOL. */
int consul_array_end(const struct consul_array *a, struct kvs_err *err);

/* ---- single things ---- */

/*
 * Reads one entry of /v1/kv.  The entry borrows from json and from value, in which the decoded
 * value is put (it must be initialised; what it held goes).  PROTOCOL, NOMEM, TOOBIG.
 */
int consul_entry_read(struct json_object *json, bool keys_only, struct kvs_buf *value,
		      struct kvs_entry *ret_entry, struct kvs_err *err);

/* Appends a JSON string with its quotes.  s is UTF-8. */
void consul_json_string(struct kvs_buf *b, struct kvs_str s);
/* The bytes that consul_json_string() appends. */
uint64_t consul_json_string_size(struct kvs_str s);

#endif
