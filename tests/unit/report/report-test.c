/* SPDX-License-Identifier: Apache-2.0 */
/* How a job ended, and what is told of it: the datagrams, the text file and the events, byte for
 * byte. */
#include "report/report.h"

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/digest.h"
#include "base/str.h"
#include "report/datadog.h"
#include "report/dogstatsd.h"
#include "report/lookup.h"
#include "report/textfile.h"
#include "tests/lib/tap.h"

#include <arpa/inet.h>
#include <string.h>

#define SUM "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

static const struct kvs_report put = {
	.action = KVS_ACTION_IN,
	.changed = true,
	.store = "a store",
	.prefix = "kvexpress",
	.key = "hosts",
	.checksum = SUM,
	.sized = true,
	.lines = 600,
	.bytes = 12345,
	.stored = 4321,
	.ms = 12,
};

/* ---- outcomes ---- */

static const struct {
	enum kvs_action action;
	int code;
	bool changed, locked, too_short;
	const char *location;
} ends[] = {
	{ KVS_ACTION_IN, 0, true, false, false, "complete" },
	{ KVS_ACTION_IN, 0, false, false, false, "file_checksums_match" },
	{ KVS_ACTION_OUT, KVS_E_FROZEN, false, false, false, "stop_key" },
	{ KVS_ACTION_OUT, KVS_E_FROZEN, false, true, false, "lock_key" },
	{ KVS_ACTION_OUT, KVS_E_GUARD, false, false, true, "not_long_enough" },
	{ KVS_ACTION_OUT, KVS_E_GUARD, false, false, false, "guard" },
	{ KVS_ACTION_OUT, KVS_E_INTEGRITY, false, false, false, "checksum_mismatch" },
	{ KVS_ACTION_OUT, KVS_E_NOTFOUND, false, false, false, "not_found" },
	{ KVS_ACTION_IN, KVS_E_UNAVAILABLE, false, false, false, "no_more_retries" },
	{ KVS_ACTION_IN, KVS_E_TIMEOUT, false, false, false, "no_more_retries" },
	{ KVS_ACTION_IN, KVS_E_DENIED, false, false, false, "set" },
	{ KVS_ACTION_OUT, KVS_E_DENIED, false, false, false, "get" },
	{ KVS_ACTION_START, KVS_E_DENIED, false, false, false, "delete" },
	{ KVS_ACTION_STOP, KVS_E_UNCERTAIN, false, false, false, "set" },
	{ KVS_ACTION_IN, KVS_E_SYS, false, false, false, "read_file" },
	{ KVS_ACTION_OUT, KVS_E_SYS, false, false, false, "write_file" },
	{ KVS_ACTION_LOCK, KVS_E_ARG, false, false, false, "usage" },
	{ KVS_ACTION_LOCK, KVS_E_SYS, false, false, false, "error" },
	{ KVS_ACTION_OUT, KVS_E_COMMAND, true, false, false, "exec" },
	{ KVS_ACTION_OUT, KVS_E_NOMEM, false, false, false, "error" },
};

static void test_outcomes(void)
{
	for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
		const struct kvs_report r = { .action = ends[i].action,
					      .code = ends[i].code,
					      .changed = ends[i].changed,
					      .locked = ends[i].locked,
					      .too_short = ends[i].too_short };

		is_str(kvs_locations[kvs_report_outcome(&r)].name, ends[i].location, "%s: %s",
		       kvs_action_name(r.action), ends[i].location);
	}
}

/* ---- dogstatsd ---- */

/* All datagrams, one a line. */
static void datagrams(const struct kvs_report *r, struct kvs_buf *buf)
{
	const struct kvs_dogstatsd to = { .node = "node7" };

	kvs_buf_init(buf, (size_t)64 * 1024);
	for (const struct kvs_metric *m = kvs_metrics; m->name; m++) {
		if (!kvs_metric_fits(m, r))
			continue;
		kvs_metric_print(m, &to, r, buf);
		kvs_buf_char(buf, '\n');
	}
}

static void are_datagrams(const struct kvs_report *r, const char *want, const char *name)
{
	KVS_AUTO_BUF struct kvs_buf got;

	datagrams(r, &got);
	is_str(got.data, want, "%s", name);
}

