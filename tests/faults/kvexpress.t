#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Started as kvexpress, killed or refused at every call that changes a file, and without memory: what
# in has put into the store is told to its command, if not by that run then by the next.
# shellcheck disable=SC2317 # before and after are called by sweep
# shellcheck source=tests/lib/cli.sh
. "${0%/*}/../lib/cli.sh"
# shellcheck source=tests/faults/lib.sh
. "$srcdir/tests/faults/lib.sh"
export KVSYNC_STORE="local:$tmp/db/s.db" KVS_FAULT_PROGRAM=kvexpress
ln -s "$builddir/.libs/kvsync" kvexpress

seq -f 'old%g' 20 >old
seq -f 'new%g' 30 >new
cp old hosts
./kvexpress in -k k -f hosts
mkdir start
cp -a db hosts hosts.* start
cp new start/hosts
# the same file, but the store has lost it
mkdir lost
kvsync del --quiet kvexpress/k/data
cp -a db hosts hosts.* lost

from=start

before() {
	rm -rf db hosts* ran
	cp -a $from/* .
}

is_put() {
	kvsync get kvexpress/k/data 2>/dev/null | cmp -s - hosts
}

after() {
	case $status in
	0) is_put && [ -e ran ] && cmp -s hosts.last hosts || echo 'acknowledged, but not done' ;;
	1 | 137) ;;
	*) echo 'a status that kvexpress has not' ;;
	esac
	[ "$status" -ne 1 ] || [ -s "$err" ] || echo 'failed without a word'
	# a repair that was killed leaves FILE.last as it was, or says nothing of the file
	[ -e hosts.last ] || echo 'FILE.last is lost'
	! is_put || ! cmp -s hosts.last hosts || [ -e ran ] || echo 'FILE.last says that the command ran'
	run ./kvexpress in -k k -f hosts -e 'touch ran'
	[ "$status" -eq 0 ] || echo "the next run failed: $(cat "$err")"
	is_put || echo 'the next run did not put it there'
	[ -e ran ] || echo 'the command never ran'
}

sweep change KILL '' ./kvexpress in -k k -f hosts -e 'touch ran'
from=lost
sweep change KILL '' ./kvexpress in -k k -f hosts -e 'touch ran'
from=start
sweep write,fsync,open,rename ENOSPC '' ./kvexpress in -k k -f hosts -e 'touch ran'
sweep alloc ENOMEM '' ./kvexpress in -k k -f hosts -e 'touch ran' -t token

printf 'token: t\ndogstatsd: no\n' >settings.yaml
before() {
	rm -rf db hosts* copy* ran
	cp -a start/* .
}

after() {
	case $status in
	0) cmp -s copy old || echo 'acknowledged, but not done' ;;
	1) [ -s "$err" ] || echo 'failed without a word' ;;
	*) echo 'a status that kvexpress has not' ;;
	esac
}

sweep alloc ENOMEM '' ./kvexpress out -k k -f copy -C settings.yaml -e 'true "it"' -s "$KVSYNC_STORE"

after() {
	case $status in
	0) [ -e copy.locked ] || echo 'acknowledged, but not done' ;;
	1) [ -s "$err" ] || echo 'failed without a word' ;;
	*) echo 'a status that kvexpress has not' ;;
	esac
}

sweep alloc ENOMEM '' ./kvexpress lock -f "$tmp/copy"

before() {
	rm -rf db hosts* copy* ran
	cp -a start/* .
	cp hosts copy
	: >copy.compare
	: >copy.last
}

after() {
	cmp -s copy hosts || echo 'the file is not as it was'
	case $status in
	0) [ ! -e copy.compare ] && [ ! -e copy.last ] && [ -e ran ] || echo 'acknowledged, but not done' ;;
	1) [ -s "$err" ] || echo 'failed without a word' ;;
	*) echo 'a status that kvexpress has not' ;;
	esac
}

sweep alloc ENOMEM '' ./kvexpress clean -f copy -e 'touch ran'
sweep change EACCES '' ./kvexpress clean -f copy -e 'touch ran'
done_testing
