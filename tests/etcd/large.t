#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Large files, in chunks, on etcd.
# shellcheck disable=SC2034,SC2154 # for tests/lib/large.sh, and what servers set
# shellcheck source=tests/lib/cli.sh
. "${0%/*}/../lib/cli.sh"
need openssl
# shellcheck source=tests/lib/servers.sh
. "$srcdir/tests/lib/servers.sh"
etcd_start s old
export KVSYNC_STORE="etcd://127.0.0.1:$s_port"
limit=1564672 # bytes of a value
memory=24576

# shellcheck source=tests/lib/large.sh
. "$srcdir/tests/lib/large.sh"

# ---- a quota, which only newer servers tell ----

etcd_start q new --quota-backend-bytes=2000000
export KVSYNC_STORE="etcd://127.0.0.1:$q_port"
run kvsync status
out_has 'quota: 2000000' 'the server tells its quota'
run kvsync in --no-compat --large -k big -f one
status_is 7 'no room'
err_has "bytes and the $size of the file are more than 80 % of its quota of 2000000" 'words'
run kvsync get kvexpress/big/checksum
status_is 5 'nothing was written'
is "$(count_chunks)" 0 'no chunk either'

done_testing
