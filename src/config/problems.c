/* SPDX-License-Identifier: Apache-2.0 */
#include "config/loader.h"

#include "base/err.h"
#include "base/str.h"

#include <stdarg.h>
#include <stdio.h>

static void tell(struct problems *p, const struct kvs_config_problem *told)
{
	if (p->report)
		p->report->fn(p->report->arg, told);
}

static void keep_first(struct problems *p, const struct kvs_config_problem *told)
{
	const char *file = KVS_Q(kvs_s(told->at.file));

	if (told->at.line)
		(void)kvs_err_set(&p->first, KVS_E_CONFIG, "%s:%u:%u: %s", file, told->at.line,
				  told->at.column, told->words);
	else
		(void)kvs_err_set(&p->first, KVS_E_CONFIG, "%s: %s", file, told->words);
}

static void add(struct problems *p, struct kvs_config_pos at, const char *words)
{
	const struct kvs_config_problem told = { .at = at, .words = words };

	if (p->stop)
		return;
	tell(p, &told);
	if (p->n++ == 0)
		keep_first(p, &told);
	if (p->n >= KVS_CONFIG_MAX_PROBLEMS)
		p->stop = KVS_E_CONFIG;
}

void problem(struct problems *p, struct kvs_config_pos at, const char *fmt, ...)
{
	char words[440];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(words, sizeof(words), fmt, ap);
	va_end(ap);
	add(p, at, words);
}

void problem_warning(struct problems *p, struct kvs_config_pos at, const char *fmt, ...)
{
	char words[440];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(words, sizeof(words), fmt, ap);
	va_end(ap);
	p->n_warnings++;
	tell(p, &(struct kvs_config_problem){ .at = at, .warning = true, .words = words });
}

void problem_unknown(struct problems *p, struct kvs_config_pos at, const char *typed,
		     const char *near)
{
	if (near)
		problem(p, at, "unknown key \"%s\" (did you mean \"%s\"?)", KVS_Q(kvs_s(typed)),
			near);
	else
		problem(p, at, "unknown key \"%s\"", KVS_Q(kvs_s(typed)));
}

void problem_duplicate(struct problems *p, struct kvs_config_pos at, const char *key,
		       struct kvs_config_pos first)
{
	problem(p, at, "duplicate key \"%s\" (first at %s:%u:%u)", KVS_Q(kvs_s(key)),
		KVS_Q(kvs_s(first.file)), first.line, first.column);
}

void problem_oom(struct problems *p)
{
	p->stop = kvs_err_oom(&p->first);
}

int problems_result(const struct problems *p, struct kvs_err *err)
{
	if (p->stop == KVS_E_NOMEM)
		return kvs_err_oom(err);
	if (!p->n)
		return 0;
	if (p->report)
		return kvs_err_set(err, KVS_E_CONFIG, "the configuration has %s%zu error%s",
				   p->stop ? "at least " : "", p->n, kvs_plural(p->n));
	return kvs_err_copy(err, KVS_E_CONFIG, &p->first);
}
