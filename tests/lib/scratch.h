/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A directory of a test's own, removed with all that is in it when the process that made it exits.
 */
#ifndef KVS_TESTS_SCRATCH_H
#define KVS_TESTS_SCRATCH_H

/* Makes it, under $TMPDIR or /tmp; bails out if that fails.  Returns its path. */
const char *scratch_make(void);

/* The path of a name in it; good for the next seven calls. */
const char *scratch_path(const char *name);

#endif
