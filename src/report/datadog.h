/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Events to Datadog's API, those that kvexpress sends: a file was put into the store or copied, a stop was
 * set, a stop or too few lines held a file back.  The keys travel in headers and stand in no message.
 */
#ifndef KVS_REPORT_DATADOG_H
#define KVS_REPORT_DATADOG_H

#include "base/buf.h"
#include "base/secret.h"
#include "report/report.h"

struct kvs_datadog {
	const char *base; /* "https://app.datadoghq.com" */
	const struct kvs_secret *api_key;
	const struct kvs_secret *app_key; /* may have no value: events need none */
	const char *node;
	uint64_t timeout_ms;
};

/* Is there an event for this at all? */
bool kvs_datadog_fits(const struct kvs_report *report);

/* Appends the event as JSON.  NOMEM. */
int kvs_datadog_print(const struct kvs_report *report, const char *node, struct kvs_buf *json,
		      struct kvs_err *err);

/* Posts it, if there is one.  As kvs_fetch(), and DENIED or UNAVAILABLE when the API's status
 * says so. */
int kvs_datadog_post(const struct kvs_datadog *to, const struct kvs_report *report,
		     struct kvs_err *err);

#endif
