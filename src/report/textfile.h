/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The last run of each job as a text file for Prometheus' node_exporter, in the folder that its
 * textfile collector reads.  Each job has a file of its own, by its command, prefix, key and file (or store, where no file
 * of this machine is concerned), replaced atomically.  What a run does not find out (one that fails knows no checksum) stays as
 * the run before left it.
 */
#ifndef KVS_REPORT_TEXTFILE_H
#define KVS_REPORT_TEXTFILE_H

#include "base/buf.h"
#include "report/report.h"

struct kvs_series {
	const char *name; /* NULL ends the table */
	const char *help;
};

/* Every series of a file, in its order. */
extern const struct kvs_series kvs_series[];

/* Writes the job's file.  SYS, TOOBIG, NOMEM. */
int kvs_textfile_write(const char *dir, const struct kvs_report *report, struct kvs_err *err);

/* Appends the file's text; `before` is what it was, or is empty. */
void kvs_textfile_print(const struct kvs_report *report, struct kvs_str before, uint64_t now_ms,
			struct kvs_buf *text);

/* The file's name in its folder, in fresh memory; NULL if there is none. */
char *kvs_textfile_name(const struct kvs_report *report);

#endif
