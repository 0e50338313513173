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

# ---- a prefix with a slash in front, which Consul takes away ----

large_with() {
	run kvsync in --prefix /other --no-compat --large --history-versions 0 "$@"
}
chunks=other.kvsync/v1/chunks/
lists=other.kvsync/v1/lists/
random $size 3 >three
large_with -k hosts -f one
large_with -k xhosts -f three
status_is 0 'keys that end alike'
age hosts
age xhosts
large_with -k hosts -f line
is "$(kvsync ls --keys --recursive "$lists")" "${lists}xhosts/$(sha256sum <three | cut -c 1-64)" \
	'the list of one goes, and not that of the other'
is "$(count_chunks)" "$n" 'like its chunks'

done_testing
