/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/event_consul.h"

#include "base/base64.h"
#include "base/err.h"
#include "base/json.h"
#include "base/str.h"

static bool is_of(struct json_object *json, struct kvs_str key)
{
	return kvs_str_eq(kvs_json_str(kvs_json_member(json, "Key")), key);
}

/* Borrowed from the event; NULL if there is none. */
static struct json_object *find(struct json_object *event, struct kvs_str key)
{
	size_t n;

	if (!json_object_is_type(event, json_type_array))
		return is_of(event, key) ? event : NULL;
	n = json_object_array_length(event);
	for (size_t i = 0; i < n; i++) {
		struct json_object *member = json_object_array_get_idx(event, i);

		if (is_of(member, key))
			return member;
	}
	return NULL;
}

/* Of an empty value Consul says null. */
static int read_entry(struct json_object *json, struct kvs_buf *value, struct kvs_entry *entry,
		      struct kvs_err *err)
{
	int rc = kvs_base64_decode(value, kvs_json_str(kvs_json_member(json, "Value")), NULL);

	if (rc || !kvs_json_number(kvs_json_member(json, "ModifyIndex"), &entry->mod_index))
		return kvs_err_set(err, KVS_E_PROTOCOL, "it is not an entry as Consul sends it");
	entry->value = kvs_buf_slice(value);
	return kvs_buf_check(value, "the value", err);
}

int event_consul_find(struct kvs_str text, struct kvs_str key, struct kvs_buf *value,
		      struct kvs_entry *entry, struct kvs_err *err)
{
	struct json_object *event = kvs_json_parse(text);
	struct json_object *found;
	int rc;

	if (kvs_str_starts(key, kvs_s("/")))
		key = kvs_str_skip(key, 1);
	found = find(event, key);
	rc = found ? read_entry(found, value, entry, err)
		   : kvs_err_set(err, KVS_E_NOTFOUND, "it does not tell of %s", KVS_Q(key));
	(void)json_object_put(event);
	return rc;
}
