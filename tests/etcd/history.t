#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# kvsync history and rollback on etcd.
# shellcheck source=tests/lib/cli.sh
. "${0%/*}/../lib/cli.sh"
# shellcheck source=tests/lib/servers.sh
. "$srcdir/tests/lib/servers.sh"
etcd_start s old
export KVSYNC_STORE="etcd://127.0.0.1:$s_port"

# shellcheck source=tests/lib/history.sh
. "$srcdir/tests/lib/history.sh"

done_testing
