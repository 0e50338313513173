/* SPDX-License-Identifier: Apache-2.0 */
#include "report/datadog.h"

#include "base/cleanup.h"
#include "base/err.h"
#include "base/json.h"
#include "base/str.h"
#include "fetch/fetch.h"

#include <inttypes.h>
#include <string.h>

#define JSON_MAX   ((size_t)256 * 1024)
#define TEXT_MAX   4000 /* the API takes no more */
#define ANSWER_MAX ((uint64_t)64 * 1024)

enum text {
	TEXT_REASON,   /* of the stop */
	TEXT_CONTENTS, /* if they are there, else what is known of the file */
	TEXT_TITLE,
};

static const struct kind {
	enum kvs_action action;
	enum kvs_outcome outcome;
	const char *title; /* before the key */
	const char *end;   /* behind it */
	const char
		*part; /* the key is the whole one in the store, ending in this; NULL: as given */
	const char *alert;
	const char *tag;
	const char *location; /* NULL: the outcome's */
	enum text text;
} kinds[] = {
	{ KVS_ACTION_IN, KVS_OUTCOME_STOPPED, "Stop key is present: ", ". Stopping.", "stop",
	  "error", "kvexpress:stop", "stop_key_present", TEXT_REASON },
	{ KVS_ACTION_IN, KVS_OUTCOME_TOO_SHORT, "Not long enough: ", ". Stopping.", NULL, "error",
	  "kvexpress:length", NULL, TEXT_CONTENTS },
	{ KVS_ACTION_IN, KVS_OUTCOME_COMPLETE, "Updated: ", "", "data", "info", "kvexpress:success",
	  NULL, TEXT_CONTENTS },
	{ KVS_ACTION_COPY, KVS_OUTCOME_COMPLETE, "Copy: ", "", NULL, "info", "kvexpress:success",
	  NULL, TEXT_TITLE },
	{ KVS_ACTION_STOP, KVS_OUTCOME_COMPLETE, "Set Stop Key: ", "", "stop", "warning",
	  "kvexpress:stop_set", "stop_key_save", TEXT_REASON },
};

static const struct kind *kind_of(const struct kvs_report *report)
{
	enum kvs_outcome outcome = kvs_report_outcome(report);

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (kinds[i].action == report->action && kinds[i].outcome == outcome)
			return &kinds[i];
	return NULL;
}

bool kvs_datadog_fits(const struct kvs_report *report)
{
	return kind_of(report) != NULL;
}

/* ---- the parts, each in fresh memory or NULL ---- */

/* Escaped for people, but lines and tabs stay, and no more of it than the API takes. */
static char *shown(struct kvs_str text)
{
	char *out = kvs_alloc(TEXT_MAX + 1);
	size_t used = 0;

	if (!out)
		return NULL;
	out[0] = '\0';
	while (text.n && used < TEXT_MAX) {
		const char *p = text.p;
		size_t n = 0;

		while (n < text.n && p[n] != '\n' && p[n] != '\t')
			n++;
		used += kvs_escape_into(out + used, TEXT_MAX + 1 - used, p, n);
		if (n < text.n && used < TEXT_MAX)
			out[used++] = p[n++];
		out[used] = '\0';
		text = kvs_str_skip(text, n);
	}
	return out;
}

/* What the event is about. */
static char *subject_of(const struct kind *kind, const struct kvs_report *report)
{
	const char *prefix = report->prefix ? report->prefix : "";

	if (!kind->part)
		return kvs_strdup(report->key ? report->key : "");
	/* Consul, where the names come from, drops one leading slash. */
	return kvs_asprintf("%s/%s/%s", prefix + (*prefix == '/'), report->key ? report->key : "",
			    kind->part);
}

static char *title_of(const struct kind *kind, const struct kvs_report *report, const char *subject)
{
	KVS_AUTO_FREE char *from = report->from ? kvs_asprintf("%s to ", report->from)
						: kvs_strdup("");
	KVS_AUTO_FREE char *raw = NULL;

	if (!from)
		return NULL;
	raw = kvs_asprintf("%s%s%s%s", kind->title, from, subject, kind->end);
	return raw ? shown(kvs_s(raw)) : NULL;
}

/* Without the contents: what can be said of a file without saying what is in it. */
static char *describe(const struct kvs_report *report)
{
	const char *words = report->message && report->code ? report->message : "";

	if (*words || !report->sized)
		return shown(kvs_s(words));
	return kvs_asprintf("%" PRIu64 " line%s, %" PRIu64 " byte%s, sha256 %s", report->lines,
			    kvs_plural(report->lines), report->bytes, kvs_plural(report->bytes),
			    report->checksum ? report->checksum : "not known");
}

static char *text_of(const struct kind *kind, const struct kvs_report *report, const char *title)
{
	if (kind->text == TEXT_TITLE)
		return kvs_strdup(title);
	if (kind->text == TEXT_REASON && report->reason)
		return shown(kvs_s(report->reason));
	if (kind->text == TEXT_CONTENTS && report->contents.n)
		return shown(report->contents);
	return describe(report);
}

static char *tag(const char *name, const char *value)
{
	KVS_AUTO_FREE char *safe = shown(kvs_s(value));

	return safe ? kvs_asprintf("%s:%s", name, safe) : NULL;
}

