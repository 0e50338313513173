/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Command-line options as const tables: one row an option, with its type and the member of a
 * struct that its value goes to.  Parsing, --help, completion and the checks of the manual all
 * read the same rows.  It knows nothing of commands.
 *
 * Syntax: --name VALUE, --name=VALUE, -k VALUE, -kVALUE, flags bundled (-Sz), options and operands
 * in any order, "--" ends the options, "-" alone is an operand.  Where a value may be left out it
 * is given as --name=VALUE only.  Names are never abbreviated (a
 * later option would break scripts); an unknown one is answered with the nearest known.  The
 * last of several wins, except for lists.
 *
 * KVS_OPTIONS_PFLAG reads lines as Go's pflag does, for programs that stand in for one which used
 * it: flags take =true and =false, letters take -k=VALUE.  Beyond that, -ztrue is what it looks
 * like.
 *
 * A table:
 *
 *	struct put_options {
 *		const char *file;
 *		struct kvs_optnum cas;
 *	};
 *	static const struct kvs_option put_table[] = {
 *		{ "file", 'f', KVS_OPTION_PATH(struct put_options, file), "FILE", "read it" },
 *		{ "cas", 0, KVS_OPTION_UINT(struct put_options, cas), "INDEX", "if unchanged" },
 *		{ NULL },
 *	};
 */
#ifndef KVS_BASE_OPT_H
#define KVS_BASE_OPT_H

#include "base/secret.h"

#include <kvsync/kvsync.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum kvs_option_type {
	KVS_OPTION_TYPE_FLAG = 1,
	KVS_OPTION_TYPE_STRING,
	KVS_OPTION_TYPE_PATH,	/* not empty */
	KVS_OPTION_TYPE_SECRET, /* its bytes in argv are overwritten */
	KVS_OPTION_TYPE_CHOICE,
	KVS_OPTION_TYPE_LIST, /* may be given several times */
	KVS_OPTION_TYPE_UINT,
	KVS_OPTION_TYPE_SIZE,
	KVS_OPTION_TYPE_DURATION, /* milliseconds */
	KVS_OPTION_TYPE_MODE,
	KVS_OPTION_TYPE_PERCENT, /* 0 to 100 */
};

/* A number, and whether it was given at all. */
struct kvs_optnum {
	uint64_t value;
	bool given;
};

/* The words of a repeatable option, borrowed from argv.  Free with kvs_optlist_release(). */
struct kvs_optlist {
	const char **items;
	size_t n;
};

struct kvs_option {
	const char *name;	    /* without "--"; NULL ends a table */
	char letter;		    /* or 0 */
	uint8_t type;		    /* enum kvs_option_type */
	uint16_t offset;	    /* of the member that takes the value */
	const char *arg;	    /* what --help calls the value; NULL for a flag */
	const char *help;	    /* one line */
	const char *alias;	    /* another long name, or NULL */
	const char *const *choices; /* CHOICE: the words, NULL-terminated */
	uint64_t min, max;	    /* UINT: bounds; max 0 means none */
	unsigned tag;		    /* for the table's owner */
	const char *bare; /* not a FLAG: the value may be left out, and is then this one; if it is
				     * given, then as --name=VALUE only */
};

/* Where a value goes; a member of another type does not compile. */
#define KVS_OPTION_TO(type_, T_, m_, C_)                                                           \
	(type_), (uint16_t)(offsetof(T_, m_) + 0 * sizeof(&((T_ *)0)->m_ == (C_ *)0))
#define KVS_OPTION_SECRET(T_, m_) KVS_OPTION_TO(KVS_OPTION_TYPE_SECRET, T_, m_, struct kvs_secret)
#define KVS_OPTION_FLAG(T_, m_)	  KVS_OPTION_TO(KVS_OPTION_TYPE_FLAG, T_, m_, bool)
#define KVS_OPTION_STRING(T_, m_) KVS_OPTION_TO(KVS_OPTION_TYPE_STRING, T_, m_, const char *)
#define KVS_OPTION_PATH(T_, m_)	  KVS_OPTION_TO(KVS_OPTION_TYPE_PATH, T_, m_, const char *)
#define KVS_OPTION_CHOICE(T_, m_) KVS_OPTION_TO(KVS_OPTION_TYPE_CHOICE, T_, m_, const char *)
#define KVS_OPTION_LIST(T_, m_)	  KVS_OPTION_TO(KVS_OPTION_TYPE_LIST, T_, m_, struct kvs_optlist)
#define KVS_OPTION_UINT(T_, m_)	  KVS_OPTION_TO(KVS_OPTION_TYPE_UINT, T_, m_, struct kvs_optnum)
#define KVS_OPTION_SIZE(T_, m_)	  KVS_OPTION_TO(KVS_OPTION_TYPE_SIZE, T_, m_, struct kvs_optnum)
#define KVS_OPTION_DURATION(T_, m_)                                                                \
	KVS_OPTION_TO(KVS_OPTION_TYPE_DURATION, T_, m_, struct kvs_optnum)
#define KVS_OPTION_MODE(T_, m_)	   KVS_OPTION_TO(KVS_OPTION_TYPE_MODE, T_, m_, struct kvs_optnum)
#define KVS_OPTION_PERCENT(T_, m_) KVS_OPTION_TO(KVS_OPTION_TYPE_PERCENT, T_, m_, struct kvs_optnum)

/* The rows, and the struct that they fill (initialised by its owner). */
struct kvs_option_set {
	const struct kvs_option *rows; /* NULL: none */
	void *base;
};

#define KVS_OPTIONS_STOP_AT_OPERAND 0x1u /* parsing ends at the first operand */
#define KVS_OPTIONS_PFLAG	    0x2u

/*
 * Parses argv[0 .. argc-1] (no program name) against `n` sets, the first that knows a name winning.
 * `how` is 0 or some of KVS_OPTIONS_*.
 * Operands are moved to the front of argv, in order; *ret_operands says how many they are.  With
 * KVS_OPTIONS_STOP_AT_OPERAND *ret_operands is the index of the first one (argc if there is none)
 * and nothing is moved.  Values are borrowed from argv.
 * Errors: ARG, naming the option and what was expected; NOMEM (lists).
 */
int kvs_option_parse(const struct kvs_option_set *sets, size_t n, int argc, char **argv,
		     unsigned how, int *ret_operands, struct kvs_err *err);

/* Was this row's option given?  (A flag: is it set?  A number: .given, and so on.) */
bool kvs_option_given(const struct kvs_option *row, const void *base);

/* "string", "duration", ...: the type's name in printed tables. */
const char *kvs_option_type_name(const struct kvs_option *row);

void kvs_optlist_release(struct kvs_optlist *list);

/* Releases what the lists and secrets among the members of a struct hold. */
void kvs_options_release(const struct kvs_option *rows, void *base);

#endif
