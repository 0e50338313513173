#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# The embedded store: a run with nothing to do, and keys a second.  Called by bench/run.
set -eu
. "$source/bench/lib.sh"
missed=0

store=local:$work/disk/store.db
mkdir -p "$work/disk"
# The tool and the store without what libtool wraps around the program.
kvsync=$work/inst/bin/kvsync

awk 'BEGIN { for (i = 0; i < 600; i++) printf "10.1.%d.%d node-%d.example\n", i / 250, i % 250, i }' \
	>"$work/hosts"
out=(out -k hosts -f "$work/hosts.out" --state-dir "$work/state")
"$kvsync" --store "$store" in -k hosts -f "$work/hosts" >/dev/null
"$kvsync" --store "$store" "${out[@]}" >/dev/null

echo "local: kvsync out with nothing to do (600 lines), beside curl of the same file"
measure \
	curl curl -s "file://$work/hosts" -- \
	'kvsync out' "$kvsync" --store "$store" "${out[@]}" -- \
	'floor (linked, does nothing)' "$work/inst/floor"
at_most 'out / curl' "$(ratio 'kvsync out' curl)" 0.75
at_most 'peak MiB' "$(peak 'kvsync out')" 8

if command -v strace >/dev/null; then
	strace -f -c -o "$work/calls" "$kvsync" --store "$store" "${out[@]}" >/dev/null
	strace -f -c -o "$work/calls-floor" "$work/inst/floor" >/dev/null
	printf '  system calls: %d; of them by the floor: %d\n' \
		"$(awk '$NF == "total" { print $4 }' "$work/calls")" \
		"$(awk '$NF == "total" { print $4 }' "$work/calls-floor")"
else
	echo '  system calls are not counted: strace is not installed'
fi

keys() {
	"$work/inst/keys" "local:$1/keys.db" >"$work/keys"
	awk -v where="$2" '{ printf "  %-34s %9d keys/s by %s\n", where, $2, $1 }' "$work/keys"
}
echo "local: 10000 keys of 100 bytes"
keys "$work/disk" "on disk ($(stat -f -c %T "$work/disk"))"
if [ "$(stat -f -c %T /dev/shm 2>/dev/null)" = tmpfs ] && shm=$(mktemp -d /dev/shm/kvsync-bench.XXXXXX); then
	trap 'rm -rf "$shm"' EXIT
	keys "$shm" 'on tmpfs'
	at_least 'keys/s by transactions on tmpfs' "$(awk '$1 == "txn" { print $2 }' "$work/keys")" 100000
else
	echo '  no tmpfs at /dev/shm: that row is left out'
fi
echo "missed $missed" >>"$work/missed"
