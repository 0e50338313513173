#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Large files, in chunks, on Consul.
# shellcheck disable=SC2034,SC2154 # for tests/lib/large.sh, and what servers set
# shellcheck source=tests/lib/cli.sh
. "${0%/*}/../lib/cli.sh"
need openssl
# shellcheck source=tests/lib/servers.sh
. "$srcdir/tests/lib/servers.sh"
consul_start s old
export KVSYNC_STORE="consul://127.0.0.1:$s_port"
limit=524288 # bytes of a value
memory=24576

# shellcheck source=tests/lib/large.sh
. "$srcdir/tests/lib/large.sh"

done_testing
