/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The log sink, once per process.  Library code and backends log at DEBUG only, and only programs set
 * a sink; without one nothing is written.  Lines hold no secret and no value; bytes from a store
 * stand escaped (KVS_Q).
 */
#ifndef KVS_BASE_LOG_H
#define KVS_BASE_LOG_H

enum kvs_log_level {
	KVS_LOG_ERROR = 0,
	KVS_LOG_WARNING = 1,
	KVS_LOG_NOTICE = 2,
	KVS_LOG_INFO = 3,
	KVS_LOG_DEBUG = 4,
};

/* Writes one line; `line` has no newline and is borrowed. */
typedef void kvs_log_sink_fn(void *arg, int level, const char *line);

void kvsi_log_set(kvs_log_sink_fn *fn, void *arg, int max_level);
/* Would a line of this level go anywhere? */
int kvsi_log_wants(int level);
void kvsi_log(int level, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* Arguments are evaluated only when somebody listens. */
#define kvs_log(level_, ...)                                                                       \
	do {                                                                                       \
		if (kvsi_log_wants(level_))                                                        \
			kvsi_log((level_), __VA_ARGS__);                                           \
	} while (0)

#endif
