/* SPDX-License-Identifier: Apache-2.0 */
/*
 * libyaml's document API.  Aliases come out of it as further references to one node: nothing is
 * copied, and since the schema bounds the depth and the caps bound the rest, a bomb of them has
 * nothing to explode.
 */
#include "config/loader.h"

#include "base/err.h"
#include "base/str.h"

#include <string.h>

#define YAML_TAG_PREFIX "tag:yaml.org,2002:"

/* ---- nodes ---- */

static struct kvs_config_pos mark_pos(const struct loader *l, const yaml_mark_t *mark)
{
	return (struct kvs_config_pos){ .file = l->file,
					.line = (uint32_t)mark->line + 1,
					.column = (uint32_t)mark->column + 1 };
}

struct kvs_config_pos node_pos(const struct loader *l, const yaml_node_t *node)
{
	return mark_pos(l, &node->start_mark);
}

static const char *type_name(yaml_node_type_t type)
{
	switch (type) {
	case YAML_MAPPING_NODE:
		return "a mapping";
	case YAML_SEQUENCE_NODE:
		return "a list";
	default:
		return "a single value";
	}
}

/* "key: !include x" asks for something that we do not do. */
static bool has_own_tag(const yaml_node_t *node)
{
	const char *tag = (const char *)node->tag;

	return tag && strncmp(tag, YAML_TAG_PREFIX, strlen(YAML_TAG_PREFIX)) != 0;
}

bool node_expect(struct loader *l, const yaml_node_t *node, yaml_node_type_t type, const char *what)
{
	if (node->type != type) {
		problem(l->problems, node_pos(l, node), "%s must be %s, not %s", what,
			type_name(type), type_name(node->type));
		return false;
	}
	if (has_own_tag(node)) {
		problem(l->problems, node_pos(l, node),
			"%s has the tag \"%s\"; tags have no meaning here", what,
			KVS_Q(kvs_s((const char *)node->tag)));
		return false;
	}
	return true;
}

static bool is_null(const yaml_node_t *node)
{
	static const char *const words[] = { "", "~", "null", "Null", "NULL" };
	const char *text = (const char *)node->data.scalar.value;

	if (node->data.scalar.style != YAML_PLAIN_SCALAR_STYLE)
		return false;
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if (strcmp(text, words[i]) == 0)
			return true;
	}
	return false;
}

bool node_is_empty(const yaml_node_t *node)
{
	return node->type == YAML_SCALAR_NODE && (node->data.scalar.length == 0 || is_null(node));
}

/* Is there text, and can it be a C string? */
static bool is_usable(struct loader *l, const yaml_node_t *node, const char *what)
{
	size_t n = node->data.scalar.length;

	if (n > KVS_CONFIG_MAX_VALUE)
		problem(l->problems, node_pos(l, node), "%s is over %d bytes", what,
			KVS_CONFIG_MAX_VALUE);
	else if (memchr(node->data.scalar.value, '\0', n))
		problem(l->problems, node_pos(l, node), "%s has a NUL byte in it", what);
	else if (node_is_empty(node))
		problem(l->problems, node_pos(l, node), "%s has no value", what);
	else
		return true;
	return false;
}

const char *node_value(struct loader *l, const yaml_node_t *node, const char *what)
{
	if (!node_expect(l, node, YAML_SCALAR_NODE, what) || !is_usable(l, node, what))
		return NULL;
	return config_text(l->config, l->problems, node->data.scalar.value,
			   node->data.scalar.length);
}

void node_each(struct loader *l, const yaml_node_t *mapping,
	       void (*fn)(struct loader *l, const char *key, const yaml_node_t *key_node,
			  const yaml_node_t *value, void *arg),
	       void *arg)
{
	const yaml_node_pair_t *pair;

	for (pair = mapping->data.mapping.pairs.start;
	     pair < mapping->data.mapping.pairs.top && !l->problems->stop; pair++) {
		const yaml_node_t *key = yaml_document_get_node(l->doc, pair->key);
		const yaml_node_t *value = yaml_document_get_node(l->doc, pair->value);

		if (node_expect(l, key, YAML_SCALAR_NODE, "a key") && is_usable(l, key, "a key"))
			fn(l, (const char *)key->data.scalar.value, key, value, arg);
	}
}

const yaml_node_t *node_member(const struct loader *l, const yaml_node_t *list, size_t i)
{
	const yaml_node_item_t *items = list->data.sequence.items.start;

	if (i >= (size_t)(list->data.sequence.items.top - items))
		return NULL;
	return yaml_document_get_node(l->doc, items[i]);
}

/* ---- caps ---- */

struct shape {
	size_t depth;
	size_t anchors;
};

static void add_event(struct shape *shape, const yaml_event_t *event)
{
	switch (event->type) {
	case YAML_MAPPING_START_EVENT:
		shape->depth++;
		shape->anchors += event->data.mapping_start.anchor != NULL;
		break;
	case YAML_SEQUENCE_START_EVENT:
		shape->depth++;
		shape->anchors += event->data.sequence_start.anchor != NULL;
		break;
	case YAML_MAPPING_END_EVENT:
	case YAML_SEQUENCE_END_EVENT:
		shape->depth--;
		break;
	case YAML_SCALAR_EVENT:
		shape->anchors += event->data.scalar.anchor != NULL;
		break;
	default:
		break;
	}
}

