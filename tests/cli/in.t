#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# kvsync in: a file goes into the store, with its checksum.
# shellcheck source=tests/lib/cli.sh
. "${0%/*}/../lib/cli.sh"
export KVSYNC_STORE="local:$tmp/s.db"

seq -f 'host%g' 600 >hosts
sum=$(sha256sum <hosts | cut -c 1-64)

# stored KEY FILE NAME: the pair of a key is that of a file.
stored() {
	kvsync get "kvexpress/$1/data" >"$tmp/.run/data"
	same_file "$tmp/.run/data" "$2" "$3"
	is "$(kvsync get "kvexpress/$1/checksum")" "$(sha256sum <"$2" | cut -c 1-64)" "$3: checksum"
}

# ---- the file's way ----

run kvsync in -k hosts -f hosts
status_is 0 'a file'
out_is "hosts: written, 600 lines, $(stat -c %s hosts) bytes, sha256 $(printf %.12s "$sum")\n" 'what happened'
err_is '' 'and nothing else'
stored hosts hosts 'it is there'
before=$(kvsync index)
run kvsync in -k hosts -f hosts
status_is 0 'the same file again'
out_has 'hosts: nothing to do' 'is nothing to do'
is "$(kvsync index)" "$before" 'and nothing was written'
run kvsync --quiet in -k hosts -f hosts
out_is '' 'who wants no words gets none'

echo more >>hosts
run kvsync in --key hosts --file hosts --output json
status_is 0 'a changed file'
out_is "{\"key\":\"hosts\",\"written\":true,\"index\":$(kvsync get kvexpress/hosts/checksum --output json | sed "s|.*\"index\":\([0-9]*\),.*|\1|"),\"signed\":false,\"lines\":601,\"bytes\":$(stat -c %s hosts),\"checksum\":\"$(sha256sum <hosts | cut -c 1-64)\",\"command_run\":false}\n" 'as JSON'
stored hosts hosts 'it is there'

run sh -c 'printf "a\nb\n" | kvsync in -k piped -f -'
status_is 0 'standard input'
run sh -c '{ sleep 2.5; echo late; } | kvsync --timeout 2s in -k late -f -'
status_is 0 'the wait for it is not the time of the command'
printf 'a\nb\n' >want
stored piped want 'it is there'

head -c 100000 /dev/urandom >random
run kvsync in -k random -f random
status_is 0 'any bytes'
stored random random 'they are there'

run kvsync --prefix other/place in -k hosts -f hosts
status_is 0 'another prefix'
run kvsync get other/place/hosts/checksum
status_is 0 'it is there'

# ---- sorting ----

printf 'b\n\na\nB\n' >lines
run kvsync in -k sorted -f lines -S
status_is 0 'sorted lines'
printf 'B\na\nb\n' >want
stored sorted want 'by their bytes, without empty ones'

# ---- repair ----

kvsync put kvexpress/hosts/data damaged
run kvsync in -k hosts -f hosts
out_has 'hosts: written' 'damaged data is noticed though the checksum is right'
stored hosts hosts 'and repaired'
kvsync del kvexpress/hosts/checksum
run kvsync in -k hosts -f hosts
status_is 0 'a missing checksum'
stored hosts hosts 'is put back'

# ---- guards ----

run kvsync in -k hosts -f lines --min-lines 5
status_is 7 'too few lines'
err_is "kvsync: in: lines has 4 lines, fewer than the 5 asked for; --min-lines lowers that\n" 'in words'
run kvsync in -k hosts -f lines --length 5
status_is 7 'by the old name of the option'
run kvsync in -k hosts -f lines -l 4 -S
status_is 7 'empty lines that the sorting drops do not count'
: >empty
run kvsync in -k hosts -f empty
status_is 7 'an empty file does not go by accident'
err_has 'empty has 0 lines' 'in words'
run kvsync in -k hosts -f random --max-bytes 99999
status_is 7 'one byte too many'
err_has 'random has more than 99999 bytes; --max-bytes raises that' 'in words'
stored hosts hosts 'refused: nothing changed'
run kvsync in -k random -f random --max-bytes 100000
status_is 0 'as many bytes as may be'
run kvsync in -k empty -f empty --min-lines 0
status_is 0 'an empty file, if it is meant'
run kvsync get kvexpress/empty/data
out_is '' 'is empty'

