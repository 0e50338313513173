#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# kvsync put: values from the line, a file, standard input; conditions; time to live; bad input.
# shellcheck source=tests/lib/cli.sh
. "${0%/*}/../lib/cli.sh"
export KVSYNC_STORE="local:$tmp/s.db"

run kvsync put a one
status_is 0 'a value on the line'
out_is '' 'quietly'
is "$(kvsync get a)" one 'it is there'

printf 'two\n\000' >file
run kvsync put a --file file
status_is 0 'a file'
kvsync get a >"$out"
same_file "$out" file 'byte for byte'

run sh -c 'printf three | kvsync put a -f -'
status_is 0 'standard input'
is "$(kvsync get a)" three 'it is there'

run kvsync put b one --output json
out_is '{"key":"b","index":5}\n' 'the index of the write as JSON'
run kvsync put -- -b -1
status_is 0 'words that begin with - stand behind --'
is "$(kvsync get -- -b)" -1 'as key and value'

# --cas
run kvsync put b two --cas 5
status_is 0 'the index is still this one'
run kvsync put b three --cas 5
status_is 10 'no longer'
err_has 'key b is at index 7, not 5' 'what it is now'
run kvsync put b three --cas 0
status_is 10 '0 asks that there is no such key'
run kvsync put c new --cas=0
status_is 0 'and there is none'
is "$(kvsync get b) $(kvsync get c)" 'two new' 'what was refused changed nothing'

# --flags, --ttl
run kvsync put b three --flags 42
status_is 0 'a number of the user'
kvsync get b --output json >"$out"
out_has '"flags":42' 'is kept'
run kvsync put short lived --ttl 10s --output json
status_is 0 'a time to live'
out_has '"ttl_ms":10000' 'the time in force'
kvsync get short --output json >"$out"
out_has '"lease":"' 'the key hangs on a lease'
run kvsync put short again --cas 1 --ttl 10s
status_is 10 'a refused write'
is "$(kvsync status | grep '^leases:')" 'leases: 1' 'leaves no lease behind'

# what is refused changes nothing
before=$(kvsync index)
refused() {
	name=$1 number=$2 words=$3
	shift 3
	run kvsync "$@"
	status_is "$number" "$name"
	err_has "$words" "$name: in words"
}
refused 'no value' 2 'give a value: VALUE, or --file FILE' put b
refused 'two values' 2 'give only one of these' put b x -f file
refused 'too many words' 2 "unexpected operand 'c'" put a b c
refused 'an empty key' 2 'key is empty' put '' x
refused 'a missing file' 1 "open $tmp/none: No such file or directory" put b -f "$tmp/none"
refused 'a folder' 1 'Is a directory' put b -f "$tmp"
refused 'no file name' 2 '--file: expected a path' put b -f ''
refused 'an index that is no number' 2 "--cas: '-1' is not a whole number" put b x --cas -1
refused 'a time without a unit' 2 "--ttl: '5' has no unit" put b x --ttl 5
refused 'no time at all' 2 '--ttl: expected more than 0' put b x --ttl 0s
refused 'an unknown option' 2 'unknown option --flag; did you mean --flags?' put b x --flag 1
refused 'a prefix' 2 '--prefix has no meaning here: the command put takes whole keys' put b x -p p
refused 'two stores' 2 '--backend has no meaning with --store' put b x --store mem: --backend local
printf x >secret
chmod 000 secret
as_nobody true 2>/dev/null && chmod 0711 "$tmp" && {
	run as_nobody kvsync put b -f "$tmp/secret" --store mem:
	status_is 1 'a file that may not be read'
	err_has 'Permission denied' 'in words'
}
is "$(kvsync index)" "$before" 'nothing of this changed the store'
is "$(kvsync get b)" three 'nor the key'

# the store's own limit, and one byte more
head -c $((16 << 20)) /dev/zero >value
run kvsync put big -f value
status_is 0 'a value at the limit'
before=$(kvsync index)
echo >>value
run kvsync put big -f value
status_is 7 'one byte more'
err_has '16777217' 'its size is named'
err_has '16777216' 'and the limit'
run kvsync put "$(head -c 1000000 /dev/zero | tr '\0' k | head -c 100000)" v
status_is 7 'a key over the limit'
is "$(kvsync index)" "$before" 'nothing was written'

run kvsync put 'k/é/../x' v
status_is 0 'a key is bytes: dots and UTF-8 mean nothing'
run kvsync put "$(printf 'k\377\nx')" v
status_is 0 'nor do bytes that are no text'
run kvsync ls --keys "$(printf 'k\377')"
out_is 'k\\xff\\x0ax\n' 'they are shown escaped'
# standard input that takes its time
run sh -c '{ sleep 2.5; printf late; } | kvsync --timeout 2s put a -f -'
status_is 0 'the wait for standard input is not the time of the command'
is "$(kvsync get a)" late 'it is there'
done_testing
