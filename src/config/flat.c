/* SPDX-License-Identifier: Apache-2.0 */
#include "config/flat.h"

#include "base/alloc.h"
#include "base/err.h"
#include "base/str.h"
#include "base/suggest.h"
#include "config/loader.h"

#include <string.h>

struct value {
	const char *text;	  /* NULL: none, or an empty one */
	struct kvs_config_pos at; /* line 0: the name does not stand there */
};

struct kvs_flat {
	struct kvs_config *config; /* owns the texts */
	struct value values[];
};

struct flat_loader {
	struct loader l; /* first: what it is handed round as */
	const char *const *names;
	struct kvs_flat *flat;
};

static void tell_unknown(const struct flat_loader *f, const char *key, const yaml_node_t *key_node)
{
	struct kvs_suggestion near = KVS_SUGGESTION(key);

	for (size_t i = 0; f->names[i]; i++)
		kvs_suggest(&near, f->names[i]);
	problem_warning(f->l.problems, node_pos(&f->l, key_node),
			"unknown key \"%s\" is ignored%s%s%s", KVS_Q(kvs_s(key)),
			near.best ? "; did you mean \"" : "", near.best ? near.best : "",
			near.best ? "\"?" : "");
}

static void take_value(struct flat_loader *f, size_t i, const yaml_node_t *key_node,
		       const yaml_node_t *node)
{
	struct value *value = &f->flat->values[i];
	const struct kvs_config_pos first = value->at;

	value->at = node_pos(&f->l, key_node);
	if (first.line)
		problem_duplicate(f->l.problems, value->at, f->names[i], first);
	else if (!node_is_empty(node))
		value->text = node_value(&f->l, node, f->names[i]);
}

static void take_pair(struct loader *l, const char *key, const yaml_node_t *key_node,
		      const yaml_node_t *node, void *arg)
{
	struct flat_loader *f = arg;
	size_t i = 0;

	while (f->names[i] && strcmp(f->names[i], key) != 0)
		i++;
	if (f->names[i])
		take_value(f, i, key_node, node);
	else
		tell_unknown(f, key, key_node);
}

static void take_top(struct loader *l, const yaml_node_t *mapping)
{
	node_each(l, mapping, take_pair, l);
}

static struct kvs_flat *flat_new(const char *const *names)
{
	struct kvs_flat *flat;
	size_t n = 0;

	while (names[n])
		n++;
	flat = kvs_zalloc(sizeof(*flat) + n * sizeof(flat->values[0]));
	if (flat)
		flat->config = kvs_zalloc(sizeof(*flat->config));
	if (flat && flat->config)
		return flat;
	kvs_flat_free(flat);
	return NULL;
}

int kvs_flat_load(const char *path, const char *const *names,
		  const struct kvs_config_report *report, struct kvs_flat **ret_flat,
		  struct kvs_err *err)
{
	KVS_AUTO_FLAT struct kvs_flat *flat = flat_new(names);
	struct problems p = { .report = report };
	struct flat_loader f = { .l = { .problems = &p }, .names = names, .flat = flat };
	int rc;

	if (!flat)
		return kvs_err_oom(err);
	f.l.config = flat->config;
	load_file(&f.l, path, take_top);
	rc = problems_result(&p, err);
	if (rc == 0)
		*ret_flat = kvs_steal_ptr(flat);
	return rc;
}

const char *kvs_flat_get(const struct kvs_flat *flat, size_t i, struct kvs_config_pos *ret_at)
{
	if (ret_at)
		*ret_at = flat->values[i].at;
	return flat->values[i].text;
}

void kvs_flat_free(struct kvs_flat *flat)
{
	if (flat)
		kvs_config_free(flat->config);
	kvsi_free(flat);
}
