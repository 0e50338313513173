/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A range read page by page, all of one revision: what get, list and the snapshots of watches are
 * made of.  A page has as many keys as fit about a mebibyte, judged by the page before.  That judgement
 * may be wrong, since large values may stand behind small ones, and etcd bounds an answer by the number
 * of keys alone.  So a page of many keys is asked for only of a store that is small as a whole: etcd's
 * time for each page grows with all the keys behind it, so that small pages are no answer.
 */
#ifndef KVS_ETCD_SCAN_H
#define KVS_ETCD_SCAN_H

#include "backends/etcd/etcd_call.h"
#include "base/buf.h"

struct etcd_scan {
	/* Set by the owner.  entry: nonzero stops without a done.  done: as of a call.  drop: after
	 * etcd_scan_abandon(). */
	struct etcd_conn *conn;
	int (*entry)(struct etcd_scan *scan, const struct kvs_entry *entry);
	void (*done)(struct etcd_scan *scan, int code, const struct kvs_err *err);
	void (*drop)(struct etcd_scan *scan);

	/* Results, in done(0). */
	uint64_t index;
	uint64_t count;
	bool more; /* there are entries behind the limit */

	/* Private. */
	struct etcd_call call;
	struct kvs_buf prefix, separator, start, end;
	struct kvs_buf last; /* with a separator: the name told last */
	int64_t revision;
	uint64_t limit, page, timeout;
	uint64_t left;	   /* keys behind the page before */
	uint64_t max_page; /* 0: the size of the store is not known yet */
	bool keys_only, stale, single, pinned;
	bool busy, telling, stopped;
	bool sizing; /* the call under way asks for it */
};

/* Begins; as for etcd_call_start().  req is a get, a list, or a watch whose keys are wanted. */
int etcd_scan_start(struct etcd_scan *scan, const struct kvs_request *req, struct kvs_err *err);

/* Ends it without a word, but drop; at once if it can, also from within entry. */
void etcd_scan_abandon(struct etcd_scan *scan);

/* Frees what the scan holds; it must have ended. */
void etcd_scan_release(struct etcd_scan *scan);

#endif
