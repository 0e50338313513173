#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Started as kvexpress, on a real etcd.
# shellcheck source=tests/lib/cli.sh
. "${0%/*}/../../lib/cli.sh"
# shellcheck source=tests/lib/servers.sh
. "$srcdir/tests/lib/servers.sh"
etcd_start e "${KVS_ETCD_AGE:-old}"

store_kind=etcd
export KVSYNC_STORE="etcd://127.0.0.1:$e_port"

kx() {
	# shellcheck disable=SC2086 # a list of words
	run $kx_program "$@"
}

# stored KEY; store KEY FILE [FLAGS]; erase KEY; everything: what another program does with the store
stored() {
	etcdctl_of e get "$1" -w json | sed -n 's/.*"value":"\([^"]*\)".*/\1/p' | base64 -d
}

store() {
	# it takes no empty value from standard input
	if [ -s "$2" ]; then
		etcdctl_of e put "$1" <"$2" >/dev/null
	else
		etcdctl_of e put "$1" '' >/dev/null
	fi
}

erase() {
	etcdctl_of e del "$1" >/dev/null
}

everything() {
	etcdctl_of e get --prefix '' --keys-only | sed '/^$/d'
}

# shellcheck source=tests/peers/kvexpress/cases.sh
. "$srcdir/tests/peers/kvexpress/cases.sh"
done_testing
