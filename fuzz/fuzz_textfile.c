/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A text file for Prometheus after a run that failed: whatever stood there before, what is kept of it
 * is a number or a checksum, every line is whole, and what was written is kept in full.
 */
#include "base/buf.h"
#include "base/cleanup.h"
#include "base/str.h"
#include "report/textfile.h"

#include <stdlib.h>
#include <string.h>

#define ROOM ((size_t)1 << 20)

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A comment, or a series with its labels and a value of plain digits. */
static bool is_line(const char *line, size_t n)
{
	const char *space = memrchr(line, ' ', n);
	char *end;

	if (strncmp(line, "# ", 2) == 0)
		return true;
	if (strncmp(line, "kvsync_", 7) != 0 || !space || space[-1] != '}')
		return false;
	(void)strtod(space + 1, &end);
	return end == line + n && space[1] >= '0' && space[1] <= '9';
}

static void check(const struct kvs_buf *text)
{
	const char *p = text->data, *end;

	for (; (end = strchr(p, '\n')); p = end + 1)
		if (!is_line(p, (size_t)(end - p)))
			abort();
	if (*p || kvs_buf_failed(text))
		abort();
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct kvs_report report = { .action = KVS_ACTION_IN, .key = "k", .code = KVS_E_SYS };
	KVS_AUTO_BUF struct kvs_buf first, second;

	kvs_buf_init(&first, ROOM);
	kvs_buf_init(&second, ROOM);
	kvs_textfile_print(&report, kvs_sn(data, size), 1, &first);
	check(&first);
	kvs_textfile_print(&report, kvs_buf_slice(&first), 1, &second);
	if (!kvs_str_eq(kvs_buf_slice(&first), kvs_buf_slice(&second)))
		abort();
	return 0;
}