/* False: a problem was told. */
static bool check_shape(struct loader *l, const struct shape *shape, const yaml_mark_t *mark)
{
	if (shape->depth > KVS_CONFIG_MAX_DEPTH)
		problem(l->problems, mark_pos(l, mark), "more than %d levels deep",
			KVS_CONFIG_MAX_DEPTH);
	else if (shape->anchors > KVS_CONFIG_MAX_ANCHORS)
		problem(l->problems, mark_pos(l, mark), "more than %d anchors",
			KVS_CONFIG_MAX_ANCHORS);
	else
		return true;
	return false;
}

/*
 * libyaml takes time with the square of the depth and of the number of anchors.  A first look at the
 * events, which come one by one, keeps such a text away from the rest.  What is no YAML at all is
 * left for the second look to tell.
 */
static bool is_within_caps(struct loader *l, yaml_parser_t *parser)
{
	struct shape shape = { 0 };
	bool fine = true, more = true;

	while (fine && more) {
		yaml_event_t event;

		if (!yaml_parser_parse(parser, &event))
			return true;
		add_event(&shape, &event);
		fine = check_shape(l, &shape, &event.start_mark);
		more = event.type != YAML_STREAM_END_EVENT;
		yaml_event_delete(&event);
	}
	return fine;
}

/* ---- documents ---- */

/* The reader's errors (encoding) have only an offset. */
static struct kvs_config_pos offset_pos(const struct loader *l, struct kvs_str bytes, size_t offset)
{
	struct kvs_config_pos at = { .file = l->file, .line = 1, .column = 1 };
	const char *p = bytes.p;

	for (size_t i = 0; i < offset && i < bytes.n; i++) {
		if (p[i] == '\n') {
			at.line++;
			at.column = 1;
		} else if (((unsigned char)p[i] & 0xc0) != 0x80) {
			at.column++;
		}
	}
	return at;
}

static void tell_parser_error(struct loader *l, const yaml_parser_t *parser, struct kvs_str bytes)
{
	const char *words = parser->problem ? parser->problem : "not YAML";

	if (parser->error == YAML_MEMORY_ERROR)
		problem_oom(l->problems);
	else if (parser->error == YAML_READER_ERROR)
		problem(l->problems, offset_pos(l, bytes, parser->problem_offset), "not YAML: %s",
			words);
	else if (parser->context)
		problem(l->problems, mark_pos(l, &parser->problem_mark),
			"not YAML: %s, %s (at line %zu)", words, parser->context,
			parser->context_mark.line + 1);
	else
		problem(l->problems, mark_pos(l, &parser->problem_mark), "not YAML: %s", words);
}

static void cleanup_document(yaml_document_t *doc)
{
	yaml_document_delete(doc);
}

/* False: there is none, or no YAML.  *ret_doc is to be deleted in any case. */
static bool next_document(struct loader *l, yaml_parser_t *parser, struct kvs_str bytes,
			  yaml_document_t *ret_doc)
{
	if (!yaml_parser_load(parser, ret_doc)) {
		memset(ret_doc, 0, sizeof(*ret_doc));
		tell_parser_error(l, parser, bytes);
		return false;
	}
	return yaml_document_get_root_node(ret_doc) != NULL;
}

static void load_documents(struct loader *l, yaml_parser_t *parser, struct kvs_str bytes,
			   load_fn *fn)
{
	KVS_CLEANUP(cleanup_document) yaml_document_t doc = { 0 }, second = { 0 };
	const yaml_node_t *root;

	if (!next_document(l, parser, bytes, &doc))
		return;
	l->doc = &doc;
	root = yaml_document_get_root_node(&doc);
	/* A file of comments and "---" has the empty scalar at its top. */
	if (root->type != YAML_SCALAR_NODE || !is_null(root)) {
		if (node_expect(l, root, YAML_MAPPING_NODE, "the top of the file"))
			fn(l, root);
	}
	if (!l->problems->stop && next_document(l, parser, bytes, &second))
		problem(l->problems, node_pos(l, yaml_document_get_root_node(&second)),
			"a second document begins here; a file has one");
	l->doc = NULL;
}

static void cleanup_parser(yaml_parser_t *parser)
{
	yaml_parser_delete(parser);
}

void yaml_load(struct loader *l, struct kvs_str bytes, load_fn *fn)
{
	KVS_CLEANUP(cleanup_parser) yaml_parser_t first = { 0 }, second = { 0 };
	const unsigned char *p = bytes.p ? bytes.p : (const void *)"";

	if (!yaml_parser_initialize(&first) || !yaml_parser_initialize(&second)) {
		problem_oom(l->problems);
		return;
	}
	yaml_parser_set_input_string(&first, p, bytes.n);
	yaml_parser_set_input_string(&second, p, bytes.n);
	if (is_within_caps(l, &first))
		load_documents(l, &second, bytes, fn);
}
