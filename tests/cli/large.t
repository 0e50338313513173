#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Large files, in chunks, on the embedded store.
# shellcheck disable=SC2034,SC2154 # for tests/lib/large.sh, and what servers set
# shellcheck source=tests/lib/cli.sh
. "${0%/*}/../lib/cli.sh"
need openssl
export KVSYNC_STORE="local:$tmp/s.db"
limit=16777216 # bytes of a value
memory=16384

# shellcheck source=tests/lib/large.sh
. "$srcdir/tests/lib/large.sh"

done_testing
