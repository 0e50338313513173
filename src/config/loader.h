/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the parts of the loader share; only src/config includes this.
 *
 *	load.c      which files, in which order
 *	yaml.c      bytes -> a document, nodes -> text (libyaml is known here, and by its node type)
 *	top.c       the keys at the top of a file
 *	section.c   a store section
 *	problems.c  what is wrong, collected
 *	text.c      strings that the config owns
 *	flat.c      the files of other programs
 *
 * A mistake does not stop the loading; problems.stop does (no memory, too many mistakes): whoever
 * loops looks at it.
 */
#ifndef KVS_CONFIG_LOADER_H
#define KVS_CONFIG_LOADER_H

#include "base/buf.h"
#include "config/config.h"

#include <yaml.h>

/* ---- problems.c ---- */

struct problems {
	const struct kvs_config_report *report; /* or NULL */
	size_t n;				/* warnings not counted */
	size_t n_warnings;
	struct kvs_err first; /* the first of them, or what made it stop */
	int stop;	      /* 0, CONFIG or NOMEM */
};

void problem(struct problems *p, struct kvs_config_pos at, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
void problem_warning(struct problems *p, struct kvs_config_pos at, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
/* `typed` is not the name of anything here; near is the known name that was probably meant. */
void problem_unknown(struct problems *p, struct kvs_config_pos at, const char *typed,
		     const char *near);
void problem_duplicate(struct problems *p, struct kvs_config_pos at, const char *key,
		       struct kvs_config_pos first);
void problem_oom(struct problems *p);

/* 0; NOMEM; or CONFIG with the first problem, or with their number where a report told them. */
int problems_result(const struct problems *p, struct kvs_err *err);

/* ---- text.c ---- */

/* A copy with a NUL, owned by the config.  NULL: no memory, or over KVS_CONFIG_MAX_TEXT; p says so.
 */
const char *config_text(struct kvs_config *config, struct problems *p, const void *bytes, size_t n);
void config_texts_free(struct kvs_config *config);

/* ---- yaml.c ---- */

/* One file as it is being read. */
struct loader {
	struct kvs_config *config;
	struct problems *problems;
	const char *file;
	yaml_document_t *doc;
};

/* Parses bytes and hands the top mapping to fn, unless there is none or it is no YAML. */
typedef void load_fn(struct loader *l, const yaml_node_t *mapping);
void yaml_load(struct loader *l, struct kvs_str bytes, load_fn *fn);

struct kvs_config_pos node_pos(const struct loader *l, const yaml_node_t *node);

/* Is it a mapping (a list, a single value)?  If not that is a problem: 'WHAT must be a mapping'. */
bool node_expect(struct loader *l, const yaml_node_t *node, yaml_node_type_t type,
		 const char *what);

/* Is it a scalar without a value (nothing, ~, null)? */
bool node_is_empty(const yaml_node_t *node);

/* The text of a scalar that is a value, owned by the config; NULL: a problem was told. */
const char *node_value(struct loader *l, const yaml_node_t *node, const char *what);

/* Calls fn for each key of a mapping, the key as text (borrowed for the call). */
void node_each(struct loader *l, const yaml_node_t *mapping,
	       void (*fn)(struct loader *l, const char *key, const yaml_node_t *key_node,
			  const yaml_node_t *value, void *arg),
	       void *arg);

/* The members of a list, one by one: NULL behind the last. */
const yaml_node_t *node_member(const struct loader *l, const yaml_node_t *list, size_t i);

/* ---- load.c ---- */

/* Reads the file and hands its top mapping to fn. */
void load_file(struct loader *l, const char *path, load_fn *fn);

/* ---- top.c ---- */

void load_top(struct loader *l, const yaml_node_t *mapping);
int config_set_defaults(struct kvs_config *config, struct kvs_err *err);

/* ---- section.c ---- */

void load_stores(struct loader *l, const yaml_node_t *stores);
/* Is the name fit for --store? */
bool store_name_ok(const char *name);

/* ---- expand.c ---- */

/* Appends text with $NAME and ${NAME} replaced; ARG names a variable that is not set. */
int expand_env(const char *text, struct kvs_buf *out, struct kvs_err *err);

/* ---- options.c ---- */

/* Is the value what the row wants?  If not that is a problem. */
bool opt_check(struct problems *p, const struct kvs_config_opt *opt,
	       const struct kvs_backend_opt *row);

/* A path that is not absolute counts from the folder of the file that the option stands in.  Fresh
 * memory, or NULL. */
char *opt_path(const struct kvs_config_opt *opt, const char *path);

/* Checks the keys of every section that only its backend knows. */
void check_stores(struct problems *p, const struct kvs_config *config);

/* Warns of files with secrets, named at the top, that everybody may read. */
void check_secrets(struct problems *p, const struct kvs_config *config);

const struct kvs_backend_opt *opt_find(const struct kvs_backend_opt *table, const char *name);

#endif
