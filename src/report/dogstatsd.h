/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Counters and gauges to a dogstatsd agent over UDP, one a datagram:
 *
 *	kvexpress.in:1|c|#key:hosts,host:node7,direction:in,location:complete
 *
 * The names are kvexpress's.
 */
#ifndef KVS_REPORT_DOGSTATSD_H
#define KVS_REPORT_DOGSTATSD_H

#include "base/buf.h"
#include "base/endpoint.h"
#include "report/report.h"

#define KVS_DOGSTATSD_PORT 8125
#define KVS_DOGSTATSD_MAX  8192 /* bytes of a datagram */
/* That the agent's name may take to be looked up. */
#define KVS_DOGSTATSD_LOOKUP_MS 500

struct kvs_metric {
	const char *name; /* without "kvexpress."; NULL ends the table */
	char type;	  /* 'c': counts what happened, 'g': a measure of it */
	unsigned
		actions; /* a bit for each enum kvs_action, and each enum kvs_outcome, that it is sent for */
	unsigned outcomes;
	size_t value; /* the offset of the uint64_t in struct kvs_report; 0: it is 1 */
	bool sized;   /* only where lines and bytes are known */
	bool bare;    /* it is not about the key, and has no tags for key and location */
	const char *help;
};

extern const struct kvs_metric kvs_metrics[];

struct kvs_dogstatsd {
	struct kvs_endpoint agent;
	const char *node; /* what the tag host says */
};

/* Is it sent for this report? */
bool kvs_metric_fits(const struct kvs_metric *metric, const struct kvs_report *report);

/* Appends its datagram. */
void kvs_metric_print(const struct kvs_metric *metric, const struct kvs_dogstatsd *to,
		      const struct kvs_report *report, struct kvs_buf *buf);

/*
 * Sends all that fit.  Waits for nothing but the lookup of a name, and for that half a second at most;
 * "localhost" is 127.0.0.1 without one.  UNAVAILABLE (no such name, not in time), SYS (nobody listens), TOOBIG,
 * NOMEM.
 */
int kvs_dogstatsd_send(const struct kvs_dogstatsd *to, const struct kvs_report *report,
		       struct kvs_err *err);

#endif
