#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The fault shim itself: that each kind of fault happens where it was asked for, and only there.
. "${0%/*}/../lib/cli.sh"
. "$srcdir/tests/faults/lib.sh"

store=local:$tmp/s.db
run kvsync --store "$store" put k old
status_is 0 'a store to begin with'

KVS_FAULT_PROGRAM='dd'
export KVS_FAULT_PROGRAM
printf 'some bytes' >source
with_fault write:1:ENOSPC:target dd if=source of=target status=none
status_is 1 'the write fails'
err_has 'No space left on device' 'with the errno asked for'
is "$fired" "write 1 $tmp/target" 'the report names call and path'

rm -f target
with_fault write:1:ENOSPC:elsewhere dd if=source of=target status=none
status_is 0 'another path: no fault'
is "$fired" '' 'none is reported'
run cat "$tmp/.run/fault"
is "$(cat "$out")" 'calls 0' 'nothing matched'

with_fault write:1:SHORT:target dd if=source of=target status=none
status_is 0 'dd copes with a short write'
run cmp source target
status_is 0 'the whole file is there'

KVS_FAULT_PROGRAM='mv'
with_fault rename,renameat,renameat2:1:KILL mv target moved
status_is 137 'killed'
[ -e target ] && pass 'before the call' || fail 'before the call'
with_fault change:0:KILL mv target moved
status_is 0 'N = 0 only counts'
run sed -n 's/^calls //p' "$tmp/.run/fault"
[ "$(cat "$out")" -ge 1 ] && pass 'and has counted' || fail 'and has counted'
unset KVS_FAULT_PROGRAM

with_fault alloc:1:ENOMEM kvsync --store "$store" get k
status_is 1 'the first allocation fails'
err_has 'out of memory' 'and is reported'
[ -n "$fired" ] && pass 'the allocator is reached' || fail 'the allocator is reached'

# The whole life of one key under each failing allocation: words and a status, never a crash, and
# what was acknowledged is there.
before() { :; }
after() {
	case $status in
	0 | 1 | 2 | 3) ;;
	*) echo "unexpected status: $(tail -n 1 "$err")" ;;
	esac
	[ "$status" -eq 0 ] || [ -s "$err" ] || echo 'failed without a word'
}
sweep alloc ENOMEM '' kvsync --store "$store" get k
after() {
	case $status in
	0) [ "$(kvsync --store "$store" get k)" = new ] || echo 'acknowledged, but lost' ;;
	1 | 2 | 3 | 12) [ -s "$err" ] || echo 'failed without a word' ;;
	*) echo "unexpected status: $(tail -n 1 "$err")" ;;
	esac
}
before() { kvsync --store "$store" put k old; }
sweep alloc ENOMEM '' kvsync --store "$store" put k new
done_testing
