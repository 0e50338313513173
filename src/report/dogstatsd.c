/* SPDX-License-Identifier: Apache-2.0 */
#include "report/dogstatsd.h"

#include "base/cleanup.h"
#include "base/err.h"
#include "base/str.h"
#include "report/lookup.h"

#include <inttypes.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>

/* Of a tag's value; no datagram is too big with that. */
#define VALUE_MAX 2000

/* ---- which ---- */

#define DID(action_)	(1u << KVS_ACTION_##action_)
#define ENDED(outcome_) (1u << KVS_OUTCOME_##outcome_)
#define ANY		~0u
#define OF(member_)	offsetof(struct kvs_report, member_)
#define TRAVELLED	(DID(IN) | DID(OUT) | DID(RAW) | DID(COPY) | DID(ROLLBACK))
#define BROKE		(ENDED(UNREACHED) | ENDED(FILE_READ) | ENDED(FILE_WRITTEN) | ENDED(ERROR))
#define STORE_REFUSED	(ENDED(NOT_READ) | ENDED(NOT_SET) | ENDED(NOT_DELETED))
#define DONE		(ENDED(COMPLETE) | ENDED(UNCHANGED))

const struct kvs_metric kvs_metrics[] = {
	{ "in", 'c', DID(IN), ENDED(COMPLETE), .help = "a file was put into the store" },
	{ "out", 'c', DID(OUT), ENDED(COMPLETE), .help = "a file was installed or put right" },
	{ "raw", 'c', DID(RAW), ENDED(COMPLETE), .help = "a value was written to a file" },
	{ "lock", 'c', DID(LOCK), DONE, .help = "a file was locked" },
	{ "unlock", 'c', DID(UNLOCK), DONE, .help = "a file was unlocked" },
	{ "locked", 'c', ANY, ENDED(LOCKED), .help = "a file was left alone since it is locked" },
	{ "not_long_enough", 'c', ANY, ENDED(TOO_SHORT), .help = "a file had too few lines" },
	{ "checksum_mismatch", 'c', ANY, ENDED(MISMATCH),
	  .help = "data did not match its checksum or signature" },
	{ "consul_reconnect", 'c', ANY, ANY, OF(retries), .bare = true,
	  .help = "requests that were made again since the store was not reached" },
	{ "consul_error", 'c', ANY, STORE_REFUSED, .help = "the store refused or broke off" },
	{ "panic", 'c', ANY, BROKE, .help = "the store was not reached, or a file failed" },
	{ "bytes", 'g', TRAVELLED, ENDED(COMPLETE), OF(stored), .sized = true,
	  .help = "the size of the value in the store" },
	{ "lines", 'g', TRAVELLED, ENDED(COMPLETE), OF(lines), .sized = true,
	  .help = "lines of the file" },
	{ "time", 'g', ANY, ANY, OF(ms), .help = "milliseconds that the run took" },
	{ NULL },
};

static uint64_t value_of(const struct kvs_metric *metric, const struct kvs_report *report)
{
	return metric->value ? *(const uint64_t *)((const char *)report + metric->value) : 1;
}

bool kvs_metric_fits(const struct kvs_metric *metric, const struct kvs_report *report)
{
	return (metric->actions & (1u << report->action)) &&
	       (metric->outcomes & (1u << kvs_report_outcome(report))) &&
	       (report->sized || !metric->sized) &&
	       (metric->type == 'g' || value_of(metric, report) > 0);
}

/* ---- the datagram ---- */

/* A tag's value has no comma, which ends it, no bar, and nothing that disturbs a line. */
static void print_value(struct kvs_buf *buf, const char *text)
{
	const char *end = text + strnlen(text, VALUE_MAX);

	while (text < end) {
		size_t n = kvs_utf8_len((const unsigned char *)text, (size_t)(end - text));
		bool plain = n > 1 || (n == 1 && (unsigned char)*text >= 0x20 && *text != 0x7f &&
				       *text != ',' && *text != '|');

		if (plain)
			kvs_buf_add(buf, text, n);
		else
			kvs_buf_char(buf, '_');
		text += n ? n : 1;
	}
}

static void print_tag(struct kvs_buf *buf, const char *name, const char *value)
{
	kvs_buf_fmt(buf, "%s:", name);
	print_value(buf, value);
}

/* What the run was about: a lock concerns a file, whatever the key. */
static const char *subject(const struct kvs_report *report)
{
	const char *key = report->key;

	if (kvs_report_outcome(report) == KVS_OUTCOME_LOCKED)
		key = report->file;
	else if (report->lock_key)
		key = report->lock_key;
	return key ? key : report->file ? report->file : "";
}

void kvs_metric_print(const struct kvs_metric *metric, const struct kvs_dogstatsd *to,
		      const struct kvs_report *report, struct kvs_buf *buf)
{
	kvs_buf_fmt(buf, "kvexpress.%s:%" PRIu64 "|%c|#", metric->name, value_of(metric, report),
		    metric->type);
	if (!metric->bare) {
		print_tag(buf, "key", subject(report));
		kvs_buf_char(buf, ',');
	}
	print_tag(buf, "host", to->node);
	kvs_buf_char(buf, ',');
	print_tag(buf, "direction", kvs_action_name(report->action));
	if (!metric->bare) {
		kvs_buf_char(buf, ',');
		print_tag(buf, "location", kvs_locations[kvs_report_outcome(report)].name);
	}
}

/* ---- sending ---- */

static int open_socket(const struct kvs_endpoint *agent, int *ret_fd, struct kvs_err *err)
{
	struct sockaddr_storage address;
	socklen_t n;
	int rc = kvs_lookup(agent, KVS_DOGSTATSD_LOOKUP_MS, &address, &n, err);

	if (rc)
		return rc;
	*ret_fd = socket(address.ss_family, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (*ret_fd < 0 || connect(*ret_fd, (const struct sockaddr *)&address, n) != 0)
		return kvs_err_sys(err, "open a socket for UDP");
	return 0;
}

static int send_one(int fd, const struct kvs_buf *datagram, struct kvs_err *err)
{
	int rc = kvs_buf_check(datagram, "a metric", err);

	if (rc)
		return rc;
	if (send(fd, datagram->data, datagram->len, MSG_NOSIGNAL) < 0)
		return kvs_err_sys(err, "send");
	return 0;
}

int kvs_dogstatsd_send(const struct kvs_dogstatsd *to, const struct kvs_report *report,
		       struct kvs_err *err)
{
	KVS_AUTO_BUF struct kvs_buf datagram;
	KVS_AUTO_FD int fd = -1;
	int rc = open_socket(&to->agent, &fd, err);

	kvs_buf_init(&datagram, KVS_DOGSTATSD_MAX);
	for (const struct kvs_metric *m = kvs_metrics; m->name && !rc; m++) {
		if (!kvs_metric_fits(m, report))
			continue;
		kvs_buf_reset(&datagram);
		kvs_metric_print(m, to, report, &datagram);
		rc = send_one(fd, &datagram, err);
	}
	return rc;
}
