/* SPDX-License-Identifier: Apache-2.0 */
#include "transfer/contents.h"

#include "base/linediff.h"

void kvs_contents_refused(struct kvs_buf *contents, struct kvs_str file)
{
	kvs_buf_reset(contents);
	kvs_buf_add(contents, file.p, file.n < contents->max ? file.n : contents->max);
}

static int on_line(void *arg, const struct kvs_linediff_line *line)
{
	static const char marks[] = {
		[KVS_LINEDIFF_SAME] = ' ',
		[KVS_LINEDIFF_REMOVED] = '-',
		[KVS_LINEDIFF_ADDED] = '+',
	};
	struct kvs_buf *contents = arg;

	if (line->kind == KVS_LINEDIFF_HUNK) {
		kvs_buf_fmt(contents, "@@ -%zu,%zu +%zu,%zu @@\n", line->from.first, line->from.n,
			    line->to.first, line->to.n);
	} else {
		kvs_buf_char(contents, marks[line->kind]);
		kvs_buf_add(contents, line->text.p, line->text.n);
		kvs_buf_char(contents, '\n');
	}
	return kvs_buf_failed(contents);
}

void kvs_contents_changed(struct kvs_buf *contents, struct kvs_str before, struct kvs_str after)
{
	struct kvs_linediff_stat stat;

	kvs_buf_reset(contents);
	if (kvs_linediff_is_binary(before) || kvs_linediff_is_binary(after))
		return;
	/* That it is full, or could not go on, takes nothing from what was told. */
	(void)kvs_linediff(before, after, KVS_LINEDIFF_CONTEXT, on_line, contents, &stat, NULL);
}
