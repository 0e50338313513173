#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# kvsync raw, clean, diff, and a large file on its way out, killed or refused at each call that changes
# a file, and when memory is gone at any moment: the target is the old file or the new one, whole, and the
# next run finishes the job.
# shellcheck disable=SC2317 # before and after are called by sweep
# shellcheck source=tests/lib/cli.sh
. "${0%/*}/../lib/cli.sh"
# shellcheck source=tests/faults/lib.sh
. "$srcdir/tests/faults/lib.sh"
need openssl
export KVSYNC_STORE="local:$tmp/s.db"

seq -f 'old%g' 300 >old
seq -f 'new%g' 900 >new
kvsync put --quiet some/key -f new
kvsync in --quiet -k k -f new

in_words() {
	case $status in
	0 | 137) ;;
	*) [ -s "$err" ] || echo 'failed without a word' ;;
	esac
}

# ---- raw ----

job='kvsync raw -k some/key -f d/t --state-dir states' want=new
before() {
	rm -rf states d
	mkdir d
	cp old d/t
}
# Of a job that makes d/t what $want is.
after() {
	in_words
	cmp -s d/t old || cmp -s d/t "$want" || echo 'neither the old nor the new file'
	[ "$status" -ne 0 ] || cmp -s d/t "$want" || echo 'acknowledged, but not there'
	# shellcheck disable=SC2086 # words
	run $job
	[ "$status" -eq 0 ] || echo "the next run failed: $(cat "$err")"
	cmp -s d/t "$want" || echo 'the next run did not install'
	[ -z "$(find d -name '*kvsync-*')" ] || echo 'a temporary stays'
}
# shellcheck disable=SC2086 # words
{
	sweep change KILL '' $job
	sweep write,fsync,open,renameat ENOSPC "$tmp/d" $job
	sweep alloc ENOMEM '' $job
}

# ---- a large file ----

openssl enc -aes-128-ctr -nosalt -pass pass:1 -md sha256 </dev/zero 2>/dev/null | head -c 16800000 >large
kvsync in --quiet --large --no-compat --history-versions 0 -k large -f large
job='kvsync out -k large -f d/t --state-dir states' want=large
# shellcheck disable=SC2086 # words
sweep change KILL '' $job

# ---- clean ----

kvsync out --quiet -k k -f target --state-dir state0
before() {
	rm -rf states d
	mkdir d
	cp -a state0 states
	cp new d/t
	touch d/t.compare d/t.last d/t.kvexpress d/.t.kvsync-0123456789abcdef
}
after() {
	in_words
	cmp -s d/t new || echo 'the file itself was touched'
	[ "$status" -ne 0 ] || [ "$(ls -A d)" = t ] || echo "acknowledged, but there is $(ls -A d)"
	run kvsync clean -f d/t --state-dir states
	[ "$status" -eq 0 ] || echo "the next run failed: $(cat "$err")"
	[ "$(ls -A d)" = t ] || echo "there is still $(ls -A d)"
}
sweep change KILL '' kvsync clean -f d/t --state-dir states
sweep unlink,unlinkat EACCES "$tmp/d" kvsync clean -f d/t --state-dir states
sweep alloc ENOMEM '' kvsync clean -f d/t --state-dir states

# ---- diff ----

run kvsync diff -k k -f old
status_is 14 'they differ'
cp "$out" whole
before() { :; }
after() {
	in_words
	case $status in
	14) cmp -s "$out" whole || echo 'not the whole difference' ;;
	0) echo 'told to be the same' ;;
	1) ;;
	*) echo "unexpected: $(cat "$err")" ;;
	esac
}
sweep alloc ENOMEM '' kvsync diff -k k -f old

done_testing
