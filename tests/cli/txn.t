#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# kvsync txn: JSON lines in, all of it or nothing.
# shellcheck source=tests/lib/cli.sh
. "${0%/*}/../lib/cli.sh"
export KVSYNC_STORE="local:$tmp/s.db"

# txn LINE...
txn() {
	printf '%s\n' "$@" >ops
	run kvsync txn -f ops
}

txn '{"op":"put","key":"a","value":"1","cas":0}' \
	'' \
	'{"op":"put","key":{"base64":"Yg=="},"value":{"base64":"AAH/"},"flags":7}'
status_is 0 'two writes'
out_is '' 'quietly'
is "$(kvsync get a)" 1 'the first'
kvsync get b --output json >"$out"
out_has '"value":{"base64":"AAH/"}' 'the second, in bytes'
out_has '"flags":7' 'with its number'
run sh -c 'kvsync txn --output json <ops'
status_is 10 'again, from standard input: the guard no longer holds'
txn '{"op":"put","key":"c","value":"3"}' '{"op":"check","key":"a","cas":1}'
status_is 10 'a check that does not hold'
err_has 'line 2: ' 'its line is named'
run kvsync get c
status_is 5 'nothing was written'
index=$(kvsync get a --output json | sed 's/.*"index":\([0-9]*\).*/\1/')
printf '{"op":"put","key":"c","value":"3"}\n{"op":"check","key":"a","cas":%s}\n{"op":"check","key":"none","cas":0}\n' "$index" >ops
run kvsync txn -f ops --output json
status_is 0 'checks that hold'
out_has '"operations":3' 'as JSON'
txn '{"op":"put","key":"dir/a","value":"é\u00e9\u0000"}' '{"op":"put","key":"dir/b","value":""}'
kvsync get dir/a >got
printf 'éé\000' >want
same_file got want 'escapes of JSON are decoded'
txn '{"op":"delete-prefix","key":"dir/"}' '{"op":"delete","key":"a"}' '{"op":"delete","key":"none"}'
status_is 0 'deletions'
is "$(kvsync ls --keys --recursive | tr '\n' ' ')" 'b c ' 'what is left'

# refused, with its line, and without any change
before=$(kvsync index)
bad() {
	name=$1 words=$2
	shift 2
	txn '{"op":"put","key":"good","value":"1"}' "$@"
	status_is 2 "$name"
	err_has "$words" "$name: in words"
}
bad 'no JSON' 'line 2: not JSON' 'put a 1'
bad 'JSON that goes on' 'line 2: the JSON object does not end on its line' '{"op":"put",' '"key":"a"}'
bad 'words behind it' 'line 2: not JSON' '{"op":"delete","key":"a"} x'
bad 'no object' 'line 2: expected one JSON object' '[1]'
bad 'no key' 'line 2: "key" is missing' '{"op":"delete"}'
bad 'no operation' 'line 2: "op" is missing' '{"key":"a"}'
bad 'an unknown operation' 'line 2: "op" must be put, delete, delete-prefix or check' '{"op":"set","key":"a"}'
bad 'an unknown member' 'unknown member "ttl"' '{"op":"delete","key":"a","ttl":3}'
bad 'a put without a value' 'line 2: a put needs "value"' '{"op":"put","key":"a"}'
bad 'a delete with one' 'belong to a put only' '{"op":"delete","key":"a","value":"1"}'
bad 'a check without a guard' 'a check needs "cas"' '{"op":"check","key":"a"}'
bad 'a guarded prefix' 'a delete-prefix takes no "cas"' '{"op":"delete-prefix","key":"a","cas":1}'
bad 'a key of the wrong type' '"key" must be a string or {"base64": "..."}' '{"op":"delete","key":1}'
bad 'bad base64' '"key": base64 text' '{"op":"delete","key":{"base64":"*"}}'
bad 'a negative guard' '"cas" must be a whole number' '{"op":"delete","key":"a","cas":-1}'
bad 'a guard with a point' '"cas" must be a whole number' '{"op":"delete","key":"a","cas":1.5}'
bad 'invalid UTF-8' 'line 2: not JSON' "$(printf '{"op":"delete","key":"\377"}')"
bad 'deeper than any operation' 'line 2: not JSON' '{"op":"put","key":"a","value":[[[[[[1]]]]]]}'
bad 'a key twice' 'good stands twice' '{"op":"delete","key":"good"}'
bad 'an empty key' 'key is empty' '{"op":"delete","key":""}'
run kvsync txn -f none
status_is 1 'a missing file'
run kvsync txn extra
status_is 2 'an operand'
is "$(kvsync index)" "$before" 'nothing of this changed the store'

run kvsync txn
status_is 0 'no operation at all'
err_has 'nothing to do' 'is said'
is "$(kvsync index)" "$before" 'and does nothing'

# much at once
seq 1 20000 | sed 's/.*/{"op":"put","key":"n\/&","value":"v&"}/' >ops
run kvsync txn -f ops --batched --output json
status_is 0 'twenty thousand writes'
out_has '"operations":20000' 'all of them'
is "$(kvsync ls --keys n/ | wc -l)" 20000 'are there'
done_testing
