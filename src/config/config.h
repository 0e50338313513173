/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The configuration: one YAML file (JSON is YAML) and the files of conf.d beside it, as structs.
 * It knows which keys there are, where each value stands, and nothing of what programs do with
 * them.
 *
 * Ownership.  A struct kvs_config owns all that can be reached from it; pointers into it are
 * borrowed until kvs_config_free().  Secrets never get here: only the names of files that hold
 * them.
 *
 * A mistake in a file is a problem: it has a place and a line of words.  Loading goes on behind it,
 * so that all of them can be told at once.
 */
#ifndef KVS_CONFIG_CONFIG_H
#define KVS_CONFIG_CONFIG_H

#include <kvsync/backend.h>
#include <kvsync/kvsync.h>

#include "base/cleanup.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define KVS_CONFIG_DEFAULT_FILE "/etc/kvsync/kvsync.yaml"

/* Caps. */
#define KVS_CONFIG_MAX_FILE	((size_t)1024 * 1024) /* bytes of one file */
#define KVS_CONFIG_MAX_FILES	256		      /* in conf.d */
#define KVS_CONFIG_MAX_TEXT	((size_t)4 << 20)     /* bytes of all values together */
#define KVS_CONFIG_MAX_VALUE	4096		      /* bytes of one value */
#define KVS_CONFIG_MAX_STORES	256
#define KVS_CONFIG_MAX_OPTIONS	500 /* in one store section, members of lists counted */
#define KVS_CONFIG_MAX_DEPTH	32
#define KVS_CONFIG_MAX_ANCHORS	1000
#define KVS_CONFIG_MAX_PROBLEMS 100 /* then loading stops */

/* Where something stands in a file; lines and columns count from 1, columns in characters.  line 0:
 * nowhere, it is a default. */
struct kvs_config_pos {
	const char *file;
	uint32_t line;
	uint32_t column;
};

/* One option of a store section.  A list has as many of these as members, one behind the other. */
struct kvs_config_opt {
	const char *name;
	const char *value;	  /* environment variables replaced where the section asks for it */
	const char *shown;	  /* as written */
	bool in_list;		  /* stands in a YAML list */
	struct kvs_config_pos at; /* of the value */
	struct kvs_config_pos key_at;
};

struct kvs_config_store {
	const char *name;
	const char *backend;
	const char *url;	     /* or NULL */
	struct kvs_config_opt *opts; /* in the order of the file */
	size_t n_opts;
	struct kvs_config_pos at;
	struct kvs_config_store *prev, *next; /* utlist, in the order of the files */
};

struct kvs_config_list {
	const char **items;
	size_t n;
};

/* The keys at the top of the file; the table is kvs_config_keys. */
enum kvs_config_key_id {
	KVS_CONFIG_STORES,
	KVS_CONFIG_DEFAULT_STORE,
	KVS_CONFIG_PREFIX,
	KVS_CONFIG_COMPAT,
	KVS_CONFIG_VERIFY_KEYS,
	KVS_CONFIG_REQUIRE_SIGNATURE,
	KVS_CONFIG_NODE_NAME,
	KVS_CONFIG_STATE_DIR,
	KVS_CONFIG_TIMEOUT,
	KVS_CONFIG_LOG_LEVEL,
	KVS_CONFIG_LOG_FORMAT,
	KVS_CONFIG_SYSLOG,
	KVS_CONFIG_DOGSTATSD,
	KVS_CONFIG_DOGSTATSD_ADDRESS,
	KVS_CONFIG_DATADOG_EVENTS,
	KVS_CONFIG_DATADOG_HOST,
	KVS_CONFIG_DATADOG_API_KEY_FILE,
	KVS_CONFIG_DATADOG_APP_KEY_FILE,
	KVS_CONFIG_DATADOG_CONTENTS,
	KVS_CONFIG_TEXTFILE,
	KVS_CONFIG_FILES,
	KVS_CONFIG_TEMPLATES,
	KVS_CONFIG_MIRRORS,
	KVS_CONFIG_N_KEYS,
};

struct kvs_config {
	struct kvs_config_store *stores;
	size_t n_stores;
	const char *default_store; /* a name of `stores`, or NULL */
	const char *prefix;
	const char *compat;		    /* "kvexpress" or "kvsync" */
	struct kvs_config_list verify_keys; /* paths */
	bool require_signature;
	const char *node_name; /* or NULL: the host's name */
	const char *state_dir; /* or NULL: the user's own */
	uint64_t timeout_ms;   /* 0: none */
	const char *log_level;
	const char *log_format;
	bool syslog;
	bool dogstatsd;
	const char *dogstatsd_address; /* HOST:PORT */
	bool datadog_events;
	const char *datadog_host;	  /* a URL */
	const char *datadog_api_key_file; /* or NULL */
	const char *datadog_app_key_file; /* or NULL */
	bool datadog_contents;
	const char *textfile; /* a folder, or NULL */

	struct kvs_config_pos at[KVS_CONFIG_N_KEYS]; /* by enum kvs_config_key_id */
	const char *values[KVS_CONFIG_N_KEYS];	     /* scalars as text, for people */
	const char **files;			     /* what was read, in order */
	size_t n_files;
	struct kvs_config_text *texts; /* owns all strings */
	size_t text_size;
};

/* ---- the table of keys ---- */

