#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Watches of a real etcd over what breaks them: restarts, compaction, backlogs, hung and cut members.
# shellcheck source=tests/lib/cli.sh
. "${0%/*}/../lib/cli.sh"
# shellcheck source=tests/lib/proxy.sh
. "$srcdir/tests/lib/proxy.sh"
# shellcheck source=tests/lib/servers.sh
. "$srcdir/tests/lib/servers.sh"
etcd_start e "${KVS_ETCD_AGE:-old}"
proxy_start p "$e_port"
direct=etcd://127.0.0.1:$e_port
export KVSYNC_STORE="$direct" ETCDCTL_ENDPOINTS="127.0.0.1:$e_port"
watched=$tmp/.run/w.out

# seen TEXT: comes within ten seconds
seen() {
	wait_for "${2:-10}" grep -q "$1" "$watched"
}

kvsync put w/a 0
start w kvsync watch w/ --recursive
seen sync

# a restart, after so long that the pauses between tries have grown to their longest: nothing is lost, and
# within two seconds of the server's first answer the watch has what was written meanwhile
server_kill e
succeeds 'the watch says when it tries again' \
	wait_for 20 grep -q 'trying again in 1[2-5][0-9][0-9] ms' "$tmp/.run/w.err"
server_restart e
back=$(now_ms)
kvsync put w/a 1
kvsync put w/a 2
succeeds 'a killed server comes back' seen 'w/a	2'
took=$(($(now_ms) - back))
succeeds "the watch is back in time ($took ms)" [ "$took" -lt 2000 ]
file_has "$watched" 'w/a	1' 'no change is lost'
is "$(grep -c reset "$watched")" 1 'and there is no new snapshot'
stop_started w

# a server that comes back without its data
start w kvsync watch w/ --recursive
seen sync
server_kill e
rm -rf "$tmp/e"
server_restart e
succeeds 'an emptied store is a new snapshot' wait_for 10 sh -c \
	'[ "$(grep -c reset "$0")" -eq 2 ] && tail -n 1 "$0" | grep -q sync' "$watched"
kvsync put w/b new
succeeds 'from which the watch goes on' seen 'w/b	new'
stop_started w

# compaction while the watch is away
index=$(kvsync index)
kvsync put w/a 1
kvsync put w/a 2
kvsync del w/b
etcdctl compact "$(kvsync index)" >/dev/null
run kvsync watch w/ --recursive --since "$index" --once
out_has reset 'history that was compacted away is a snapshot'
out_has 'w/a	2' 'with what is there now'
run kvsync get w/a
out_is 2 'which is what a reader sees'

# a backlog of 50 MiB, compacted behind a watch that cannot keep up
export KVSYNC_STORE="etcd://127.0.0.1:$p_port"
start w kvsync watch w/ --recursive
seen sync
proxy_do p mute
head -c 1000000 /dev/zero | tr '\0' x >mega
i=0
while [ $i -lt 52 ]; do
	kvsync put "w/m$i" -f mega --store "$direct"
	i=$((i + 1))
done
kvsync put w/last 'done' --store "$direct"
proxy_do p pass
succeeds 'a backlog of 50 MiB arrives' seen 'w/last	done' 40
is "$(grep -c '^put.*w/m' "$watched")" 52 'each change of it once'
index=$(kvsync index --store "$direct")
proxy_do p refuse
proxy_do p drop
kvsync put w/last 1 --store "$direct"
kvsync del w/m0 --store "$direct"
etcdctl compact "$(kvsync index --store "$direct")" >/dev/null
proxy_do p pass
succeeds 'a watch that was cut off while history went gets a snapshot' wait_for 20 sh -c \
	'[ "$(grep -c reset "$0")" -eq 2 ] && grep -q "w/last	1" "$0"' "$watched"
is "$(sed '1,/reset/d' "$watched" | sed '1,/reset/d' | grep -c 'w/m0	')" 0 \
	'without what was deleted meanwhile'
stop_started w

# answers cut in the middle: what came is used once, what did not comes again
connections() {
	proxy_do p count
	set -- $proxy_answer
	echo "$3"
}
more_connections() {
	[ "$(connections)" -gt "$1" ]
}
start w kvsync watch c/ --recursive
seen sync
for bytes in 10 100 300 1000 2000; do
	before=$(connections)
	proxy_do p "cut $bytes"
	i=0
	while [ $i -lt 20 ]; do
		echo '{"op":"put","key":"c/'$bytes.$i'","value":"'$bytes'-0123456789012345678901234567890123456789"}'
		i=$((i + 1))
	done | kvsync txn --store "$direct"
	wait_for 10 more_connections "$before"
	proxy_do p pass
	succeeds "cut behind $bytes bytes" seen "c/$bytes.19" 15
done
is "$(grep -c '^put' "$watched")" 100 'every change, each once'
stop_started w

# a member that hangs is noticed by keepalive within 20 s
if [ -n "${KVS_LONG:-}" ]; then
	start w kvsync watch h/ --recursive --verbose
	seen sync
	proxy_do p hang
	hung=$(now_ms)
	succeeds 'a hung member is noticed' wait_for 30 grep -q 'retry\|again' "$tmp/.run/w.err"
	took=$(($(now_ms) - hung))
	succeeds "within 20 s ($took ms)" [ "$took" -lt 20000 ]
	proxy_do p drop
	proxy_do p pass
	kvsync put h/x after --store "$direct"
	succeeds 'and the watch goes on' seen 'h/x	after' 20
	stop_started w
else
	skip 3 'keepalive takes 20 s: in --long'
fi
done_testing