#define TAGS(direction_, location_)                                                                \
	"key:hosts,host:node7,direction:" direction_ ",location:" location_ "\n"

static void test_metrics(void)
{
	struct kvs_report r = put;

	are_datagrams(
		&r,
		"kvexpress.in:1|c|#" TAGS("in", "complete") "kvexpress.bytes:4321|g|#" TAGS(
			"in",
			"complete") "kvexpress.lines:600|g|#" TAGS("in",
								   "complete") "kvexpress.time:12|"
									       "g|#" TAGS("in",
											  "complet"
											  "e"),
		"in");
	r.changed = false;
	are_datagrams(&r, "kvexpress.time:12|g|#" TAGS("in", "file_checksums_match"),
		      "nothing to do");
	r = (struct kvs_report){ .action = KVS_ACTION_OUT,
				 .key = "hosts",
				 .file = "/etc/hosts",
				 .ms = 3,
				 .code = KVS_E_FROZEN,
				 .locked = true };
	are_datagrams(
		&r,
		"kvexpress.locked:1|c|#key:/etc/hosts,host:node7,direction:out,location:lock_key\n"
		"kvexpress.time:3|g|#key:/etc/hosts,host:node7,direction:out,location:lock_key\n",
		"a lock concerns the file");
	r.code = KVS_E_UNAVAILABLE;
	r.retries = 4;
	are_datagrams(
		&r,
		"kvexpress.consul_reconnect:4|c|#host:node7,direction:out\n"
		"kvexpress.panic:1|c|#" TAGS("out", "no_more_retries") "kvexpress.time:3|g|#" TAGS(
			"out", "no_more_retries"),
		"retries have no key");
	r = (struct kvs_report){ .action = KVS_ACTION_LOCK,
				 .file = "/etc/hosts",
				 .lock_key = "kvexpress/locks/12/node7",
				 .changed = true };
	are_datagrams(&r,
		      "kvexpress.lock:1|c|#key:kvexpress/locks/12/"
		      "node7,host:node7,direction:lock,location:complete\n"
		      "kvexpress.time:0|g|#key:kvexpress/locks/12/"
		      "node7,host:node7,direction:lock,location:complete\n",
		      "a lock by its key");
}

static const struct {
	enum kvs_action action;
	int code;
	const char *metric;
} counted[] = {
	{ KVS_ACTION_OUT, 0, "kvexpress.out:1|c" },
	{ KVS_ACTION_RAW, 0, "kvexpress.raw:1|c" },
	{ KVS_ACTION_UNLOCK, 0, "kvexpress.unlock:1|c" },
	{ KVS_ACTION_OUT, KVS_E_INTEGRITY, "kvexpress.checksum_mismatch:1|c" },
	{ KVS_ACTION_OUT, KVS_E_GUARD, "kvexpress.not_long_enough:1|c" },
	{ KVS_ACTION_IN, KVS_E_DENIED, "kvexpress.consul_error:1|c" },
	{ KVS_ACTION_OUT, KVS_E_SYS, "kvexpress.panic:1|c" },
};

static void test_counters(void)
{
	for (size_t i = 0; i < sizeof(counted) / sizeof(counted[0]); i++) {
		const struct kvs_report r = { .action = counted[i].action,
					      .code = counted[i].code,
					      .changed = true,
					      .too_short = true,
					      .key = "k" };
		KVS_AUTO_BUF struct kvs_buf got;

		datagrams(&r, &got);
		has_str(got.data, counted[i].metric, "%s", counted[i].metric);
	}
}

/* What an agent would take for the end of a tag or of a datagram. */
static void test_hostile_tags(void)
{
	const struct kvs_report r = { .action = KVS_ACTION_STOP,
				      .key = "a,b|c\nd\x1b\xff#\xc3\xa9:e" };
	static char big[20000];
	struct kvs_report long_one = put;
	KVS_AUTO_BUF struct kvs_buf got;

	are_datagrams(&r,
		      "kvexpress.time:0|g|#key:a_b_c_d__#\xc3\xa9:e,host:node7,direction:stop,"
		      "location:file_checksums_match\n",
		      "what has a meaning is replaced");
	memset(big, 'x', sizeof(big) - 1);
	long_one.key = big;
	kvs_buf_init(&got, KVS_DOGSTATSD_MAX);
	kvs_metric_print(&kvs_metrics[0], &(struct kvs_dogstatsd){ .node = big }, &long_one, &got);
	is_int(kvs_buf_failed(&got), 0, "no key is too long for a datagram");
}

