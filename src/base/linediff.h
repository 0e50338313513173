/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How one text becomes another, line by line, in the hunks of a unified diff.  It does not print:
 * what a line looks like is the caller's matter.
 */
#ifndef KVS_BASE_LINEDIFF_H
#define KVS_BASE_LINEDIFF_H

#include <kvsync/kvsync.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Lines of one text; memory is some 80 bytes for each. */
#define KVS_LINEDIFF_MAX     ((size_t)1 << 20)
#define KVS_LINEDIFF_CONTEXT 3

enum kvs_linediff_kind {
	KVS_LINEDIFF_HUNK, /* a hunk begins here */
	KVS_LINEDIFF_SAME,
	KVS_LINEDIFF_REMOVED,
	KVS_LINEDIFF_ADDED,
};

/* A hunk's place in one text, as the line "@@" has it: lines count from 1, and a hunk without lines
 * stands behind the line `first`. */
struct kvs_linediff_range {
	size_t first;
	size_t n;
};

struct kvs_linediff_line {
	enum kvs_linediff_kind kind;
	struct kvs_str text;		    /* without its newline */
	bool unended;			    /* it is the last one and has no newline */
	struct kvs_linediff_range from, to; /* of a hunk */
};

/* Gets each line; 0 goes on, what else is returned ends it. */
typedef int (*kvs_linediff_fn)(void *arg, const struct kvs_linediff_line *line);

struct kvs_linediff_stat {
	size_t removed, added; /* lines */
};

/* Tells what differs; nothing if nothing does.  TOOBIG (too many lines), NOMEM, and what fn returned. */
int kvs_linediff(struct kvs_str from, struct kvs_str to, size_t context, kvs_linediff_fn fn,
		 void *arg, struct kvs_linediff_stat *ret, struct kvs_err *err);

/* Is this no text, but bytes?  (A NUL is in it.) */
bool kvs_linediff_is_binary(struct kvs_str bytes);

#endif
