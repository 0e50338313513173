#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# kvsync del: one key, a whole prefix, the question before.
# shellcheck source=tests/lib/cli.sh
. "${0%/*}/../lib/cli.sh"
export KVSYNC_STORE="local:$tmp/s.db"

for key in a a/1 a/2 ab b; do
	kvsync put "$key" "$key" || bail 'no store'
done

run kvsync del b
status_is 0 'a key'
out_is '' 'quietly'
run kvsync get b
status_is 5 'it is gone'
run kvsync del b
status_is 0 'what is not there need not be deleted'

index=$(kvsync get a --output json | sed 's/.*"index":\([0-9]*\).*/\1/')
run kvsync del a --cas 9999
status_is 10 'a guard that does not hold'
is "$(kvsync get a)" a 'leaves the key'
run kvsync del a --cas "$index" --output json
status_is 0 'one that holds'
out_has '"key":"a","index":' 'the index of the deletion as JSON'

run kvsync del a/ --recursive
status_is 2 'a prefix, with nobody to ask'
err_has '--recursive needs --yes when there is no terminal to ask on' 'in words'
is "$(kvsync ls --keys --recursive | tr '\n' ' ')" 'a/1 a/2 ab ' 'nothing was deleted'
run kvsync del a/ --recursive --yes --output json
status_is 0 'a prefix'
out_has '"deleted":2' 'how many'
is "$(kvsync ls --keys --recursive)" ab 'what does not begin with it is left'
run kvsync del '' --recursive --yes
status_is 2 'everything at once is too much to ask'
err_has 'key is empty' 'in words'
run kvsync del x --cas 0
status_is 2 'a deletion cannot ask that there is no such key'
run kvsync del x --recursive --cas 1
status_is 2 'a guard for a prefix'

# the question, on a terminal
if command -v script >/dev/null 2>&1; then
	ask() {
		printf '%s\n' "$1" | script -qec 'kvsync del a --recursive' /dev/null >"$out" 2>&1
		status=$?
	}
	ask n
	is "$status" 1 'asked, and answered no'
	out_has "Delete 1 key beginning with 'a'? [y/N]" 'the question'
	out_has 'not confirmed; nothing was deleted' 'the answer'
	is "$(kvsync ls --keys)" ab 'nothing was deleted'
	ask ''
	is "$status" 1 'no answer is no'
	ask y
	is "$status" 0 'answered yes'
	is "$(kvsync ls --keys)" '' 'deleted'
	kvsync put a 1
	{ sleep 2.5; echo y; } | script -qec 'kvsync --timeout 2s del a --recursive' /dev/null >"$out" 2>&1
	is "$?" 0 'who thinks about the answer does not run out of time'
else
	skip 8 'script is not installed'
fi
done_testing