/* ---- addresses ---- */

static void test_lookup(void)
{
	static const struct {
		const char *host, *number;
	} known[] = { { "localhost", "127.0.0.1" },
		      { "127.0.0.2", "127.0.0.2" },
		      { "::1", "::1" } };
	struct kvs_endpoint at = { .port = 8125 };
	struct sockaddr_storage address;
	struct kvs_err err = { 0 };
	char text[64] = "";
	socklen_t n;

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		char host[32];

		(void)snprintf(host, sizeof(host), "%s", known[i].host);
		at.host = host;
		if (!is_code(kvs_lookup(&at, 1, &address, &n, &err), 0, &err, "%s", host))
			continue;
		if (address.ss_family == AF_INET)
			(void)inet_ntop(AF_INET, &((struct sockaddr_in *)&address)->sin_addr, text,
					sizeof(text));
		else
			(void)inet_ntop(AF_INET6, &((struct sockaddr_in6 *)&address)->sin6_addr,
					text, sizeof(text));
		is_str(text, known[i].number, "its address");
		is_int(ntohs(((struct sockaddr_in *)&address)->sin_port), 8125, "and port");
	}
#ifdef __SANITIZE_THREAD__
	/* it does not know of the thread that the C library starts by itself, and crashes in it */
	skip(1, "ThreadSanitizer and getaddrinfo_a()");
	return;
#endif
	at.host = (char[]){ "no-such-host.invalid" };
	is_code(kvs_lookup(&at, 200, &address, &n, &err), KVS_E_UNAVAILABLE, &err, "no such name");
}

/* ---- the text file ---- */

static void print_textfile(const struct kvs_report *r, const char *before, uint64_t now,
			   struct kvs_buf *text)
{
	kvs_buf_init(text, (size_t)1 << 20);
	kvs_textfile_print(r, kvs_s(before), now, text);
}

#define SERIES(name_, help_, labels_, value_)                                                      \
	"# HELP " name_ " " help_ "\n# TYPE " name_ " gauge\n" name_ "{" labels_ "} " value_ "\n"
#define JOB "command=\"in\",store=\"a store\",prefix=\"kvexpress\",key=\"hosts\""

static void test_textfile(void)
{
	KVS_AUTO_BUF struct kvs_buf first, second;
	struct kvs_report r = put;

	print_textfile(&r, "", 1700000000123, &first);
	is_str(first.data,
	       SERIES("kvsync_last_run_timestamp_seconds", "when the last run ended", JOB,
		      "1700000000.123") SERIES("kvsync_last_run_success",
					       "1 if the last run ended well, else 0", JOB,
					       "1") SERIES("kvsync_last_run_exit_status",
							   "the exit status of the last run", JOB,
							   "0")
		       SERIES("kvsync_last_run_result_info", "how the last run ended, in a label",
			      JOB ",result=\"complete\"",
			      "1") SERIES("kvsync_last_run_duration_seconds",
					  "how long the last run took", JOB,
					  "0.012") SERIES("kvsync_last_success_timestamp_seconds",
							  "when the last run ended that went well",
							  JOB, "1700000000.123")
			       SERIES("kvsync_last_change_timestamp_seconds",
				      "when the last run ended that changed something", JOB,
				      "1700000000.123") SERIES("kvsync_file_bytes",
							       "the size of the file", JOB, "12345")
				       SERIES("kvsync_file_lines", "the lines of the file", JOB,
					      "600") SERIES("kvsync_file_checksum_info",
							    "the file's SHA-256, in a label",
							    JOB ",sha256=\"" SUM "\"", "1"),
	       "a run");
	r = (struct kvs_report){ .action = put.action,
				 .store = put.store,
				 .prefix = put.prefix,
				 .key = put.key,
				 .code = KVS_E_FROZEN,
				 .status = 6 };
	print_textfile(&r, first.data, 1700000001000, &second);
	has_str(second.data, "kvsync_last_run_success{" JOB "} 0\n", "a run that fails");
	has_str(second.data, "kvsync_last_run_exit_status{" JOB "} 6\n", "its status");
	has_str(second.data, JOB ",result=\"stop_key\"} 1\n", "and how it ended");
	has_str(second.data, "kvsync_last_success_timestamp_seconds{" JOB "} 1700000000.123\n",
		"the last success stays");
	has_str(second.data, "kvsync_last_change_timestamp_seconds{" JOB "} 1700000000.123\n",
		"so does the last change");
	has_str(second.data, "kvsync_file_bytes{" JOB "} 12345\n", "and what is known of the file");
	has_str(second.data, ",sha256=\"" SUM "\"} 1\n", "and its checksum");
}

