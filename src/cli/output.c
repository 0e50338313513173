/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/output.h"

#include "base/buf.h"
#include "base/err.h"
#include "base/str.h"

#include <errno.h>
#include <signal.h>
#include <stdarg.h>

static int write_errno; /* of the first write that failed */

static void note(bool failed)
{
	if (failed && !write_errno)
		write_errno = errno;
}

void out_raw(struct kvs_str bytes)
{
	if (bytes.n)
		note(fwrite(bytes.p, 1, bytes.n, stdout) < bytes.n);
}

void out_escaped(struct kvs_str bytes)
{
	char chunk[1024];
	const char *p = bytes.p;
	size_t left = bytes.n;

	/* By pieces that fit even if every byte is escaped; cut at a character. */
	while (left && !write_errno) {
		size_t n = left < sizeof(chunk) / 4 - 1 ? left : sizeof(chunk) / 4 - 1;

		while (n < left && n > sizeof(chunk) / 4 - 5 &&
		       ((unsigned char)p[n] & 0xc0) == 0x80)
			n--;
		out_raw(kvs_sn(chunk, kvs_escape_into(chunk, sizeof(chunk), p, n)));
		p += n;
		left -= n;
	}
}

void out_text(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	note(vfprintf(stdout, fmt, ap) < 0);
	va_end(ap);
}

int out_json(struct kvs_json *j, struct kvs_err *err)
{
	const char *line = kvs_json_line(j);

	if (!line)
		return kvs_err_oom(err);
	note(fputs(line, stdout) == EOF || putc('\n', stdout) == EOF);
	return 0;
}

void out_json_entry(struct kvs_json *j, const struct kvs_entry *entry, bool keys_only)
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

bool out_failed(void)
{
	return write_errno != 0;
}

int out_finish(struct kvs_err *err)
{
	note(fflush(stdout) != 0);
	if (!write_errno)
		return 0;
	if (write_errno == EPIPE) {
		/* SIGPIPE is ignored for the sake of sockets; for our output it means what it
		 * means to every filter. */
		(void)signal(SIGPIPE, SIG_DFL);
		(void)raise(SIGPIPE);
	}
	errno = write_errno;
	return kvs_err_sys(err, "standard output");
}
