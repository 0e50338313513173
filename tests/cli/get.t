#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# kvsync get: exactly the value's bytes.
# shellcheck source=tests/lib/cli.sh
. "${0%/*}/../lib/cli.sh"
export KVSYNC_STORE="local:$tmp/s.db"

kvsync put greeting 'hello world'
run kvsync get greeting
status_is 0 'a key that is there'
out_is 'hello world' 'its bytes and no newline'
err_is '' 'and nothing else'

printf 'a\000b\377\n\n' >value
kvsync put binary -f value
run kvsync get binary
same_file "$out" value 'any bytes come back as they went in'

kvsync put empty ''
run kvsync get empty
status_is 0 'an empty value is a value'
out_is '' 'of no bytes'

run kvsync get greeting --output json
out_is '{"key":"greeting","value":"hello world","index":2,"create_index":2,"version":1,"flags":0}\n' \
	'the entry as JSON'
run kvsync get binary --output json
out_has '"value":{"base64":"YQBi/woK"}' 'bytes that are no text stand as base64'

run kvsync get nothing
status_is 5 'no such key'
err_is "kvsync: get: no key nothing in local:$tmp/s.db\n" 'the message names key and store'
run kvsync --output json get nothing
status_is 5 'the same with JSON'
out_is '' 'nothing on standard output'
err_has '{"error":"NOTFOUND","status":5,"command":"get","message":"no key nothing' 'the error is an object'

run kvsync get 'no
such'
err_has 'no\x0asuch' 'a newline in a key is escaped'

run kvsync get greeting --stale
status_is 0 'any member may answer'
run kvsync get greeting --consistent
status_is 0 'or the newest is asked for'
run kvsync get greeting --stale --consistent
status_is 2 'not both'

run kvsync get
status_is 2 'no key'
err_has 'an operand is missing; usage: kvsync get KEY' 'what is expected'
run kvsync get a b
status_is 2 'two keys'
err_has "unexpected operand 'b'" 'the second is named'
run kvsync get ''
status_is 2 'an empty key'
err_has 'key is empty' 'in words'

# a value that nobody reads to its end, and one that cannot be written
run sh -c 'kvsync get greeting >/dev/full'
status_is 1 'a full device'
err_has 'standard output: No space left on device' 'is an error'
head -c 300000 /dev/zero | kvsync put big -f -
run sh -c '{ kvsync get big; echo "$?" >status; } | head -c 1 >/dev/null'
is "$(cat status)" 141 'a reader that goes away ends it as SIGPIPE does'

# on a terminal a newline is added where the value has none
if command -v script >/dev/null 2>&1; then
	script -qec 'kvsync get greeting' /dev/null </dev/null >"$out" 2>&1
	is "$(od -An -c "$out" | tr -d ' ')" 'helloworld\r\n' 'a terminal gets a fresh line'
else
	skip 1 'script is not installed'
fi
done_testing
