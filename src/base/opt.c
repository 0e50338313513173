/* SPDX-License-Identifier: Apache-2.0 */
#include "base/opt.h"

#include "base/alloc.h"
#include "base/err.h"
#include "base/parse.h"
#include "base/str.h"
#include "base/suggest.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

/* A row that was found, and the struct of its set. */
struct target {
	const struct kvs_option *row;
	void *member;
};

struct parser {
	const struct kvs_option_set *sets;
	size_t n_sets;
	unsigned how;
	int argc;
	char **argv;
	int next; /* index of the word that comes next */
};

static struct target target_of(const struct kvs_option_set *set, const struct kvs_option *row)
{
	return (struct target){ row, (char *)set->base + row->offset };
}

static bool named(const char *name, const char *p, size_t n)
{
	return name && strncmp(name, p, n) == 0 && name[n] == '\0';
}

static bool find_name(const struct parser *ps, const char *p, size_t n, struct target *ret)
{
	for (size_t i = 0; i < ps->n_sets; i++) {
		const struct kvs_option *row = ps->sets[i].rows;

		for (; row && row->name; row++) {
			if (!named(row->name, p, n) && !named(row->alias, p, n))
				continue;
			*ret = target_of(&ps->sets[i], row);
			return true;
		}
	}
	return false;
}

static bool find_letter(const struct parser *ps, char letter, struct target *ret)
{
	for (size_t i = 0; i < ps->n_sets; i++) {
		const struct kvs_option *row = ps->sets[i].rows;

		for (; row && row->name; row++) {
			if (row->letter != letter)
				continue;
			*ret = target_of(&ps->sets[i], row);
			return true;
		}
	}
	return false;
}

static int unknown_name(const struct parser *ps, const char *p, size_t n, struct kvs_err *err)
{
	char typed[64] = "";
	struct kvs_suggestion near = KVS_SUGGESTION(typed);

	if (n < sizeof(typed))
		memcpy(typed, p, n);
	for (size_t i = 0; i < ps->n_sets; i++) {
		const struct kvs_option *row = ps->sets[i].rows;

		for (; row && row->name; row++) {
			kvs_suggest(&near, row->name);
			if (row->alias)
				kvs_suggest(&near, row->alias);
		}
	}
	if (near.best)
		return kvs_err_set(err, KVS_E_ARG, "unknown option --%s; did you mean --%s?",
				   KVS_Q(kvs_sn(p, n)), near.best);
	return kvs_err_set(err, KVS_E_ARG, "unknown option --%s", KVS_Q(kvs_sn(p, n)));
}

static int take_choice(const struct kvs_option *row, const char *word, const char **member,
		       struct kvs_err *err)
{
	char list[160] = "";
	size_t len = 0;

	for (const char *const *c = row->choices; *c; c++) {
		if (strcmp(*c, word) == 0) {
			*member = *c;
			return 0;
		}
		if (len < sizeof(list))
			len += (size_t)snprintf(list + len, sizeof(list) - len, "%s%s",
						len ? ", " : "", *c);
	}
	return kvs_err_set(err, KVS_E_ARG, "'%s' is not one of: %s", KVS_Q(kvs_s(word)), list);
}

static int take_item(const char *word, struct kvs_optlist *list, struct kvs_err *err)
{
	const char **items = kvs_realloc_array(list->items, list->n + 1, sizeof(*items));

	if (!items)
		return kvs_err_oom(err);
	items[list->n++] = word;
	list->items = items;
	return 0;
}

static int take_number(const struct kvs_option *row, const char *word, struct kvs_optnum *member,
		       struct kvs_err *err)
{
	uint64_t value = 0;
	uint32_t mode = 0;
	int code;

	switch (row->type) {
	case KVS_OPTION_TYPE_SIZE:
		code = kvs_parse_size(word, &value, err);
		break;
	case KVS_OPTION_TYPE_DURATION:
		code = kvs_parse_duration_ms(word, &value, err);
		break;
	case KVS_OPTION_TYPE_MODE:
		code = kvs_parse_mode(word, &mode, err);
		value = mode;
		break;
	case KVS_OPTION_TYPE_PERCENT:
		code = kvs_parse_percent(word, &value, err);
		break;
	default:
		code = kvs_parse_uint(word, row->min, row->max ? row->max : UINT64_MAX, &value,
				      err);
	}
	if (code)
		return code;
	*member = (struct kvs_optnum){ .value = value, .given = true };
	return 0;
}