run kvsync in -k small -f lines --min-bytes 8
status_is 7 'too few bytes'
err_is "kvsync: in: lines has 7 bytes, fewer than the 8 asked for; --min-bytes lowers that\n" 'in words'
kvsync in -k shrinking -f hosts --quiet
run kvsync in -k shrinking -f lines --max-shrink 50%
status_is 7 'a file that shrank too much'
err_is "kvsync: in: shrinking would shrink by 100 % (from $(stat -c %s hosts) to 7 bytes), more than the 50 % allowed; --max-shrink raises that\n" 'in words'
stored shrinking hosts 'shrunk: nothing changed'
kvsync in -k packed -f hosts --quiet -z
run kvsync in -k packed -f random --max-shrink 0
status_is 0 'one that grew'
kvsync in -k packed -f hosts --quiet -z
head -n 300 hosts >half
run kvsync in -k packed -f half --max-shrink 40
status_is 7 'what is stored compressed counts as the file that it is'
err_has "from $(stat -c %s hosts) to $(stat -c %s half) bytes" 'in words'
run kvsync in -k required -f hosts --require '^host1$' --require '^host[0-9]+x'
status_is 7 'a pattern that no line matches'
err_is "kvsync: in: hosts has no line that matches '^host[0-9]+x', which --require asks for\n" 'in words'
run kvsync in -k required -f hosts --require '^host1$' --require '^host[0-9]{3}$'
status_is 0 'each pattern has its line'

# ---- stopped ----

kvsync stop hosts 'until noon' --quiet
run kvsync in -k hosts -f lines
status_is 6 'a stopped key'
err_is "kvsync: in: hosts is stopped until kvsync start lifts it: until noon\n" 'the reason is told'
stored hosts hosts 'stopped: nothing changed'
kvsync start hosts --quiet
kvsync put kvexpress/hosts/stop ''
run kvsync in -k hosts -f lines
status_is 0 'an empty stop is none'

# ---- bad input ----

# bad STATUS WORDS NAME ARGUMENT...
bad() {
	bad_status=$1 bad_words=$2 bad_name=$3
	shift 3
	before=$(kvsync index)
	run kvsync in "$@"
	status_is "$bad_status" "$bad_name"
	err_has "$bad_words" "$bad_name: words"
	is "$(kvsync index)" "$before" "$bad_name: nothing changed"
}
nl='
'
bad 2 'the key is missing: give --key KEY and --file FILE' 'no key' -f lines
bad 2 'the file is missing' 'no file' -k x
bad 2 'the key is empty' 'an empty key' -k '' -f lines
bad 2 'has an empty part' 'a leading slash' -k /x -f lines
bad 2 'has an empty part' 'a trailing slash' -k x/ -f lines
bad 2 'has a part that is "." or ".."' 'dots' -k x/../y -f lines
bad 2 'begins with locks' 'a key among the locks' -k locks/x -f lines
bad 2 'ends in checksum' 'a key within another' -k x/checksum -f lines
bad 2 'the key "x\x0ay" has a control byte' 'a newline in a key' -k "x${nl}y" -f lines
bad 2 'the key "x\xff" is not UTF-8' 'a key that is not UTF-8' -k "$(printf 'x\377')" -f lines
bad 2 'the prefix is empty' 'an empty prefix' -p '' -k x -f lines
bad 2 "unexpected operand 'more'" 'an operand' -k x -f lines more
bad 2 'unknown option' 'an unknown option' -k x -f lines --sortde
bad 2 '--min-lines' 'a number that is none' -k x -f lines -l many
bad 2 "--max-shrink: '101' is not a percentage from 0 to 100" 'more than all' -k x -f lines --max-shrink 101
bad 2 '--max-bytes: 0 would refuse every file' 'no bytes at all' -k x -f lines --max-bytes 0
bad 2 "--require: '(' is not a regular expression: " 'half a pattern' -k x -f lines --require '('
bad 2 "--require: the pattern is empty" 'an empty pattern' -k x -f lines --require ''
bad 1 'open nowhere: No such file or directory' 'a missing file' -k x -f nowhere
bad 1 'read .: Is a directory' 'a directory' -k x -f .
chmod 0 lines
mkdir -m 0777 shared
run as_nobody kvsync --store "local:$tmp/shared/db/s.db" in -k x -f lines
status_is 1 'an unreadable file'
err_has 'open lines: Permission denied' 'in words'

done_testing
