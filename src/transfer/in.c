/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A file goes into the store: it is read here, pair_write.c does the rest.
 */
#include "transfer/transfer.h"

#include "base/buf.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/fsio.h"
#include "transfer/common.h"
#include "transfer/content.h"
#include "transfer/guards.h"
#include "transfer/pair_write.h"

static int read_content(const struct kvs_in_params *params, struct kvs_buf *content,
			struct kvs_err *err)
{
	int rc;

	if (params->content.p) {
		kvs_buf_add(content, params->content.p, params->content.n);
		rc = kvs_buf_check(content, params->file, err);
	} else if (params->fd >= 0)
		rc = kvs_fd_read(params->fd, params->file, content, err);
	else
		rc = kvs_file_read(params->file, content, err);
	return rc == KVS_E_TOOBIG ? kvs_guards_too_big(params->file, content->max, err) : rc;
}

int kvs_transfer_in(const struct kvs_transfer *t, const struct kvs_in_params *params,
		    struct kvs_in_result *ret, struct kvs_err *err)
{
	struct kvs_pair_spec spec = kvs_pair_spec_of(params);
	KVS_AUTO_BUF struct kvs_buf content;
	struct kvs_transfer mine = *t; /* with a deadline of our own */
	uint64_t began = kvsi_monotonic_ms();
	int rc;

	kvs_buf_init(&content, params->guards.max_bytes ?: KVS_IN_MAX_BYTES_DEFAULT);
	rc = kvs_pair_check(t, &spec, err);
	rc = rc ? rc : read_content(params, &content, err);
	if (params->fd >= 0)
		kvs_transfer_spare_time(&mine, began);
	if (rc == 0 && params->sorted)
		rc = kvs_content_sort(&content, err);
	if (rc)
		return rc;
	spec.content = kvs_buf_slice(&content);
	return kvs_pair_write(&mine, &spec, ret, err);
}
