/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Lines become numbers, equal ones the same, by sorting: nobody can make that slow by what stands in
 * them.  A line that the other text does not have cannot be kept, so it takes no part in the
 * search for what can.
 */
#include "base/linediff.h"

#include "base/cleanup.h"
#include "base/err.h"
#include "base/myers.h"
#include "base/str.h"

#include <stdlib.h>

/* Comparisons: a second or two. */
#define WORK_MAX INT64_C(400000000)

/* One of the two texts. */
struct side {
	struct kvs_str *lines; /* with their newlines */
	size_t n;
	bool *changed;
	uint32_t *ids; /* of the lines in question, those that both texts have */
	size_t *where; /* which line each of these is */
	size_t n_ids;
	bool *ids_changed;
};

struct job {
	struct side from, to;
	size_t before, behind; /* lines that are equal at the beginning and at the end */
	size_t context;
	kvs_linediff_fn fn;
	void *arg;
};

static void side_release(struct side *side)
{
	kvsi_free(side->lines);
	kvsi_free(side->changed);
	kvsi_free(side->ids);
	kvsi_free(side->where);
	kvsi_free(side->ids_changed);
}

static void job_release(struct job *job)
{
	side_release(&job->from);
	side_release(&job->to);
}

/* ---- lines ---- */

/* The first line, with its newline if it has one. */
static struct kvs_str first_line(struct kvs_str text)
{
	const char *newline = memchr(text.p, '\n', text.n);

	return kvs_sn(text.p, newline ? (size_t)(newline - (const char *)text.p) + 1 : text.n);
}

static size_t count_lines(struct kvs_str text)
{
	size_t n = 0;

	for (; text.n > 0; n++)
		text = kvs_str_skip(text, first_line(text).n);
	return n;
}

static int split(struct side *side, struct kvs_str text, struct kvs_err *err)
{
	size_t n = count_lines(text);

	if (n > KVS_LINEDIFF_MAX)
		return kvs_err_set(err, KVS_E_TOOBIG, "more than %zu lines", KVS_LINEDIFF_MAX);
	side->lines = kvs_realloc_array(NULL, n, sizeof(*side->lines));
	side->changed = kvs_zalloc(n * sizeof(*side->changed));
	if (!side->lines || !side->changed)
		return kvs_err_oom(err);
	for (; side->n < n; side->n++) {
		side->lines[side->n] = first_line(text);
		text = kvs_str_skip(text, side->lines[side->n].n);
	}
	return 0;
}

static void find_ends(struct job *job)
{
	const struct side *from = &job->from, *to = &job->to;
	size_t least = from->n < to->n ? from->n : to->n;

	while (job->before < least && kvs_str_eq(from->lines[job->before], to->lines[job->before]))
		job->before++;
	while (job->behind < least - job->before &&
	       kvs_str_eq(from->lines[from->n - 1 - job->behind],
			  to->lines[to->n - 1 - job->behind]))
		job->behind++;
}

/* ---- numbers ---- */

/* A line between the ends, to be sorted. */
struct item {
	struct kvs_str line;
	size_t where;
	bool is_to;
};

static int compare_items(const void *a, const void *b)
{
	const struct item *x = a, *y = b;

	return kvs_str_cmp(x->line, y->line);
}

static size_t collect(const struct job *job, const struct side *side, struct item *items)
{
	size_t i, n = 0;

	for (i = job->before; i < side->n - job->behind; i++)
		items[n++] = (struct item){ side->lines[i], i, side == &job->to };
	return n;
}

/* Marks the lines of a run of equal ones: with a number if both texts have them, else as changed. */
static void number_run(struct job *job, const struct item *run, size_t n, uint32_t id,
		       uint32_t *numbers[2])
{
	bool in[2] = { false, false };
	size_t i;

	for (i = 0; i < n; i++)
		in[run[i].is_to] = true;
	for (i = 0; i < n; i++) {
		struct side *side = run[i].is_to ? &job->to : &job->from;

		if (in[0] && in[1])
			numbers[run[i].is_to][run[i].where - job->before] = id;
		else
			side->changed[run[i].where] = true;
	}
}

static void number_all(struct job *job, struct item *items, size_t n, uint32_t *numbers[2])
{
	size_t first, last;
	uint32_t id = 0;

	qsort(items, n, sizeof(*items), compare_items);
	for (first = 0; first < n; first = last) {
		for (last = first + 1; last < n && kvs_str_eq(items[first].line, items[last].line);
		     last++)
			;
		number_run(job, items + first, last - first, id++, numbers);
	}
}

/* Keeps the numbers of the lines that are in question. */
static int take_numbers(const struct job *job, struct side *side, const uint32_t *numbers,
			struct kvs_err *err)
{
	size_t n = side->n - job->before - job->behind;
	size_t i;

	side->ids = kvs_realloc_array(NULL, n, sizeof(*side->ids));
	side->where = kvs_realloc_array(NULL, n, sizeof(*side->where));
	side->ids_changed = kvs_zalloc(n * sizeof(*side->ids_changed));
	if (!side->ids || !side->where || !side->ids_changed)
		return kvs_err_oom(err);
	for (i = 0; i < n; i++) {
		if (side->changed[job->before + i])
			continue;
		side->ids[side->n_ids] = numbers[i];
		side->where[side->n_ids++] = job->before + i;
	}
	return 0;
}

