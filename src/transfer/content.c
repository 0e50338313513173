/* SPDX-License-Identifier: Apache-2.0 */
#include "transfer/content.h"

#include "base/alloc.h"
#include "base/cleanup.h"
#include "base/err.h"
#include "base/str.h"

#include <stdlib.h>
#include <string.h>

uint64_t kvs_content_lines(struct kvs_str content)
{
	const char *p = content.p;
	const char *end = content.n ? p + content.n : p;
	uint64_t lines = 0;

	while (p < end) {
		const char *newline = memchr(p, '\n', (size_t)(end - p));

		lines++;
		if (!newline)
			break;
		p = newline + 1;
	}
	return lines;
}

static int compare_lines(const void *a, const void *b)
{
	return kvs_str_cmp(*(const struct kvs_str *)a, *(const struct kvs_str *)b);
}

/* Slices of the lines that are not empty, without their newlines. */
static size_t split_lines(struct kvs_str content, struct kvs_str *lines)
{
	const char *p = content.p;
	const char *end = p + content.n;
	size_t n = 0;

	while (p < end) {
		const char *newline = memchr(p, '\n', (size_t)(end - p));
		const char *stop = newline ? newline : end;

		if (stop > p)
			lines[n++] = kvs_sn(p, (size_t)(stop - p));
		p = stop + 1;
	}
	return n;
}

int kvs_content_sort(struct kvs_buf *content, struct kvs_err *err)
{
	KVS_AUTO_FREE struct kvs_str *lines = NULL;
	struct kvs_buf sorted;
	bool newline;
	size_t i, n;

	if (content->len == 0)
		return 0;
	newline = content->data[content->len - 1] == '\n';
	lines = kvs_realloc_array(NULL, kvs_content_lines(kvs_buf_slice(content)), sizeof(*lines));
	if (!lines)
		return kvs_err_oom(err);
	n = split_lines(kvs_buf_slice(content), lines);
	qsort(lines, n, sizeof(*lines), compare_lines);
	kvs_buf_init(&sorted, content->max);
	(void)kvs_buf_reserve(&sorted, content->len);
	for (i = 0; i < n; i++) {
		kvs_buf_add(&sorted, lines[i].p, lines[i].n);
		if (newline || i + 1 < n)
			kvs_buf_char(&sorted, '\n');
	}
	if (kvs_buf_failed(&sorted)) {
		kvs_buf_release(&sorted);
		return kvs_err_oom(err);
	}
	kvs_buf_release(content);
	*content = sorted;
	return 0;
}
