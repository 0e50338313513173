/* SPDX-License-Identifier: Apache-2.0 */
#include "transfer/source.h"

#include "base/err.h"
#include "base/str.h"
#include "base/tempfile.h"
#include "transfer/guards.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

/* Fills the buffer as far as there is something.  0 at the end, -1 with errno. */
static ssize_t read_piece(int fd, char *buf, size_t n, off_t at)
{
	size_t done = 0;

	while (done < n) {
		ssize_t got = pread(fd, buf + done, n - done, at + (off_t)done);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return -1;
		if (got == 0)
			break;
		done += (size_t)got;
	}
	return (ssize_t)done;
}

static int read_file(const struct kvs_source *source, kvs_piece_fn fn, void *arg,
		     struct kvs_err *err)
{
	KVS_AUTO_FREE char *buf = kvs_alloc(KVS_CHUNK_BYTES);
	off_t at = source->begin;
	int rc = buf ? 0 : kvs_err_oom(err);

	while (rc == 0) {
		ssize_t n = read_piece(source->fd, buf, KVS_CHUNK_BYTES, at);

		if (n < 0)
			return kvs_err_sys(err, "read %s", KVS_Q(kvs_s(source->name)));
		if (n == 0)
			break;
		rc = fn(arg, kvs_sn(buf, (size_t)n), err);
		at += n;
	}
	return rc;
}

static int read_content(struct kvs_str rest, kvs_piece_fn fn, void *arg, struct kvs_err *err)
{
	int rc = 0;

	while (rc == 0 && rest.n > 0) {
		size_t n = rest.n < KVS_CHUNK_BYTES ? rest.n : KVS_CHUNK_BYTES;

		rc = fn(arg, kvs_sn(rest.p, n), err);
		rest = kvs_str_skip(rest, n);
	}
	return rc;
}

int kvs_source_read(const struct kvs_source *source, kvs_piece_fn fn, void *arg,
		    struct kvs_err *err)
{
	if (source->chunks)
		return kvs_chunks_read(source->t, source->chunks, fn, arg, NULL, err);
	if (source->content.p)
		return read_content(source->content, fn, arg, err);
	return read_file(source, fn, arg, err);
}

/* ---- opening ---- */

/* Copies everything to a temporary without a name. */
static int spool(int fd, uint64_t max, struct kvs_source *source, struct kvs_err *err)
{
	KVS_AUTO_FREE char *buf = kvs_alloc(KVS_CHUNK_BYTES);
	int rc = buf ? kvs_tempfile_open(&source->fd, err) : kvs_err_oom(err);

	source->owned = rc == 0;
	source->bytes = 0;
	while (rc == 0) {
		ssize_t n = read(fd, buf, KVS_CHUNK_BYTES);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return kvs_err_sys(err, "read %s", KVS_Q(kvs_s(source->name)));
		if (n == 0)
			break;
		source->bytes += (uint64_t)n;
		if (source->bytes > max)
			return kvs_guards_too_big(source->name, max, err);
		rc = kvs_tempfile_write(source->fd, buf, (size_t)n, err);
	}
	return rc;
}

/* Can it be read again? */
static bool is_lasting(int fd, const struct stat *st, off_t *ret_begin)
{
	*ret_begin = S_ISREG(st->st_mode) ? lseek(fd, 0, SEEK_CUR) : -1;
	return *ret_begin >= 0;
}

static int take(int fd, bool owned, uint64_t max, struct kvs_source *source, struct kvs_err *err)
{
	struct stat st;

	if (fstat(fd, &st) != 0)
		return kvs_err_sys(err, "look at %s", KVS_Q(kvs_s(source->name)));
	if (!is_lasting(fd, &st, &source->begin)) {
		source->begin = 0;
		return spool(fd, max, source, err);
	}
	source->bytes = st.st_size > source->begin ? (uint64_t)(st.st_size - source->begin) : 0;
	if (source->bytes > max)
		return kvs_guards_too_big(source->name, max, err);
	source->fd = owned ? fcntl(fd, F_DUPFD_CLOEXEC, 0) : fd;
	source->owned = owned;
	return source->fd < 0 ? kvs_err_sys(err, "open %s", KVS_Q(kvs_s(source->name))) : 0;
}

int kvs_source_open(const char *name, int fd, uint64_t max, struct kvs_source *ret,
		    struct kvs_err *err)
{
	KVS_AUTO_SOURCE struct kvs_source source = { .name = name, .fd = -1 };
	KVS_AUTO_FD int opened = -1;
	int rc;

	if (fd < 0) {
		opened = open(name, O_RDONLY | O_CLOEXEC | O_NOCTTY);
		if (opened < 0)
			return kvs_err_sys(err, "open %s", KVS_Q(kvs_s(name)));
	}
	rc = take(fd < 0 ? opened : fd, fd < 0, max, &source, err);
	if (rc == 0) {
		*ret = source;
		source.owned = false;
	}
	return rc;
}

void kvs_source_of_content(struct kvs_str content, const char *name, struct kvs_source *ret)
{
	*ret = (struct kvs_source){
		.name = name, .fd = -1, .content = content, .bytes = content.n
	};
}

void kvs_source_of_chunks(struct kvs_transfer *t, const struct kvs_chunks *chunks, const char *name,
			  struct kvs_source *ret)
{
	*ret = (struct kvs_source){
		.name = name, .fd = -1, .bytes = chunks->bytes, .t = t, .chunks = chunks
	};
}

void kvs_source_release(struct kvs_source *source)
{
	if (source->owned)
		(void)close(source->fd);
	*source = (struct kvs_source)KVS_SOURCE_INIT;
}

int kvs_source_changes(const struct kvs_source *source, struct kvs_err *err)
{
	return kvs_err_set(err, KVS_E_SYS,
			   "%s changes while it is being read; put a copy that does not",
			   KVS_Q(kvs_s(source->name)));
}