/* An empty one counts as not given.  Whoever lists the processes sees argv. */
static int take_secret(const struct kvs_option *row, const char *word, struct kvs_secret *secret,
		       struct kvs_err *err)
{
	char *bytes = (char *)(uintptr_t)word; /* of argv, which is ours */
	int code;

	kvs_secret_release(secret);
	code = *word ? kvs_secret_set(secret, row->name, word, err) : 0;
	explicit_bzero(bytes, strlen(bytes));
	return code;
}

static int take_value(const struct target *t, const char *word, struct kvs_err *err)
{
	switch (t->row->type) {
	case KVS_OPTION_TYPE_PATH:
		if (!*word)
			return kvs_err_set(err, KVS_E_ARG, "expected a path, not an empty word");
		*(const char **)t->member = word;
		return 0;
	case KVS_OPTION_TYPE_STRING:
		*(const char **)t->member = word;
		return 0;
	case KVS_OPTION_TYPE_SECRET:
		return take_secret(t->row, word, t->member, err);
	case KVS_OPTION_TYPE_CHOICE:
		return take_choice(t->row, word, t->member, err);
	case KVS_OPTION_TYPE_LIST:
		return take_item(word, t->member, err);
	default:
		return take_number(t->row, word, t->member, err);
	}
}

/* The value that stands behind the option as a word of its own. */
static const char *next_word(struct parser *ps)
{
	return ps->next < ps->argc ? ps->argv[ps->next++] : NULL;
}

static int missing_value(const struct kvs_option *row, struct kvs_err *err)
{
	return kvs_err_set(err, KVS_E_ARG, "--%s needs a value: %s", row->name, row->arg);
}

/* Go's words, in any case. */
static bool is_bool(const char *word, bool *ret)
{
	static const char *const words[][3] = { { "false", "f", "0" }, { "true", "t", "1" } };

	for (int value = 0; value < 2; value++)
		for (int i = 0; i < 3; i++)
			if (strcasecmp(word, words[value][i]) == 0) {
				*ret = value;
				return true;
			}
	return false;
}

/* word: what stands behind the "=", or NULL. */
static int take_flag(const struct parser *ps, const struct target *t, const char *word,
		     struct kvs_err *err)
{
	bool value = true;

	if (word && !(ps->how & KVS_OPTIONS_PFLAG))
		return kvs_err_set(err, KVS_E_ARG, "--%s takes no value", t->row->name);
	if (word && !is_bool(word, &value))
		return kvs_err_set(err, KVS_E_ARG, "--%s: '%s' is neither true nor false",
				   t->row->name, KVS_Q(kvs_s(word)));
	*(bool *)t->member = value;
	return 0;
}

static int parse_long(struct parser *ps, const char *body, struct kvs_err *err)
{
	const char *eq = strchr(body, '=');
	size_t n = eq ? (size_t)(eq - body) : strlen(body);
	const char *word = eq ? eq + 1 : NULL;
	struct target t;
	int code;

	if (!find_name(ps, body, n, &t))
		return unknown_name(ps, body, n, err);
	if (t.row->type == KVS_OPTION_TYPE_FLAG)
		return take_flag(ps, &t, word, err);
	if (!word)
		word = t.row->bare ? t.row->bare : next_word(ps);
	if (!word)
		return missing_value(t.row, err);
	code = take_value(&t, word, err);
	return code ? kvs_err_context(err, code, "--%s", t.row->name) : 0;
}

/* The value that is written in one word with its letter, at p; NULL: there is none. */
static const char *attached_value(const struct parser *ps, const struct kvs_option *row,
				  const char *p)
{
	if (ps->how & KVS_OPTIONS_PFLAG) {
		if (p[0] == '=' && p[1])
			return p + 1;
		if (row->type == KVS_OPTION_TYPE_FLAG &&
		    (!strcmp(p, "true") || !strcmp(p, "false")))
			return p;
	}
	return row->type != KVS_OPTION_TYPE_FLAG && *p ? p : NULL;
}

