#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# kvsync watch: what is there, then each change; text, JSON, a command a batch.
# shellcheck source=tests/lib/cli.sh
. "${0%/*}/../lib/cli.sh"
export KVSYNC_STORE="local:$tmp/s.db"
watched=$tmp/.run/w.out

kvsync put a/1 one
kvsync put a/2 two
kvsync put b other

run kvsync watch a/1 --once
status_is 0 'one batch'
out_is 'reset\nput\t2\ta/1\tone\nsync\t4\n' 'what is there, as text'
run kvsync watch a/ --recursive --once --output json
out_is '{"event":"reset"}\n{"event":"put","key":"a/1","value":"one","index":2,"create_index":2,"version":1,"flags":0}\n{"event":"put","key":"a/2","value":"two","index":3,"create_index":3,"version":1,"flags":0}\n{"event":"sync","index":4}\n' \
	'a prefix, as JSON lines'
run kvsync watch a/ --recursive --once --keys
out_is 'reset\nput\t2\ta/1\nput\t3\ta/2\nsync\t4\n' 'keys alone'
run kvsync watch none --once
out_is 'reset\nsync\t4\n' 'a key that is not there yet'

# changes as they come
start w kvsync watch a/ --recursive
wait_for 10 grep -q sync "$watched"
kvsync put a/1 "$(printf 'x\ty')"
wait_for 10 grep -q 'a/1	x' "$watched"
file_has "$watched" 'put	5	a/1	x\x09y' 'a change, escaped'
kvsync del a/2
wait_for 10 grep -q delete "$watched"
file_has "$watched" 'delete	6	a/2' 'a deletion'
kvsync put b again
kvsync put a/3 last
wait_for 10 grep -q a/3 "$watched"
refuses 'another key is none of ours' grep -q again "$watched"
stop_started w TERM
status_is 143 'TERM ends it'
start w kvsync watch a/
stop_started w HUP
status_is 129 'so does HUP'

# where to begin
run kvsync watch a/ --recursive --once --since 5
out_has 'delete	6	a/2' 'since an index: a deletion that a snapshot cannot show'
out_has 'put	8	a/3	last' 'and what came after'
refuses 'and no snapshot' grep -q reset "$out"
start w kvsync watch a/ --recursive --changes --once
wait_for 10 grep -q sync "$watched"
kvsync put a/4 new
finish w 10
status_is 0 'only what changes from now on, once'
out_has 'a/4	new' 'the change'
refuses 'and no snapshot' grep -q reset "$out"

# --timeout
run kvsync watch a/1 --timeout 100ms
status_is 3 'a deadline, if one was asked for'
err_has 'the time of --timeout is over' 'in words'
run kvsync watch a/4 --changes --once --timeout 100ms
status_is 3 'nothing changed in time'

# --exec
cat >handler <<'END'
#!/bin/sh
cat >>"$1"
echo "key=$KVSYNC_KEY index=$KVSYNC_INDEX changes=$KVSYNC_CHANGES snapshot=$KVSYNC_SNAPSHOT" >>"$1"
END
chmod +x handler
run kvsync watch a/4 --once --exec "./handler 'said here'"
status_is 0 'a command'
index=$(kvsync index)
bytes_are 'said here' '{"event":"reset"}\n{"event":"put","key":"a/4","value":"new","index":9,"create_index":9,"version":1,"flags":0}\n{"event":"sync","index":'"$index"'}\nkey=a/4 index='"$index"' changes=1 snapshot=1\n' \
	'reads the batch, and its environment says the rest'
out_is '' 'nothing of it on standard output'
run kvsync watch a/4 --once -e 'sh -c "exit 3"'
status_is 9 'a command that fails'
err_has "command 'sh' exited with status 3" 'in words'
run kvsync watch a/4 --once -e ./none
status_is 9 'one that is not there'
run kvsync watch a/4 --once -e 'echo "unfinished'
status_is 2 'a line that is no command'
run kvsync watch a/4 --once -e ''
status_is 2 'nor is nothing'

: >log
start w kvsync watch a/ --recursive --exec './handler log'
wait_for 10 grep -q 'snapshot=1' log
kvsync put a/5 x
wait_for 10 grep -q 'changes=1 snapshot=0' log
file_has log '"key":"a/5","value":"x"' 'it runs again for each batch'
stop_started w
status_is 143 'and ends'

# a command that runs when we are told to end is told, too
cat >slow <<'END'
#!/bin/sh
trap 'echo ended >ended; exit 0' TERM
: >running
while :; do sleep 0.05; done
END
chmod +x slow
start w kvsync watch a/5 --exec ./slow
wait_for 10 test -e running
stop_started w
status_is 143 'TERM while a command runs'
file_has ended ended 'the command was told to end'

# a command that fails is run again, with what has changed meanwhile
cat >moody <<'END'
#!/bin/sh
sed 's/.*"event":"\([a-z]*\)".*"value":"\([a-z0-9]*\)".*/\1 \2/; s/.*"event":"\([a-z]*\)".*/\1/' | tr '\n' ' ' >>runs
if [ -e good ]; then result=0; else result=1; fi
echo "changes=$KVSYNC_CHANGES snapshot=$KVSYNC_SNAPSHOT status=$result" >>runs
exit $result
END
chmod +x moody
: >runs
start w kvsync watch a/5 --exec ./moody
wait_for 20 sh -c 'test "$(wc -l <runs)" -ge 2'
is "$(sed -n 2p runs)" 'reset put x sync changes=1 snapshot=1 status=1' 'a command that failed is run again'
is "$(sed -n 1p runs)" "$(sed -n 2p runs)" 'on the same'
kvsync put a/5 y
wait_for 20 grep -q 'put y' runs
is "$(grep -m 1 'put y' runs)" 'reset put x sync put y sync changes=2 snapshot=1 status=1' 'what changes meanwhile is added'
: >good
wait_for 20 grep -q 'status=0' runs
is "$(tail -n 1 runs)" 'reset put x sync put y sync changes=2 snapshot=1 status=0' 'until it succeeds'
kvsync put a/5 z
wait_for 20 grep -q 'put z' runs
is "$(tail -n 1 runs)" 'put z sync changes=1 snapshot=0 status=0' 'then there is only what is new'
stop_started w
status_is 143 'it ends as ever'
err_has "kvsync: error: command './moody' exited with status 1; running it again in" 'a failure is logged'

# also one that is told to end while it waits to run the command again
start w kvsync watch a/5 --exec false
wait_for 10 grep -q 'running it again' .run/w.err
stop_started w
status_is 143 'so it does between two runs'

run kvsync watch
status_is 2 'no key'
run kvsync watch a --since 3 --changes
status_is 2 'two beginnings'
run kvsync watch a --since 0
status_is 2 'an index of 0'
run kvsync watch a --prefix p
status_is 2 '--prefix belongs to other commands'
run kvsync watch a --store mem: --once --exec true
status_is 0 'any store can be watched'
done_testing
