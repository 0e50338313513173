/* SPDX-License-Identifier: Apache-2.0 */
#include "base/json.h"

#include "base/base64.h"
#include "base/buf.h"
#include "base/str.h"

#include <limits.h>

void kvs_json_init(struct kvs_json *j)
{
	j->root = json_object_new_object();
	j->failed = !j->root;
}

void kvs_json_release(struct kvs_json *j)
{
	json_object_put(j->root);
	j->root = NULL;
}

/* Takes the value, which is NULL when there was no memory for it. */
static void add(struct kvs_json *j, const char *key, struct json_object *value)
{
	const unsigned once = JSON_C_OBJECT_ADD_KEY_IS_NEW | JSON_C_OBJECT_ADD_CONSTANT_KEY;

	if (!j->failed && value && json_object_object_add_ex(j->root, key, value, once) == 0)
		return;
	j->failed = true;
	json_object_put(value);
}

static struct json_object *base64_object(struct kvs_str bytes)
{
	struct kvs_buf text KVS_AUTO_BUF;
	struct kvs_json wrap;

	kvs_buf_init(&text, INT_MAX);
	kvs_base64_encode(&text, bytes);
	if (kvs_buf_failed(&text))
		return NULL;
	kvs_json_init(&wrap);
	add(&wrap, "base64", json_object_new_string_len(text.data, (int)text.len));
	if (wrap.failed)
		kvs_json_release(&wrap);
	return wrap.root;
}

void kvs_json_text(struct kvs_json *j, const char *key, const char *text)
{
	add(j, key, json_object_new_string(text));
}

void kvs_json_bytes(struct kvs_json *j, const char *key, struct kvs_str bytes)
{
	if (bytes.n <= INT_MAX && kvs_str_is_utf8(bytes))
		add(j, key, json_object_new_string_len(bytes.n ? bytes.p : "", (int)bytes.n));
	else
		add(j, key, base64_object(bytes));
}

void kvs_json_texts(struct kvs_json *j, const char *key, const char *const *texts, size_t n)
{
	struct json_object *array = json_object_new_array();

	for (size_t i = 0; i < n && array; i++) {
		struct json_object *text = json_object_new_string(texts[i]);

		if (!text || json_object_array_add(array, text) != 0) {
			json_object_put(text);
			json_object_put(array);
			array = NULL;
		}
	}
	add(j, key, array);
}

void kvs_json_uint(struct kvs_json *j, const char *key, uint64_t n)
{
	add(j, key, json_object_new_uint64(n));
}

void kvs_json_bool(struct kvs_json *j, const char *key, bool value)
{
	add(j, key, json_object_new_boolean(value));
}

const char *kvs_json_line(struct kvs_json *j)
{
	if (j->failed)
		return NULL;
	return json_object_to_json_string_ext(j->root, JSON_C_TO_STRING_PLAIN |
							       JSON_C_TO_STRING_NOSLASHESCAPE);
}

/* ---- reading ---- */

struct json_object *kvs_json_parse(struct kvs_str text)
{
	struct json_tokener *tok = text.n < INT_MAX ? json_tokener_new() : NULL;
	struct json_object *json;

	if (!tok)
		return NULL;
	json_tokener_set_flags(tok, JSON_TOKENER_STRICT);
	json = json_tokener_parse_ex(tok, text.n ? text.p : "", (int)text.n);
	/* A number or a literal may go on: the end must be told. */
	if (json_tokener_get_error(tok) == json_tokener_continue)
		json = json_tokener_parse_ex(tok, "", 1);
	if (json_tokener_get_error(tok) != json_tokener_success) {
		(void)json_object_put(json);
		json = NULL;
	}
	json_tokener_free(tok);
	return json;
}

struct json_object *kvs_json_member(struct json_object *json, const char *name)
{
	struct json_object *found = NULL;

	(void)json_object_object_get_ex(json, name, &found);
	return found;
}

struct kvs_str kvs_json_str(struct json_object *json)
{
	if (!json_object_is_type(json, json_type_string))
		return kvs_sn(NULL, 0);
	return kvs_sn(json_object_get_string(json), (size_t)json_object_get_string_len(json));
}

bool kvs_json_number(struct json_object *json, uint64_t *ret)
{
	/* Read as signed, what is too big for that is INT64_MAX. */
	if (!json_object_is_type(json, json_type_int) || json_object_get_int64(json) < 0)
		return false;
	*ret = json_object_get_uint64(json);
	return true;
}