/* What stood in the file is somebody else's, or cut, or nothing like it. */
static void test_textfile_before(void)
{
	static const char *const before[] = {
		"kvsync_last_success_timestamp_seconds{} NaN\n",
		"kvsync_last_success_timestamp_seconds{}\n",
		"kvsync_last_success_timestamp_seconds{",
		"kvsync_file_checksum_info{sha256=\"abc\"} 1\n",
		"kvsync_file_checksum_info{sha256=\"",
		"kvsync_file_bytes{} 1 2 3x\n",
		"kvsync_file_bytes{} 00000000000000000000000000000000000000000000000000000\n",
		"\n\n\n",
	};
	const struct kvs_report r = { .action = KVS_ACTION_IN, .key = "k", .code = KVS_E_SYS };
	KVS_AUTO_BUF struct kvs_buf fresh, text;

	print_textfile(&r, "", 1000, &fresh);
	for (size_t i = 0; i < sizeof(before) / sizeof(before[0]); i++) {
		print_textfile(&r, before[i], 1000, &text);
		is_str(text.data, fresh.data, "nothing is kept of %zu", i);
		kvs_buf_release(&text);
	}
}

static void test_labels(void)
{
	struct kvs_report r = { .action = KVS_ACTION_OUT,
				.store = "s",
				.prefix = "p",
				.key = "a\"b\\c\nd\x1b\xff",
				.file = "/f" };
	KVS_AUTO_FREE char *one = kvs_textfile_name(&r);
	KVS_AUTO_FREE char *two = NULL;
	KVS_AUTO_BUF struct kvs_buf text;

	print_textfile(&r, "", 1000, &text);
	has_str(text.data,
		"{command=\"out\",prefix=\"p\",key=\"a\\\"b\\\\c\\\\x0ad\\\\x1b\\\\xff\",file=\"/"
		"f\"} 1.000\n",
		"labels are escaped; a file is one job wherever it comes from");
	ok(strncmp(one, "kvsync-out-a_b_c_d__-", 21) == 0 && strlen(one) == 21 + 16 + 5,
	   "the file's name: %s", one);
	r.key = "a_b_c_d__";
	two = kvs_textfile_name(&r);
	ok(strcmp(one, two) != 0, "another key has another file: %s", two);
	kvs_buf_release(&text);
}

/* ---- events ---- */

static void is_event(const struct kvs_report *r, const char *want, const char *name)
{
	KVS_AUTO_BUF struct kvs_buf json;
	struct kvs_err err = { 0 };

	kvs_buf_init(&json, (size_t)1 << 20);
	if (is_code(kvs_datadog_print(r, "node7", &json, &err), 0, &err, "%s", name))
		is_str(json.data, want, "its bytes");
}

