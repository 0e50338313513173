/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/output.h"

#include "base/buf.h"
#include "base/err.h"
#include "base/str.h"

#include <errno.h>
#include <signal.h>
#include <stdarg.h>

void out_raw(struct kvs_str bytes)
{
	if (bytes.n)
		(void)fwrite(bytes.p, 1, bytes.n, stdout);
}

void out_escaped(struct kvs_str bytes)
{
	char chunk[1024];
	const char *p = bytes.p;
	size_t left = bytes.n;

	/* By pieces that fit even if every byte is escaped; cut at a character. */
	while (left) {
		size_t n = left < sizeof(chunk) / 4 - 1 ? left : sizeof(chunk) / 4 - 1;

		while (n < left && n > sizeof(chunk) / 4 - 5 &&
		       ((unsigned char)p[n] & 0xc0) == 0x80)
			n--;
		(void)fwrite(chunk, 1, kvs_escape_into(chunk, sizeof(chunk), p, n), stdout);
		p += n;
		left -= n;
	}
}

void out_text(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	(void)vfprintf(stdout, fmt, ap);
	va_end(ap);
}

int out_json(struct kvs_json *j, struct kvs_err *err)
{
	const char *line = kvs_json_line(j);

	if (!line)
		return kvs_err_oom(err);
	(void)fputs(line, stdout);
	(void)putc('\n', stdout);
	return 0;
}

void out_json_entry(struct kvs_json *j, const struct kvs_entry *entry, int keys_only)
{
	kvs_json_bytes(j, "key", entry->key);
	if (entry->info & KVS_ENTRY_FOLDED) {
		kvs_json_bool(j, "folded", true);
		return;
	}
	if (!keys_only)
		kvs_json_bytes(j, "value", entry->value);
	kvs_json_uint(j, "index", entry->mod_index);
	kvs_json_uint(j, "create_index", entry->create_index);
	kvs_json_uint(j, "version", entry->version);
	kvs_json_uint(j, "flags", entry->flags);
	if (entry->lease.n)
		kvs_json_bytes(j, "lease", entry->lease);
}

int out_finish(struct kvs_err *err)
{
	if (fflush(stdout) == 0 && !ferror(stdout))
		return 0;
	if (errno == EPIPE) {
		/* SIGPIPE is ignored for the sake of sockets; for our output it means what it
		 * means to every filter. */
		(void)signal(SIGPIPE, SIG_DFL);
		(void)raise(SIGPIPE);
	}
	return kvs_err_sys(err, "standard output");
}
