#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The transfer engine on a real etcd.
# shellcheck disable=SC2154
# shellcheck source=tests/lib/cli.sh
. "${0%/*}/../lib/cli.sh"
# shellcheck source=tests/lib/servers.sh
. "$srcdir/tests/lib/servers.sh"
# shellcheck source=tests/lib/engine.sh
. "$srcdir/tests/lib/engine.sh"
etcd_start server old
export KVSYNC_STORE="etcd://127.0.0.1:$server_port"
engine_scenario
done_testing