/* ---- the event ---- */

#define TAGS_MAX 6

struct event {
	char *title;
	char *text;
	char *host;
	char *tags[TAGS_MAX];
	size_t n_tags;
	const char *alert;
};

static void event_release(struct event *e)
{
	kvsi_free(e->title);
	kvsi_free(e->text);
	kvsi_free(e->host);
	for (size_t i = 0; i < e->n_tags; i++)
		kvsi_free(e->tags[i]);
}

static bool fill_tags(struct event *e, const struct kind *kind, const struct kvs_report *report,
		      const char *subject, const char *node)
{
	const char *location = kind->location;

	if (!location)
		location = kvs_locations[kvs_report_outcome(report)].name;
	e->tags[e->n_tags++] = tag("key", subject);
	e->tags[e->n_tags++] = tag("host", node);
	e->tags[e->n_tags++] = tag("direction", kvs_action_name(report->action));
	e->tags[e->n_tags++] = tag("location", location);
	e->tags[e->n_tags++] = kvs_strdup(kind->tag);
	if (report->from)
		e->tags[e->n_tags++] = tag("keyFrom", report->from);
	for (size_t i = 0; i < e->n_tags; i++)
		if (!e->tags[i])
			return false;
	return true;
}

/* False: no memory. */
static bool fill(struct event *e, const struct kind *kind, const struct kvs_report *report,
		 const char *node)
{
	KVS_AUTO_FREE char *subject = subject_of(kind, report);

	if (!subject)
		return false;
	e->alert = kind->alert;
	e->host = shown(kvs_s(node));
	e->title = title_of(kind, report, subject);
	if (e->title)
		e->text = text_of(kind, report, e->title);
	return fill_tags(e, kind, report, subject, node) && e->host && e->title && e->text;
}

int kvs_datadog_print(const struct kvs_report *report, const char *node, struct kvs_buf *json,
		      struct kvs_err *err)
{
	KVS_CLEANUP(event_release) struct event e = { 0 };
	struct kvs_json j KVS_AUTO_JSON = { 0 };
	const char *line;

	if (!fill(&e, kind_of(report), report, node))
		return kvs_err_oom(err);
	kvs_json_init(&j);
	kvs_json_text(&j, "title", e.title);
	kvs_json_text(&j, "text", e.text);
	kvs_json_text(&j, "alert_type", e.alert);
	kvs_json_text(&j, "host", e.host);
	kvs_json_texts(&j, "tags", (const char *const *)e.tags, e.n_tags);
	line = kvs_json_line(&j);
	if (!line)
		return kvs_err_oom(err);
	kvs_buf_str(json, line);
	return kvs_buf_check(json, "an event", err);
}

/* ---- posting it ---- */

/* "Name: secret"; gone, with its bytes, at the end of its scope. */
struct header {
	char *line;
	size_t n;
};

static void header_release(struct header *h)
{
	kvs_wipe_free(h->line, h->n);
}

static int header_init(struct header *h, const char *name, const struct kvs_secret *secret,
		       struct kvs_err *err)
{
	if (!secret || !secret->value)
		return 0;
	h->line = kvs_asprintf("%s: %s", name, secret->value);
	if (!h->line)
		return kvs_err_oom(err);
	h->n = strlen(h->line);
	return 0;
}

static int check_status(int status, struct kvs_err *err)
{
	if (status >= 200 && status < 300)
		return 0;
	if (status == 401 || status == 403)
		return kvs_err_set(err, KVS_E_DENIED, "the API refused the keys (status %d)",
				   status);
	return kvs_err_set(err, KVS_E_UNAVAILABLE, "the API answered with status %d", status);
}

static int post(const struct kvs_datadog *to, struct kvs_str body, struct kvs_err *err)
{
	size_t n = strlen(to->base);
	KVS_AUTO_FREE char *url = kvs_asprintf("%s%sapi/v1/events", to->base,
					       n && to->base[n - 1] == '/' ? "" : "/");
	KVS_CLEANUP(header_release) struct header api = { 0 }, app = { 0 };
	const char *headers[] = { "Content-Type: application/json", NULL, NULL, NULL };
	struct kvs_fetch_request request = { .method = "POST",
					     .url = url,
					     .headers = headers,
					     .body = body,
					     .timeout_ms = to->timeout_ms,
					     .max_answer = ANSWER_MAX };
	int status = 0;
	int rc = url ? header_init(&api, "DD-API-KEY", to->api_key, err) : kvs_err_oom(err);

	rc = rc ? rc : header_init(&app, "DD-APPLICATION-KEY", to->app_key, err);
	if (rc)
		return rc;
	headers[1] = api.line ? api.line : app.line;
	headers[2] = api.line ? app.line : NULL;
	rc = kvs_fetch(&request, &status, err);
	return rc ? rc : check_status(status, err);
}

int kvs_datadog_post(const struct kvs_datadog *to, const struct kvs_report *report,
		     struct kvs_err *err)
{
	KVS_AUTO_BUF struct kvs_buf json = { 0 };
	int rc;

	if (!kvs_datadog_fits(report))
		return 0;
	kvs_buf_init(&json, JSON_MAX);
	rc = kvs_datadog_print(report, to->node, &json, err);
	return rc ? rc : post(to, kvs_buf_slice(&json), err);
}
