#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Three members: leaders killed while ten writers write and a watch looks on, a member that is stopped,
# one behind a wall.  Every acknowledged write is there, every change was told, the last state is seen.
# shellcheck source=tests/lib/cli.sh
. "${0%/*}/../lib/cli.sh"
# shellcheck source=tests/lib/proxy.sh
. "$srcdir/tests/lib/proxy.sh"
# shellcheck source=tests/lib/servers.sh
. "$srcdir/tests/lib/servers.sh"
watched=$tmp/.run/w.out
etcd_cluster e "${KVS_ETCD_AGE:-old}"
endpoints=127.0.0.1:$e1_port,127.0.0.1:$e2_port,127.0.0.1:$e3_port
export KVSYNC_STORE="etcd://$endpoints" ETCDCTL_ENDPOINTS="$endpoints"

# leader: sets $leader to the name of the member that leads
find_leader() {
	for name in e1 e2 e3; do
		eval "port=\$${name}_port"
		ETCDCTL_ENDPOINTS="127.0.0.1:$port" etcdctl --command-timeout 1s endpoint status -w json 2>/dev/null |
			python3 -c '
import json, sys
try:
    s = json.load(sys.stdin)[0]["Status"]
except Exception:
    sys.exit(1)
sys.exit(s["leader"] != s["header"]["member_id"])' && leader=$name && return 0
	done
	return 1
}

# A writer: numbers one key up by compare-and-set, and notes what was acknowledged.
writer() {
	index=0
	n=1
	while [ ! -e stop ]; do
		if kvsync put "n/$1" "$n" --cas "$index" --timeout 20s 2>>"writer.$1.err"; then
			echo "$n" >>"writer.$1.acked"
			n=$((n + 1))
			index=$(kvsync get "n/$1" --output json 2>/dev/null |
				sed 's/.*"index":\([0-9]*\).*/\1/') || index=
			[ -n "$index" ] || index=$(known "$1")
		fi
	done
}

known() {
	until kvsync get "n/$1" --output json 2>/dev/null >"writer.$1.state"; do :; done
	sed 's/.*"index":\([0-9]*\).*/\1/' "writer.$1.state"
}

kvsync put n/start 0
start w kvsync watch n/ --recursive
wait_for 10 grep -q sync "$watched"
writers=10
i=0
while [ $i -lt $writers ]; do
	start "writer$i" writer $i
	i=$((i + 1))
done
everybody_acked() {
	for f in writer.*.acked; do
		[ "$(wc -l <"$f")" -gt "$1" ] || return 1
	done
	[ "$(ls writer.*.acked | wc -l)" -eq $writers ]
}
wait_for 30 everybody_acked 1

rounds=2
[ -z "${KVS_LONG:-}" ] || rounds=24
round=1
while [ $round -le $rounds ]; do
	wait_for 20 find_leader || bail 'no leader'
	victim=$leader
	server_kill "$victim"
	before=$(cat writer.*.acked | wc -l)
	more() {
		[ "$(cat writer.*.acked | wc -l)" -gt $((before + writers * 2)) ]
	}
	succeeds "round $round: writing goes on without $victim" wait_for 30 more
	server_restart "$victim"
	round=$((round + 1))
done
: >stop
i=0
while [ $i -lt $writers ]; do
	finish "writer$i" 60 || fail "writer $i does not end"
	i=$((i + 1))
done

lost=0 wrong=0
i=0
while [ $i -lt $writers ]; do
	last=$(tail -n 1 "writer.$i.acked")
	is_now=$(kvsync get "n/$i" --consistent)
	# an answer may have been lost: then one more than was acknowledged
	[ "$is_now" = "$last" ] || [ "$is_now" = $((last + 1)) ] || lost=$((lost + 1))
	wait_for 20 grep -q "n/$i	$is_now\$" "$watched" || wrong=$((wrong + 1))
	# the watch saw every number once, in order
	sed -n "s|^put.*n/$i	||p" "$watched" >"told.$i"
	seq "$is_now" >"want.$i"
	cmp -s "told.$i" "want.$i" || wrong=$((wrong + 1))
	i=$((i + 1))
done
is "$lost" 0 'no acknowledged write is lost'
is "$wrong" 0 'the watch told each change once, in order, and the last state'
is "$(grep -c reset "$watched")" 1 'without a new snapshot'
stop_started w

# a member that is stopped: calls go on elsewhere within their deadline
find_leader
follower=e1
[ "$leader" != e1 ] || follower=e2
eval "follower_port=\$${follower}_port leader_port=\$${leader}_port"
server_freeze "$follower"
ok=0
for try in 1 2 3 4 5 6; do
	kvsync put stopped "$try" --timeout 10s --cas "$(kvsync get stopped --output json 2>/dev/null |
		sed 's/.*"index":\([0-9]*\).*/\1/;s/^$/0/' | grep . || echo 0)" 2>>"$err" && ok=$((ok + 1))
done
is "$ok" 6 'with a stopped member each guarded write is done within its deadline'
server_thaw "$follower"

# a watch on a member that is cut off by the network moves on
proxy_start p "$follower_port"
start w kvsync watch cut --store "etcd://127.0.0.1:$p_port,127.0.0.1:$p_port,127.0.0.1:$leader_port"
wait_for 20 grep -q sync "$watched"
proxy_do p refuse
proxy_do p drop
kvsync put cut seen
succeeds 'a member cut off from us: the watch moves on' wait_for 10 grep -q 'cut	seen' "$watched"
stop_started w

# a member cut off from its cluster says that it has no leader, and the watch leaves it
others=
for name in e1 e2 e3; do
	[ "$name" = "$follower" ] || others="$others $name"
done
start w kvsync watch alone --store "etcd://127.0.0.1:$follower_port"
wait_for 20 grep -q sync "$watched"
for name in $others; do
	server_freeze "$name"
done
run kvsync get alone --store "etcd://127.0.0.1:$follower_port" --timeout 4s
status_is 3 'a member without a quorum'
for name in $others; do
	server_thaw "$name"
done
succeeds 'when the quorum is back' wait_for 20 kvsync put alone again
succeeds 'the watch has it' wait_for 20 grep -q 'alone	again' "$watched"
done_testing