static void test_events(void)
{
	struct kvs_report r = put;

	is_event(&r,
		 "{\"title\":\"Updated: kvexpress/hosts/data\",\"text\":\"600 lines, 12345 bytes, "
		 "sha256 " SUM "\","
		 "\"alert_type\":\"info\",\"host\":\"node7\",\"tags\":[\"key:kvexpress/hosts/"
		 "data\",\"host:node7\","
		 "\"direction:in\",\"location:complete\",\"kvexpress:success\"]}",
		 "a file was put there");
	r.contents = kvs_s("+new\tline\n\x1b\xff");
	is_event(&r,
		 "{\"title\":\"Updated: "
		 "kvexpress/hosts/data\",\"text\":\"+new\\tline\\n\\\\x1b\\\\xff\","
		 "\"alert_type\":\"info\",\"host\":\"node7\",\"tags\":[\"key:kvexpress/hosts/"
		 "data\",\"host:node7\","
		 "\"direction:in\",\"location:complete\",\"kvexpress:success\"]}",
		 "with its contents");
	r = (struct kvs_report){ .action = KVS_ACTION_IN,
				 .prefix = "/kvexpress",
				 .key = "hosts",
				 .code = KVS_E_FROZEN,
				 .reason = "wait\nfor it" };
	is_event(&r,
		 "{\"title\":\"Stop key is present: kvexpress/hosts/stop. "
		 "Stopping.\",\"text\":\"wait\\nfor it\","
		 "\"alert_type\":\"error\",\"host\":\"node7\",\"tags\":[\"key:kvexpress/hosts/"
		 "stop\",\"host:node7\","
		 "\"direction:in\",\"location:stop_key_present\",\"kvexpress:stop\"]}",
		 "a stop held it back");
	r = (struct kvs_report){ .action = KVS_ACTION_IN,
				 .prefix = "kvexpress",
				 .key = "hosts",
				 .code = KVS_E_GUARD,
				 .too_short = true,
				 .message = "too short" };
	is_event(&r,
		 "{\"title\":\"Not long enough: hosts. Stopping.\",\"text\":\"too short\","
		 "\"alert_type\":\"error\",\"host\":\"node7\",\"tags\":[\"key:hosts\",\"host:"
		 "node7\","
		 "\"direction:in\",\"location:not_long_enough\",\"kvexpress:length\"]}",
		 "too few lines");
	r = (struct kvs_report){
		.action = KVS_ACTION_COPY, .key = "to", .from = "from", .changed = true
	};
	is_event(
		&r,
		"{\"title\":\"Copy: from to to\",\"text\":\"Copy: from to to\","
		"\"alert_type\":\"info\",\"host\":\"node7\",\"tags\":[\"key:to\",\"host:node7\","
		"\"direction:copy\",\"location:complete\",\"kvexpress:success\",\"keyFrom:from\"]}",
		"a copy");
	r = (struct kvs_report){ .action = KVS_ACTION_STOP,
				 .prefix = "kvexpress",
				 .key = "hosts",
				 .reason = "no",
				 .changed = true };
	is_event(&r,
		 "{\"title\":\"Set Stop Key: kvexpress/hosts/stop\",\"text\":\"no\","
		 "\"alert_type\":\"warning\",\"host\":\"node7\",\"tags\":[\"key:kvexpress/hosts/"
		 "stop\",\"host:node7\","
		 "\"direction:stop\",\"location:stop_key_save\",\"kvexpress:stop_set\"]}",
		 "a stop was set");
}

static void test_no_event(void)
{
	const struct kvs_report out = { .action = KVS_ACTION_OUT, .changed = true };
	struct kvs_report same = put;

	ok(!kvs_datadog_fits(&out), "out is no event");
	same.changed = false;
	ok(!kvs_datadog_fits(&same), "nor is an in with nothing to do");
}

/* The API takes 4000 characters. */
static void test_long_text(void)
{
	static char big[100000];
	struct kvs_report r = put;
	KVS_AUTO_BUF struct kvs_buf json;
	struct kvs_err err = { 0 };

	memset(big, '\x01', sizeof(big));
	r.contents = kvs_sn(big, sizeof(big));
	kvs_buf_init(&json, (size_t)64 * 1024);
	is_code(kvs_datadog_print(&r, "node7", &json, &err), 0, &err, "a long text");
	ok(json.len > 4000 && json.len < 5600, "is cut: %zu bytes", json.len);
}

int main(void)
{
	test_outcomes();
	test_metrics();
	test_counters();
	test_hostile_tags();
	test_lookup();
	test_textfile();
	test_textfile_before();
	test_labels();
	test_events();
	test_no_event();
	test_long_text();
	return tap_end();
}
