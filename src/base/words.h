/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A command line split into words as a POSIX shell would, without a shell: nothing is expanded,
 * so `$`, backticks, `*`, `?`, `~` and `#` are plain bytes.
 *
 *   blanks         separate words (space, tab, newline)
 *   'x'            x as it is
 *   "x"            x; a backslash there takes away the meaning of `"`, `\`, `$` and backtick only
 *   \c             c as it is; a backslash before a newline joins the lines
 *
 * What only a shell can do is refused, for running it as arguments would surprise: `|`, `;`, `<`
 * and `>` that are not quoted, and `&` at either end of a word (inside one, as in a URL, it is
 * plain).
 */
#ifndef KVS_BASE_WORDS_H
#define KVS_BASE_WORDS_H

#include "base/cleanup.h"

#include <kvsync/kvsync.h>

struct kvs_words {
	char **argv; /* NULL-terminated, fit for kvs_proc_run(); one block of memory */
	size_t n;
};

/*
 * Splits line (borrowed).  At least one word comes out.  Errors: ARG (nothing but blanks, a quote
 * or backslash without its end, a shell's operator), NOMEM.  Free with kvs_words_release().
 */
int kvs_words_split(const char *line, struct kvs_words *ret_words, struct kvs_err *err);

/*
 * Splits it at its blanks and nothing else: quotes, backslashes and operators are plain bytes.  For
 * lines that were written for such a program.  Errors as above.
 */
int kvs_words_fields(const char *line, struct kvs_words *ret_words, struct kvs_err *err);

/* Frees the words; those of a struct of zeros too. */
void kvs_words_release(struct kvs_words *words);

#define KVS_AUTO_WORDS KVS_CLEANUP(kvs_words_release)

#endif
