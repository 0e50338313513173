#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The library for scenarios itself: what its assertions say, and that it leaves nothing behind.
# shellcheck source=tests/lib/cli.sh
. "${0%/*}/../lib/cli.sh"

run sh -c 'echo hello; echo oops >&2; exit 3'
status_is 3 'the status is captured'
out_is 'hello\n' 'stdout is captured'
err_is 'oops\n' 'and stderr'
out_has 'hell' 'part of stdout'
err_has 'oop' 'part of stderr'

run cat
status_is 0 'stdin is empty by default'
out_is '' 'and gives nothing'

run env
refuses 'no store of the user gets in' grep -qE '^(CONSUL|ETCDCTL|KVSYNC)_' "$out"
out_has "HOME=$tmp/home" 'home is private'
is "$PWD" "$tmp" 'the working folder is private'

# a scenario within: $1 is its text, its output is captured
inner() {
	mkdir -p inner
	printf '. "%s"\n%s\n' "$srcdir/tests/lib/cli.sh" "$1" >inner/case.t
	run env KVS_SRCDIR="$srcdir" KVS_BUILDDIR="$builddir" TMPDIR="$tmp/inner" \
		KVS_NO_SKIP="${2:-0}" sh inner/case.t
}

inner 'pass one; is a b "two"; done_testing'
status_is 1 'a failed assertion fails the scenario'
out_has 'not ok 2 - two' 'it is named'
out_has 'got:      a' 'with what came'
out_has 'expected: b' 'and what was expected'

inner 'pass one'
status_is 1 'a scenario that ends early fails'
inner 'done_testing'
status_is 1 'a scenario without assertions fails'
inner 'need no-such-program-here; pass x; done_testing'
status_is 0 'a missing program skips'
out_is '1..0 # SKIP no-such-program-here is not installed\n' 'with the reason'
inner 'need no-such-program-here; pass x; done_testing' 1
status_is 1 'or fails where nothing may be skipped'
inner 'skip 2 "not here"; pass x; done_testing'
out_is 'ok 1 # SKIP not here\nok 2 # SKIP not here\nok 3 - x\n1..3\n' 'single skips'

inner 'start bg sleep 300; echo "$bg_pid" >../bg-pid; touch left; pass x; done_testing'
status_is 0 'a scenario with a background program'
refuses 'its background program was ended' kill -0 "$(cat inner/bg-pid)"
is "$(find inner -name 'kvsync-test.*')" '' 'its folder is gone'

start nap sleep 300
stop_started nap
is "$status" 143 'a started program is stopped by its pid'
start quick sh -c 'echo done; exit 4'
succeeds 'the end of a program is an event' finish quick 10
status_is 4 'with its status'
out_is 'done\n' 'and its output'
start late sh -c 'until [ -e go ]; do sleep 0.01; done; touch came'
refuses 'waiting has a limit' wait_for 0 test -e came
touch go
succeeds 'waiting ends with the event' wait_for 10 test -e came

as_nobody sh -c 'id -u' >uid
if [ "$(id -u)" -eq 0 ]; then
	is "$(cat uid)" 65534 'as nobody'
else
	skip 1 'not started by root'
fi
done_testing
