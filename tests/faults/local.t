#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The embedded store when the disk fails it, or its process is killed: what was acknowledged is
# there, what was refused is not, and the next command works.
. "${0%/*}/../lib/cli.sh"
. "$srcdir/tests/faults/lib.sh"

store=local:$tmp/s.db

value() {
	kvsync --store "$store" get k 2>/dev/null
}

# Of a write of "new" over "old", by its status.
after() {
	was=$(value)
	case $status in
	0) [ "$was" = new ] || echo "acknowledged, but the value is '$was'" ;;
	1 | 3 | 4 | 8) [ "$was" = old ] || echo "refused, but the value is '$was'" ;;
	12 | 137) [ "$was" = new ] || [ "$was" = old ] || echo "the value is '$was'" ;;
	*) echo "unexpected status: $(tail -n 1 "$err")" ;;
	esac
	[ "$status" -eq 0 ] || [ "$status" -eq 137 ] || [ -s "$err" ] || echo 'failed without a word'
	kvsync --store "$store" put k next || echo 'the next write fails'
	[ "$(value)" = next ] || echo 'the next write is lost'
}
before() {
	kvsync --store "$store" put k old
}

run kvsync --store "$store" put k old
status_is 0 'a store to begin with'
sweep change KILL s.db kvsync --store "$store" put k new
sweep change EIO s.db kvsync --store "$store" put k new
sweep change ENOSPC s.db kvsync --store "$store" put k new
sweep pwrite SHORT s.db kvsync --store "$store" put k new

# Killed while it makes the store.
before() {
	rm -rf fresh
}
after() {
	kvsync --store "local:$tmp/fresh/s.db" put k v || echo 'the next command cannot make it'
	[ "$(kvsync --store "local:$tmp/fresh/s.db" get k)" = v ] || echo 'a write is lost'
}
sweep change KILL fresh kvsync --store "local:$tmp/fresh/s.db" put k v
sweep change ENOSPC fresh kvsync --store "local:$tmp/fresh/s.db" put k v

# Without memory: words and a status, and the store goes on.
before() {
	:
}
after() {
	case $status in
	0) ;;
	1 | 2) [ -s "$err" ] || echo 'failed without a word' ;;
	*) echo "unexpected status: $(tail -n 1 "$err")" ;;
	esac
	kvsync --store "$store" put k old || echo 'the next write fails'
}
sweep alloc ENOMEM '' kvsync --store "$store" ls --recursive
sweep alloc ENOMEM '' kvsync --store "$store" put leased v --ttl 1h
sweep alloc ENOMEM '' kvsync --store "$store" status

# A sync that fails tells nothing for certain.
kvsync --store "$store" put k old
with_fault fsync,fdatasync:1:EIO:s.db-wal kvsync --store "$store" put k new
status_is 12 'the sync of the log fails: unknown'
err_has 'syncing' 'the message says at what'
with_fault pwrite:1:ENOSPC:s.db-wal kvsync --store "$store" put k new
status_is 1 'no room for the log: failed for certain'
err_has 'No space left on device' 'with the reason'
err_has "$tmp/s.db" 'and the file'
is "$(value)" old 'nothing has changed'

# A guarded write is settled by reading back.
index=$(kvsync --store "$store" index)
with_fault fsync,fdatasync:1:EIO:s.db-wal kvsync --store "$store" put k guarded --cas "$index"
status_is 0 'a guarded write whose sync failed is tried again'
is "$(value)" guarded 'and done'
done_testing
