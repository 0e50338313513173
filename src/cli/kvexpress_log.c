/* SPDX-License-Identifier: Apache-2.0 */
#include "base/clock.h"
#include "base/log.h"
#include "base/stamp.h"
#include "cli/kvexpress.h"
#include "cli/output.h"

#include <stdio.h>
#include <stdlib.h>
#include <syslog.h>
#include <time.h>

static struct {
	const char *direction;
	bool verbose;
	bool debug; /* syslog gets everything */
} sink;

static void to_stdout(const char *line)
{
	char stamp[KVS_STAMP_SIZE] = "";

	(void)kvs_stamp(kvsi_realtime_ms(), stamp);
	/* to the second */
	out_text("%.19sZ: %s: %s\n", stamp, sink.direction, line);
}

static void to_syslog(const char *line)
{
	char stamp[16] = "";
	struct timespec now;
	struct tm local;

	(void)clock_gettime(CLOCK_REALTIME, &now);
	if (localtime_r(&now.tv_sec, &local))
		(void)strftime(stamp, sizeof(stamp), "%H:%M:%S", &local);
	syslog(LOG_NOTICE, "%s.%06ld %s: %s", stamp, now.tv_nsec / 1000, sink.direction, line);
}

static void take_line(void *arg, int level, const char *line)
{
	if (level <= KVS_LOG_WARNING)
		(void)fprintf(stderr, "kvexpress: %s: %s%s\n", sink.direction,
			      level == KVS_LOG_WARNING ? "warning: " : "", line);
	if (level <= KVS_LOG_NOTICE || sink.debug)
		to_syslog(line);
	if (sink.verbose)
		to_stdout(line);
}

void kvx_log_open(const char *direction, bool verbose)
{
	const char *debug = getenv("KVEXPRESS_DEBUG");

	sink.direction = direction;
	sink.verbose = verbose;
	sink.debug = debug && *debug;
	openlog("kvexpress", LOG_PID, LOG_USER);
	kvsi_log_set(take_line, NULL, sink.verbose || sink.debug ? KVS_LOG_DEBUG : KVS_LOG_NOTICE);
}
