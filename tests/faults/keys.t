#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The key commands when memory is gone at any moment: done, or a status and words with nothing changed;
# never a crash, never part of an answer that looks whole.
# shellcheck disable=SC2317 # before and after are called by sweep
# shellcheck source=tests/lib/cli.sh
. "${0%/*}/../lib/cli.sh"
# shellcheck source=tests/faults/lib.sh
. "$srcdir/tests/faults/lib.sh"
export KVSYNC_STORE="local:$tmp/db/s.db"

kvsync put a/1 one
kvsync put a/2 "$(printf 'two\377')"
kvsync put b old
cp -a db start
value() {
	kvsync get b 2>/dev/null
}
out_of_memory() {
	[ "$status" -eq 1 ] && grep -q 'out of memory\|NOMEM' "$err"
}

# ---- reading ----

before() { :; }
after() {
	if [ "$status" -eq 0 ]; then
		cmp -s "$out" whole || echo 'not the whole answer'
	else
		out_of_memory || echo "unexpected: $(cat "$err")"
	fi
}
reads() {
	kvsync "$@" >whole
	sweep alloc ENOMEM '' kvsync "$@"
}
reads get a/1
reads get a/2 --output json
reads ls --recursive
reads ls --output json a/
reads status
reads watch a/ --recursive --once
reads watch a/ --recursive --once --output json
reads watch a/ --recursive --once --exec cat
reads --config /dev/null --verbose --log-format json index

# ---- writing ----

before() {
	rm -rf db
	cp -a start db
}
after() {
	case $status in
	0) [ "$(value)" = new ] || echo "acknowledged, but b is $(value)" ;;
	12) [ "$(value)" = new ] || [ "$(value)" = old ] || echo "b is $(value)" ;;
	*)
		[ "$(value)" = old ] || echo "refused, but b is $(value)"
		out_of_memory || echo "unexpected: $(cat "$err")"
		;;
	esac
}
printf new >new
sweep alloc ENOMEM '' kvsync put b -f new --output json
before
index=$(kvsync get b --output json | sed 's/.*"index":\([0-9]*\).*/\1/')
sweep alloc ENOMEM '' kvsync put b new --cas "$index" --ttl 1m
printf '%s\n' '{"op":"put","key":"b","value":"new"}' '{"op":"delete","key":{"base64":"YS8x"}}' >ops
sweep alloc ENOMEM '' kvsync txn -f ops --output json

after() {
	case $status in
	0) [ -z "$(kvsync ls a/)" ] || echo 'acknowledged, but there' ;;
	12) ;;
	*)
		[ "$(kvsync ls --keys a/ | wc -l)" -eq 2 ] || echo 'refused, but gone'
		out_of_memory || echo "unexpected: $(cat "$err")"
		;;
	esac
}
sweep alloc ENOMEM '' kvsync del a/ --recursive --yes
done_testing
