/* SPDX-License-Identifier: Apache-2.0 */
#include "base/words.h"

#include "base/alloc.h"
#include "base/err.h"
#include "base/str.h"

#include <stdbool.h>
#include <string.h>

/* What the kernel takes as one argument; more is a mistake. */
#define MAX_LINE 131072

struct splitter {
	bool plain; /* blanks only mean something */
	const char *line;
	const char *p;
	char *out; /* where the next byte of a word goes */
};

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

/* No word is shorter than one byte and its blank, except "" which takes two. */
static size_t most_words(size_t len)
{
	return len / 2 + 1;
}

static int refuse_operator(const struct splitter *s, struct kvs_err *err)
{
	return kvs_err_set(err, KVS_E_ARG,
			   "'%c' in the command needs a shell and none is run: quote it, or give "
			   "sh -c '...'",
			   *s->p);
}

static bool is_operator(const struct splitter *s, bool first)
{
	char c = *s->p;

	if (c == '&')
		return first || is_blank(s->p[1]) || s->p[1] == '\0';
	return c == '|' || c == ';' || c == '<' || c == '>';
}

/* p stands on the opening quote and ends behind the closing one. */
static int take_single_quoted(struct splitter *s, struct kvs_err *err)
{
	const char *end = strchr(s->p + 1, '\'');
	size_t n;

	if (!end)
		return kvs_err_set(err, KVS_E_ARG,
				   "the command has a ' without its end at byte %zu",
				   (size_t)(s->p - s->line) + 1);
	n = (size_t)(end - s->p) - 1;
	memcpy(s->out, s->p + 1, n);
	s->out += n;
	s->p = end + 1;
	return 0;
}

static int take_double_quoted(struct splitter *s, struct kvs_err *err)
{
	const char *start = s->p++;

	for (; *s->p != '"'; s->p++) {
		if (*s->p == '\0')
			return kvs_err_set(err, KVS_E_ARG,
					   "the command has a \" without its end at byte %zu",
					   (size_t)(start - s->line) + 1);
		if (s->p[0] == '\\' && s->p[1] == '\n') {
			s->p++;
			continue;
		}
		if (s->p[0] == '\\' && s->p[1] && strchr("\"\\$`", s->p[1]))
			s->p++;
		*s->out++ = *s->p;
	}
	s->p++;
	return 0;
}

static int take_backslash(struct splitter *s, struct kvs_err *err)
{
	if (s->p[1] == '\0')
		return kvs_err_set(err, KVS_E_ARG, "the command ends in a lone backslash");
	*s->out++ = s->p[1];
	s->p += 2;
	return 0;
}

/* Blanks and joined lines between words. */
static void skip_blanks(struct splitter *s)
{
	for (;;) {
		if (is_blank(*s->p))
			s->p++;
		else if (!s->plain && s->p[0] == '\\' && s->p[1] == '\n')
			s->p += 2;
		else
			return;
	}
}

static int take_word(struct splitter *s, struct kvs_err *err)
{
	bool first = true;
	int rc = 0;

	for (; *s->p && !is_blank(*s->p) && !rc; first = false) {
		if (s->plain)
			*s->out++ = *s->p++;
		else if (s->p[0] == '\\' && s->p[1] == '\n')
			s->p += 2;
		else if (*s->p == '\'')
			rc = take_single_quoted(s, err);
		else if (*s->p == '"')
			rc = take_double_quoted(s, err);
		else if (*s->p == '\\')
			rc = take_backslash(s, err);
		else if (is_operator(s, first))
			rc = refuse_operator(s, err);
		else
			*s->out++ = *s->p++;
	}
	*s->out++ = '\0';
	return rc;
}

static int split(const char *line, bool plain, struct kvs_words *ret_words, struct kvs_err *err)
{
	size_t len = strlen(line), most = most_words(len), n = 0;
	struct splitter s = { .plain = plain, .line = line, .p = line };
	KVS_AUTO_FREE char **argv = NULL;
	int rc;

	if (len > MAX_LINE)
		return kvs_err_set(err, KVS_E_ARG, "the command is over %d bytes", MAX_LINE);
	/* The words stand behind the pointers; each takes its bytes in the line and one NUL. */
	argv = kvs_zalloc((most + 1) * sizeof(*argv) + len + most);
	if (!argv)
		return kvs_err_oom(err);
	s.out = (char *)(argv + most + 1);
	for (skip_blanks(&s); *s.p; skip_blanks(&s)) {
		argv[n++] = s.out;
		rc = take_word(&s, err);
		if (rc)
			return rc;
	}
	if (!n)
		return kvs_err_set(err, KVS_E_ARG, "the command is empty");
	ret_words->argv = kvs_steal_ptr(argv);
	ret_words->n = n;
	return 0;
}

int kvs_words_split(const char *line, struct kvs_words *ret_words, struct kvs_err *err)
{
	return split(line, false, ret_words, err);
}

int kvs_words_fields(const char *line, struct kvs_words *ret_words, struct kvs_err *err)
{
	return split(line, true, ret_words, err);
}

void kvs_words_release(struct kvs_words *words)
{
	kvsi_free(words->argv);
	*words = (struct kvs_words){ 0 };
}
