/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How far long work got, on a terminal and nowhere else: one line on stderr, drawn over itself and
 * gone when the work is over.
 */
#ifndef KVS_CLI_PROGRESS_H
#define KVS_CLI_PROGRESS_H

#include <stdint.h>

struct cli;

/* Is there a terminal to draw on, and does nobody want quiet? */
int progress_wanted(const struct cli *cli);

/* So many bytes are done; at the end of them the line goes away. */
void progress_show(uint64_t done, uint64_t total);

/* Takes away a line that stands there: before anything else is said. */
void progress_clear(void);

#endif
