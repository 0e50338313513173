/* SPDX-License-Identifier: Apache-2.0 */
#include "backends/consul/consul_json.h"

#include "base/base64.h"
#include "base/err.h"
#include "base/json.h"
#include "base/str.h"

#include <limits.h>
#include <string.h>

/* Far above what a server stores in one key, even one whose limit was raised. */
#define MAX_MEMBER (64u << 20)

/* ---- arrays ---- */

int consul_array_init(struct consul_array *a, struct kvs_err *err)
{
	*a = (struct consul_array){ .tok = json_tokener_new() };
	if (!a->tok)
		return kvs_err_oom(err);
	json_tokener_set_flags(a->tok, JSON_TOKENER_STRICT | JSON_TOKENER_ALLOW_TRAILING_CHARS);
	return 0;
}

void consul_array_reset(struct consul_array *a)
{
	json_tokener_reset(a->tok);
	a->state = CONSUL_ARRAY_BEFORE;
	a->member_bytes = 0;
}

void consul_array_release(struct consul_array *a)
{
	if (a->tok)
		json_tokener_free(a->tok);
	a->tok = NULL;
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\n' || c == '\r' || c == '\t';
}

static int malformed(struct kvs_err *err)
{
	return kvs_err_set(err, KVS_E_PROTOCOL, "the answer is not the JSON that Consul sends");
}

/* A byte between members. */
static int take_mark(struct consul_array *a, char c, struct kvs_err *err)
{
	if (a->state == CONSUL_ARRAY_BEFORE && c == '[')
		a->state = CONSUL_ARRAY_OPEN;
	else if (a->state == CONSUL_ARRAY_NEXT && c == ',')
		a->state = CONSUL_ARRAY_MEMBER;
	else if ((a->state == CONSUL_ARRAY_NEXT || a->state == CONSUL_ARRAY_OPEN) && c == ']')
		a->state = CONSUL_ARRAY_CLOSED;
	else
		return malformed(err);
	return 0;
}

/* Bytes of a member; *ret_used of them belonged to it. */
static int take_member(struct consul_array *a, const char *p, size_t n, size_t *ret_used,
		       consul_member_fn *fn, void *arg, struct kvs_err *err)
{
	int part = n < INT_MAX ? (int)n : INT_MAX;
	struct json_object *member = json_tokener_parse_ex(a->tok, p, part);
	enum json_tokener_error why = json_tokener_get_error(a->tok);
	int code;

	*ret_used = json_tokener_get_parse_end(a->tok);
	a->member_bytes += *ret_used;
	if (why == json_tokener_continue) {
		*ret_used = (size_t)part;
		if (a->member_bytes > MAX_MEMBER)
			return kvs_err_set(err, KVS_E_TOOBIG, "one entry is over %u bytes",
					   MAX_MEMBER);
		return 0;
	}
	if (why != json_tokener_success)
		return malformed(err);
	code = fn(arg, member, err);
	(void)json_object_put(member);
	a->state = CONSUL_ARRAY_NEXT;
	a->member_bytes = 0;
	return code;
}

/* Does the byte begin a member, or go on with one? */
static bool in_member(const struct consul_array *a, char c)
{
	if (a->state == CONSUL_ARRAY_MEMBER)
		return a->member_bytes || !is_blank(c);
	return a->state == CONSUL_ARRAY_OPEN && c != ']' && !is_blank(c);
}

int consul_array_feed(struct consul_array *a, const char *p, size_t n, consul_member_fn *fn,
		      void *arg, struct kvs_err *err)
{
	const char *end = p + n;
	int code = 0;

	while (p < end && !code) {
		size_t used = 1;

		if (in_member(a, *p)) {
			a->state = CONSUL_ARRAY_MEMBER;
			code = take_member(a, p, (size_t)(end - p), &used, fn, arg, err);
		} else if (!is_blank(*p)) {
			code = take_mark(a, *p, err);
		}
		p += used;
	}
	return code;
}

int consul_array_end(const struct consul_array *a, struct kvs_err *err)
{
	if (a->state != CONSUL_ARRAY_CLOSED)
		return kvs_err_set(err, KVS_E_PROTOCOL, "the answer's JSON ends too early");
	return 0;
}

/* ---- entries ---- */

static int read_value(struct json_object *json, struct kvs_buf *value, struct kvs_err *err)
{
	struct kvs_str text = kvs_json_str(json);

	kvs_buf_reset(value);
	if (kvs_base64_decode(value, text, NULL))
		return kvs_err_set(err, KVS_E_PROTOCOL, "a value in the answer is not base64");
	return kvs_buf_check(value, "a value in the answer", err);
}

int consul_entry_read(struct json_object *json, bool keys_only, struct kvs_buf *value,
		      struct kvs_entry *ret_entry, struct kvs_err *err)
{
	struct kvs_entry e = { .size = sizeof(e) };
	int code;

	e.key = kvs_json_str(kvs_json_member(json, "Key"));
	if (!e.key.n || !kvs_json_number(kvs_json_member(json, "ModifyIndex"), &e.mod_index) ||
	    !kvs_json_number(kvs_json_member(json, "CreateIndex"), &e.create_index) ||
	    !kvs_json_number(kvs_json_member(json, "Flags"), &e.flags))
		return malformed(err);
	e.lease = kvs_json_str(kvs_json_member(json, "Session"));
	if (!keys_only) {
		code = read_value(kvs_json_member(json, "Value"), value, err);
		if (code)
			return code;
		e.value = kvs_buf_slice(value);
	}
	*ret_entry = e;
	return 0;
}

/* ---- writing ---- */

/* What stands for the byte between quotes, or NULL: the byte itself. */
static const char *escape_of(unsigned char c, char room[8])
{
	static const char digits[] = "0123456789abcdef";

	if (c == '"')
		return "\\\"";
	if (c == '\\')
		return "\\\\";
	if (c >= 0x20)
		return NULL;
	memcpy(room, "\\u00", 4);
	room[4] = digits[c >> 4];
	room[5] = digits[c & 15];
	room[6] = '\0';
	return room;
}

void consul_json_string(struct kvs_buf *b, struct kvs_str s)
{
	const unsigned char *p = s.p;
	char room[8];

	kvs_buf_char(b, '"');
	for (size_t i = 0; i < s.n; i++) {
		const char *escape = escape_of(p[i], room);

		if (escape)
			kvs_buf_str(b, escape);
		else
			kvs_buf_char(b, (char)p[i]);
	}
	kvs_buf_char(b, '"');
}

uint64_t consul_json_string_size(struct kvs_str s)
{
	const unsigned char *p = s.p;
	uint64_t size = 2;
	char room[8];

	for (size_t i = 0; i < s.n; i++) {
		const char *escape = escape_of(p[i], room);

		size += escape ? strlen(escape) : 1;
	}
	return size;
}
