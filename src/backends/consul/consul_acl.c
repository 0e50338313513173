/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Servers before 1.11 leave out of a listing what access rules hide, and do not say so.  Whether
 * there are rules at all, and whether our token is above them, they tell when asked for the token.
 */
#include "backends/consul/consul.h"

#include "base/json.h"

#include <string.h>

/* The built-in policy that allows everything. */
#define MANAGEMENT_POLICY "00000000-0000-0000-0000-000000000001"

static bool is_management(struct kvs_str text)
{
	struct json_object *json = kvs_json_parse(text);
	struct json_object *policies = kvs_json_member(json, "Policies");
	bool found = false;
	size_t n = json_object_is_type(policies, json_type_array)
			   ? json_object_array_length(policies)
			   : 0;

	for (size_t i = 0; i < n && !found; i++) {
		struct json_object *id = kvs_json_member(json_object_array_get_idx(policies, i),
							 "ID");

		found = json_object_is_type(id, json_type_string) &&
			strcmp(json_object_get_string(id), MANAGEMENT_POLICY) == 0;
	}
	(void)json_object_put(json);
	return found;
}

void consul_acl_learn(struct consul *c, const struct consul_answer *answer)
{
	bool off = answer->status == 401 && memmem(answer->text.p, answer->text.n, "disabled", 8);

	if (off || (answer->status == 200 && is_management(answer->text)))
		c->acl = CONSUL_ACL_NONE;
	else if (answer->status)
		c->acl = CONSUL_ACL_SOME;
}

int consul_acl_call(struct consul *c, void (*done)(void *arg, const struct consul_answer *answer),
		    void *arg, struct consul_call **ret_call, struct kvs_err *err)
{
	struct kvs_buf path;
	const struct consul_call_spec spec = {
		.method = "GET",
		.what = "token",
		.path = &path,
		.done = done,
		.arg = arg,
	};

	kvs_buf_init(&path, 64);
	kvs_buf_str(&path, "/v1/acl/token/self");
	return consul_call_start(c, &spec, ret_call, err);
}
