#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# kvsync ls: one level or all, sorted; keys, values, NUL-separated, JSON.
# shellcheck source=tests/lib/cli.sh
. "${0%/*}/../lib/cli.sh"
export KVSYNC_STORE="local:$tmp/s.db"

run kvsync ls
status_is 0 'an empty store'
out_is '' 'has nothing'

kvsync put dir/b 'tab	newline
'
kvsync put dir/a 1
kvsync put dir/sub/x 2
kvsync put dirs 3
kvsync put "$(printf 'new\nline')" "$(printf '\377')"

run kvsync ls
out_is 'dir/\ndirs\t3\nnew\\x0aline\t\\xff\n' 'one level: folded at /, sorted, escaped'
run kvsync ls dir/
out_is 'dir/a\t1\ndir/b\ttab\\x09newline\\x0a\ndir/sub/\n' 'what begins with a prefix'
run kvsync ls --recursive dir
out_is 'dir/a\t1\ndir/b\ttab\\x09newline\\x0a\ndir/sub/x\t2\ndirs\t3\n' 'all levels'
run kvsync ls --recursive --keys dir/
out_is 'dir/a\ndir/b\ndir/sub/x\n' 'keys alone'
run kvsync ls -0 --recursive
printf 'dir/a\0dir/b\0dir/sub/x\0dirs\0new\nline\0' >want
same_file "$out" want 'for xargs -0: as they are'
run kvsync ls --output json dir
out_is '{"key":"dir/","folded":true}\n{"key":"dirs","value":"3","index":5,"create_index":5,"version":1,"flags":0}\n' \
	'one JSON object a line'
run kvsync ls --output json --keys dirs
out_is '{"key":"dirs","index":5,"create_index":5,"version":1,"flags":0}\n' 'without the value'
run kvsync ls none/
status_is 0 'a prefix of nothing'
out_is '' 'lists nothing'

run kvsync ls -0 --output json
status_is 2 '-0 and JSON'
run kvsync ls a b
status_is 2 'two prefixes'
run sh -c 'kvsync ls >/dev/full'
status_is 1 'a full device'

# sorted by bytes also where there is much, and a reader may go away
seq 1 3000 | sed 's/.*/{"op":"put","key":"n\/&","value":"v&"}/' | kvsync txn
run kvsync ls --keys n/
LC_ALL=C sort -c "$out"
is $? 0 'a long list is sorted'
is "$(wc -l <"$out")" 3000 'and complete'
run sh -c '{ kvsync ls n/; echo "$?" >status; } | head -n 1'
out_is 'n/1\tv1\n' 'head gets its line'
done_testing
