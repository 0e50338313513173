/* SPDX-License-Identifier: Apache-2.0 */
#include "base/stamp.h"

#include <stdio.h>
#include <time.h>

#define LAST_MS UINT64_C(253402300799999) /* the year 9999 */

bool kvs_stamp(uint64_t ms, char ret_text[KVS_STAMP_SIZE])
{
	time_t seconds = (time_t)(ms / 1000);
	char text[sizeof("2026-01-02T03:04:05")];
	struct tm utc;

	if (ms > LAST_MS || !gmtime_r(&seconds, &utc))
		return false;
	(void)strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%S", &utc);
	(void)snprintf(ret_text, KVS_STAMP_SIZE, "%s.%03uZ", text, (unsigned)(ms % 1000));
	return true;
}
