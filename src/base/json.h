/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One JSON object a line, and reading such lines.  Whoever links libkvsjson.la pays for json-c;
 * nobody else does.  Bytes that are not UTF-8 (or hold a NUL) stand as {"base64": "..."}.
 *
 * A failure sticks: build the whole object, then kvs_json_line() says whether it went well.
 */
#ifndef KVS_BASE_JSON_H
#define KVS_BASE_JSON_H

#include "base/cleanup.h"

#include <kvsync/kvsync.h>

#include <json-c/json.h>
#include <stdbool.h>
#include <stdio.h>

struct kvs_json {
	struct json_object *root;
	bool failed;
};

/* An empty object.  Free with kvs_json_release(). */
void kvs_json_init(struct kvs_json *j);
void kvs_json_release(struct kvs_json *j);

/* Members; each key is a literal and is added once. */
void kvs_json_text(struct kvs_json *j, const char *key, const char *text);
void kvs_json_bytes(struct kvs_json *j, const char *key, struct kvs_str bytes);
void kvs_json_uint(struct kvs_json *j, const char *key, uint64_t n);
/* An array of strings. */
void kvs_json_texts(struct kvs_json *j, const char *key, const char *const *texts, size_t n);
void kvs_json_bool(struct kvs_json *j, const char *key, bool value);

/* The object as one line without its newline, owned by j; NULL if anything failed (no memory). */
const char *kvs_json_line(struct kvs_json *j);

#define KVS_AUTO_JSON KVS_CLEANUP(kvs_json_release)

/* ---- reading ---- */

/* The whole text as one JSON value; NULL if it is not, and of the value null.  Free with
 * json_object_put(). */
struct json_object *kvs_json_parse(struct kvs_str text);

/* A member of an object, or NULL: there is none, or json is no object. */
struct json_object *kvs_json_member(struct json_object *json, const char *name);

/* The bytes of a string, borrowed; of anything else none. */
struct kvs_str kvs_json_str(struct json_object *json);

/* Is it a whole number that is not negative? */
bool kvs_json_number(struct json_object *json, uint64_t *ret);

#endif
