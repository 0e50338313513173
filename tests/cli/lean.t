#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# What a run on the embedded store does not load, and how much memory it takes at most.
. "${0%/*}/../lib/cli.sh"

i=0
while [ "$i" -lt 600 ]; do
	i=$((i + 1))
	echo "10.0.$((i / 250)).$((i % 250)) node-$i.example"
done >hosts
store=local:$tmp/s.db
run kvsync --store "$store" in -k hosts -f hosts
status_is 0 'a file of 600 lines goes in'

# The command's parent is kvsync itself, with everything loaded that the run needed.
# shellcheck disable=SC2016
run kvsync --store "$store" out -k hosts -f target --state-dir "$tmp/states" \
	-e "sh -c 'cat /proc/\$PPID/maps >$tmp/maps; cat /proc/\$PPID/status >$tmp/status'"
status_is 0 'and comes out'
run grep -c '/kvsync$' maps
status_is 0 'these are the maps of kvsync'
file_has maps 'local.so' 'the module of the store is loaded'
for library in libcurl libgrpc libssl libprotobuf libarchive libmruby libevent; do
	if grep -q "/$library" maps; then
		fail "$library is not"
	else
		pass "$library is not"
	fi
done

if grep -q 'lib[atu]*san' maps; then
	skip 1 'a sanitizer takes memory of its own'
else
	kib=$(sed -n 's/^VmHWM:[^0-9]*\([0-9]*\) kB/\1/p' status)
	if [ "${kib:-999999}" -le 8192 ]; then
		pass "at most 8 MiB: $kib KiB"
	else
		fail "at most 8 MiB: $kib KiB"
	fi
fi
done_testing