enum kvs_config_type {
	KVS_CONFIG_TYPE_STORES = 1,
	KVS_CONFIG_TYPE_STRING,
	KVS_CONFIG_TYPE_PATH, /* absolute */
	KVS_CONFIG_TYPE_CHOICE,
	KVS_CONFIG_TYPE_DURATION,
	KVS_CONFIG_TYPE_BOOL,
	KVS_CONFIG_TYPE_ADDRESS, /* HOST:PORT */
	KVS_CONFIG_TYPE_URL,	 /* http or https */
	KVS_CONFIG_TYPE_SECRET,	 /* the absolute path of a file that holds one */
	KVS_CONFIG_TYPE_FILES,	 /* a path, or a list of them */
	KVS_CONFIG_TYPE_DAEMON,	 /* a section that only kvsyncd can serve: refused with words */
};

struct kvs_config_key {
	const char *name;
	enum kvs_config_type type;
	size_t offset;		    /* of the member of struct kvs_config */
	const char *fallback;	    /* or NULL */
	const char *const *choices; /* CHOICE: NULL-terminated */
	const char *help;	    /* one line */
};

/* KVS_CONFIG_N_KEYS rows, indexed by enum kvs_config_key_id. */
extern const struct kvs_config_key kvs_config_keys[];

/* The keys of a store section that are no options of kvs_open(); a row with name NULL ends it.
 * The others are kvsi_common_opts (core/common_opts.h) and each backend's own. */
extern const struct kvs_backend_opt kvs_config_store_keys[];

/* "string", "duration", "list of strings": a type of kvs_backend_opt or of a key, for people. */
const char *kvs_config_opt_type_name(uint32_t type);
const char *kvs_config_key_type_name(enum kvs_config_type type);

/* ---- problems ---- */

struct kvs_config_problem {
	struct kvs_config_pos at;
	bool warning;
	const char *words;
};

/* Gets each problem, borrowed for the call. */
struct kvs_config_report {
	void (*fn)(void *arg, const struct kvs_config_problem *problem);
	void *arg;
};

/* ---- loading ---- */

/*
 * Loads the file named `path`, or if it is NULL $KVSYNC_CONFIG, or the default file, and conf.d
 * beside it.  Only the default file may be missing.  With a report each problem goes there, and the
 * error only counts them; without one the error is the first problem.  Keys of single backends are
 * not looked at yet (that would load every backend's module): kvs_config_fill_opts() does
 * so for one store, kvs_config_check() for all.
 * Errors: CONFIG, NOMEM.  Free with kvs_config_free().
 */
int kvs_config_load(const char *path, const struct kvs_config_report *report,
		    struct kvs_config **ret_config, struct kvs_err *err);

/* The file that kvs_config_load(path) begins with. Borrowed from path or the environment. */
const char *kvs_config_path(const char *path);

/* The same for one file's bytes, without conf.d; path is only for words and relative paths. */
int kvs_config_parse(const char *path, struct kvs_str bytes, const struct kvs_config_report *report,
		     struct kvs_config **ret_config, struct kvs_err *err);

struct kvs_config_summary {
	size_t n_files;
	size_t n_stores;
	size_t n_errors;
	size_t n_warnings;
};

/*
 * Reports everything that is wrong with the configuration that kvs_config_load(path) would load,
 * and with the keys and servers of every store section, for which it loads the backends.  A backend that is not
 * installed is a warning, and so is a file with a secret that everybody may read.  Returns 0 also
 * when there are problems: *ret_summary counts them. Errors: NOMEM.
 */
int kvs_config_check(const char *path, const struct kvs_config_report *report,
		     struct kvs_config_summary *ret_summary, struct kvs_err *err);

/* NULL is fine. */
void kvs_config_free(struct kvs_config *config);

/* ---- stores ---- */

/* The section of this name.  CONFIG, with the nearest name or all of them, if there is none. */
int kvs_config_find_store(const struct kvs_config *config, const char *name,
			  const struct kvs_config_store **ret_store, struct kvs_err *err);

/* default-store, or the only section, or NULL. */
const struct kvs_config_store *kvs_config_default_store(const struct kvs_config *config);

/*
 * Adds the section's options, the backend among them, to opts: those whose names opts does not
 * have yet, so that whoever overrides one adds it first.  The URL is store->url.  Keys are checked
 * against the backend's own table, which loads its module.
 * Errors: CONFIG (file:line:column of a key that the backend does not know), UNSUPPORTED, NOMEM.
 */
int kvs_config_fill_opts(const struct kvs_config_store *store, struct kvs_opts *opts,
			 struct kvs_err *err);

/* ---- showing ---- */

/* One key in force.  Borrowed for the call. */
struct kvs_config_item {
	const struct kvs_config_store *store; /* NULL: at the top */
	const char *key;
	const char *const *values; /* one, or the members of a list */
	size_t n_values;
	bool is_list;
	struct kvs_config_pos at; /* line 0: the default applies */
};

/* Tells every key in force with its value, the top first, then store by store; keys without a value
 * and without a default are left out.  A nonzero return of fn ends it and is returned. */
int kvs_config_visit(const struct kvs_config *config,
		     int (*fn)(void *arg, const struct kvs_config_item *item), void *arg);

static inline void kvs_cleanup_config(struct kvs_config **config)
{
	kvs_config_free(*config);
}

#define KVS_AUTO_CONFIG KVS_CLEANUP(kvs_cleanup_config)

#endif