static int number(struct job *job, struct kvs_err *err)
{
	size_t ends = job->before + job->behind;
	size_t n_from = job->from.n - ends, n_to = job->to.n - ends;
	KVS_AUTO_FREE struct item *items = kvs_realloc_array(NULL, n_from + n_to, sizeof(*items));
	KVS_AUTO_FREE uint32_t *from = kvs_realloc_array(NULL, n_from, sizeof(*from));
	KVS_AUTO_FREE uint32_t *to = kvs_realloc_array(NULL, n_to, sizeof(*to));
	uint32_t *numbers[2] = { from, to };
	size_t n;
	int rc;

	if (!items || !from || !to)
		return kvs_err_oom(err);
	n = collect(job, &job->from, items);
	n += collect(job, &job->to, items + n);
	number_all(job, items, n, numbers);
	rc = take_numbers(job, &job->from, from, err);
	return rc ? rc : take_numbers(job, &job->to, to, err);
}

/* ---- what changed ---- */

static void mark(struct side *side)
{
	size_t i;

	for (i = 0; i < side->n_ids; i++)
		side->changed[side->where[i]] = side->ids_changed[i];
}

static int find_changes(struct job *job, struct kvs_err *err)
{
	struct side *from = &job->from, *to = &job->to;
	int rc;

	find_ends(job);
	rc = number(job, err);
	if (rc == 0)
		rc = kvs_myers(
			&(struct kvs_myers_side){ from->ids, from->n_ids, from->ids_changed },
			&(struct kvs_myers_side){ to->ids, to->n_ids, to->ids_changed }, WORK_MAX,
			err);
	if (rc)
		return rc;
	mark(from);
	mark(to);
	return 0;
}

/* ---- hunks ---- */

/* A run of lines in one text or both. */
struct part {
	size_t from, to; /* where it begins */
	size_t from_end, to_end;
};

/* The next change at or behind *at; false if there is none. */
static bool next_change(const struct job *job, size_t from, size_t to, struct part *ret)
{
	const struct side *a = &job->from, *b = &job->to;

	while (from < a->n && to < b->n && !a->changed[from] && !b->changed[to]) {
		from++;
		to++;
	}
	*ret = (struct part){ from, to, from, to };
	while (ret->from_end < a->n && a->changed[ret->from_end])
		ret->from_end++;
	while (ret->to_end < b->n && b->changed[ret->to_end])
		ret->to_end++;
	return ret->from_end > from || ret->to_end > to;
}

static int tell(const struct job *job, enum kvs_linediff_kind kind, struct kvs_str line)
{
	bool ended = line.n > 0 && ((const char *)line.p)[line.n - 1] == '\n';
	const struct kvs_linediff_line told = {
		.kind = kind,
		.text = kvs_sn(line.p, line.n - ended),
		.unended = !ended,
	};

	return job->fn(job->arg, &told);
}

static struct kvs_linediff_range range(size_t begin, size_t end)
{
	return (struct kvs_linediff_range){ begin + (end > begin), end - begin };
}

static int tell_hunk(const struct job *job, const struct part *hunk)
{
	const struct kvs_linediff_line head = {
		.kind = KVS_LINEDIFF_HUNK,
		.from = range(hunk->from, hunk->from_end),
		.to = range(hunk->to, hunk->to_end),
	};
	size_t from = hunk->from, to = hunk->to;
	int rc = job->fn(job->arg, &head);

	while (rc == 0 && (from < hunk->from_end || to < hunk->to_end)) {
		if (from < hunk->from_end && job->from.changed[from]) {
			rc = tell(job, KVS_LINEDIFF_REMOVED, job->from.lines[from++]);
		} else if (to < hunk->to_end && job->to.changed[to]) {
			rc = tell(job, KVS_LINEDIFF_ADDED, job->to.lines[to++]);
		} else {
			rc = tell(job, KVS_LINEDIFF_SAME, job->from.lines[from++]);
			to++;
		}
	}
	return rc;
}

static size_t less(size_t n, size_t most)
{
	return n < most ? n : most;
}

static int tell_all(const struct job *job, struct kvs_linediff_stat *stat)
{
	struct part change;
	bool more = next_change(job, 0, 0, &change);
	int rc = 0;

	while (more && rc == 0) {
		size_t before = less(change.from, job->context);
		struct part hunk = { .from = change.from - before, .to = change.to - before };
		size_t behind;

		do {
			stat->removed += change.from_end - change.from;
			stat->added += change.to_end - change.to;
			hunk.from_end = change.from_end;
			hunk.to_end = change.to_end;
			more = next_change(job, change.from_end, change.to_end, &change);
		} while (more && change.from - hunk.from_end <= 2 * job->context);
		behind = less(job->from.n - hunk.from_end, job->context);
		hunk.from_end += behind;
		hunk.to_end += behind;
		rc = tell_hunk(job, &hunk);
	}
	return rc;
}

int kvs_linediff(struct kvs_str from, struct kvs_str to, size_t context, kvs_linediff_fn fn,
		 void *arg, struct kvs_linediff_stat *ret, struct kvs_err *err)
{
	KVS_CLEANUP(job_release)
	struct job job = { .context = context, .fn = fn, .arg = arg };
	struct kvs_linediff_stat stat = { 0 };
	int rc = split(&job.from, from, err);

	rc = rc ? rc : split(&job.to, to, err);
	rc = rc ? rc : find_changes(&job, err);
	rc = rc ? rc : tell_all(&job, &stat);
	if (rc == 0)
		*ret = stat;
	return rc;
}

bool kvs_linediff_is_binary(struct kvs_str bytes)
{
	return bytes.n > 0 && memchr(bytes.p, '\0', bytes.n) != NULL;
}
