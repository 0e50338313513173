/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/progress.h"

#include "base/clock.h"
#include "cli/cli.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Not so often that drawing costs anything. */
#define PAUSE_MS 100

#define MIB ((double)(1 << 20))

static bool shown;
static uint64_t shown_ms;

int progress_wanted(const struct cli *cli)
{
	const char *term = getenv("TERM");

	return !cli->globals.quiet && term && strcmp(term, "dumb") != 0 && isatty(STDERR_FILENO);
}

void progress_clear(void)
{
	if (shown)
		(void)fputs("\r\033[K", stderr);
	shown = false;
}

void progress_show(uint64_t done, uint64_t total)
{
	uint64_t now = kvsi_monotonic_ms();

	if (done >= total) {
		progress_clear();
		return;
	}
	if (shown && now - shown_ms < PAUSE_MS)
		return;
	(void)fprintf(stderr, "\r\033[K%.1f of %.1f MiB, %" PRIu64 " %%", (double)done / MIB,
		      (double)total / MIB, done * 100 / total);
	shown = true;
	shown_ms = now;
}
