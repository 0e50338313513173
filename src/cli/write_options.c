/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/write_options.h"

#include "base/str.h"
#include "cli/output.h"
#include "cli/reporting.h"
#include "cli/transfer_setup.h"

#include <inttypes.h>

const char *const write_encodings[] = { "plain", "brotli", "gzip", "zstd", NULL };

int write_options_take(const struct cli *cli, const struct write_options *o, const char *cause,
		       struct kvs_in_params *ret, struct kvs_signkey **ret_key, struct kvs_err *err)
{
	int code = 0;

	ret->no_compat = o->no_compat || cli_no_compat(cli);
	ret->large = o->large;
	ret->history = (struct kvs_history_params){
		.versions = o->history_versions.given ? o->history_versions.value
						      : KVS_HISTORY_VERSIONS_DEFAULT,
		.bytes = o->history_bytes.given ? o->history_bytes.value
						: KVS_HISTORY_BYTES_DEFAULT,
		.cause = cause,
		.reason = o->reason,
	};
	ret->exact = o->compress != NULL;
	if (o->compress)
		code = kvs_encoding_parse(o->compress, &ret->encoding, err);
	if (!code && o->sign)
		code = kvs_signkey_read_private(o->sign, ret_key, err);
	ret->sign_key = *ret_key;
	return code;
}

void write_result_text(const struct kvs_in_result *result)
{
	out_text(", %" PRIu64 " line%s, %" PRIu64 " byte%s, sha256 %.12s%s%s\n", result->lines,
		 kvs_plural(result->lines), result->bytes, kvs_plural(result->bytes),
		 result->checksum, result->is_signed ? ", signed" : "",
		 result->commanded ? ", command run" : "");
}

void write_result_json(struct kvs_json *j, const struct kvs_in_result *result)
{
	kvs_json_bool(j, "written", result->written);
	kvs_json_uint(j, "index", result->index);
	kvs_json_bool(j, "signed", result->is_signed);
	kvs_json_uint(j, "lines", result->lines);
	kvs_json_uint(j, "bytes", result->bytes);
	kvs_json_text(j, "checksum", result->checksum);
}

void write_tell(const struct cli *cli, const struct kvs_transfer *t, struct kvs_report *report,
		const struct kvs_in_result *result, int code, const struct kvs_err *err)
{
	if (code == 0) {
		report->changed = result->written;
		report->sized = true;
		report->lines = result->lines;
		report->bytes = result->bytes;
		report->stored = result->stored;
		report->checksum = result->checksum;
	}
	cli_tell(cli, t, report, code, err);
}