static int parse_letters(struct parser *ps, const char *p, struct kvs_err *err)
{
	for (; *p; p++) {
		struct target t;
		const char *word;
		int code;

		if (!find_letter(ps, *p, &t))
			return kvs_err_set(
				err, KVS_E_ARG, "unknown option -%s",
				KVS_Q(kvs_sn(p, kvs_utf8_len((const unsigned char *)p, strlen(p))
							?: 1)));
		word = attached_value(ps, t.row, p + 1);
		if (t.row->type == KVS_OPTION_TYPE_FLAG) {
			code = take_flag(ps, &t, word, err);
			if (code || word)
				return code;
			continue;
		}
		if (t.row->bare) {
			code = take_value(&t, t.row->bare, err);
			if (code)
				return kvs_err_context(err, code, "--%s", t.row->name);
			continue;
		}
		word = word ?: next_word(ps);
		if (!word)
			return missing_value(t.row, err);
		code = take_value(&t, word, err);
		return code ? kvs_err_context(err, code, "--%s", t.row->name) : 0;
	}
	return 0;
}

int kvs_option_parse(const struct kvs_option_set *sets, size_t n, int argc, char **argv,
		     unsigned how, int *ret_operands, struct kvs_err *err)
{
	struct parser ps = { .sets = sets, .n_sets = n, .how = how, .argc = argc, .argv = argv };
	bool stop_at_operand = how & KVS_OPTIONS_STOP_AT_OPERAND;
	bool options_over = false;
	int operands = 0;

	while (ps.next < argc) {
		char *word = argv[ps.next];
		int code;

		if (options_over || word[0] != '-' || word[1] == '\0') {
			if (stop_at_operand)
				break;
			argv[operands++] = word;
			ps.next++;
			continue;
		}
		ps.next++;
		if (word[1] == '-' && word[2] == '\0') {
			options_over = true;
			continue;
		}
		code = word[1] == '-' ? parse_long(&ps, word + 2, err)
				      : parse_letters(&ps, word + 1, err);
		if (code)
			return code;
	}
	*ret_operands = stop_at_operand ? ps.next : operands;
	return 0;
}

bool kvs_option_given(const struct kvs_option *row, const void *base)
{
	const void *member = (const char *)base + row->offset;

	switch (row->type) {
	case KVS_OPTION_TYPE_FLAG:
		return *(const bool *)member;
	case KVS_OPTION_TYPE_STRING:
	case KVS_OPTION_TYPE_PATH:
	case KVS_OPTION_TYPE_CHOICE:
		return *(const char *const *)member != NULL;
	case KVS_OPTION_TYPE_LIST:
		return ((const struct kvs_optlist *)member)->n != 0;
	case KVS_OPTION_TYPE_SECRET:
		return ((const struct kvs_secret *)member)->value != NULL;
	default:
		return ((const struct kvs_optnum *)member)->given;
	}
}

const char *kvs_option_type_name(const struct kvs_option *row)
{
	static const char *const names[] = {
		[KVS_OPTION_TYPE_FLAG] = "flag",	 [KVS_OPTION_TYPE_STRING] = "string",
		[KVS_OPTION_TYPE_SECRET] = "secret",	 [KVS_OPTION_TYPE_PATH] = "path",
		[KVS_OPTION_TYPE_CHOICE] = "choice",	 [KVS_OPTION_TYPE_LIST] = "list",
		[KVS_OPTION_TYPE_UINT] = "uint",	 [KVS_OPTION_TYPE_SIZE] = "size",
		[KVS_OPTION_TYPE_DURATION] = "duration", [KVS_OPTION_TYPE_MODE] = "mode",
		[KVS_OPTION_TYPE_PERCENT] = "percent",
	};

	return names[row->type];
}

void kvs_optlist_release(struct kvs_optlist *list)
{
	kvsi_free(list->items);
	*list = (struct kvs_optlist){ 0 };
}

void kvs_options_release(const struct kvs_option *rows, void *base)
{
	for (; rows && rows->name; rows++) {
		void *member = (char *)base + rows->offset;

		if (rows->type == KVS_OPTION_TYPE_LIST)
			kvs_optlist_release(member);
		else if (rows->type == KVS_OPTION_TYPE_SECRET)
			kvs_secret_release(member);
	}
}
