#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Three servers, of which the leader is killed again and again while ten writers write and a watch looks
# on: no acknowledged write is lost, and the watch ends at the last state.  Short: 3 leaders;
# KVS_LONG=1: 2 minutes.
# shellcheck disable=SC2317,SC2119,SC2120 # functions that wait_for runs; the $1 of awk
# shellcheck source=tests/lib/cli.sh
. "${0%/*}/../lib/cli.sh"
# shellcheck source=tests/lib/servers.sh
. "$srcdir/tests/lib/servers.sh"
# shellcheck source=tests/consul/consul.sh
. "$srcdir/tests/consul/consul.sh"

writers=10

# Counts up its own key until told to stop; notes what was acknowledged.
writer() {
	writer_n=0
	while [ ! -e "$tmp/stop" ]; do
		writer_n=$((writer_n + 1))
		# shellcheck disable=SC2154
		if kvsync --store "$store" --timeout 20s put "w/$1" "$writer_n" 2>>"$tmp/writer.$1.err"; then
			echo "$writer_n" >"$tmp/acked.$1"
		fi
	done
	echo "$writer_n" >"$tmp/tried.$1"
}

# The name of the member that leads, if one does.
leader() {
	for m in 1 2 3; do
		eval "leader_url=\$c${m}_url leader_pid=\$c${m}_pid"
		gone "$leader_pid" && continue
		curl -sf -m 2 "$leader_url/v1/agent/self" 2>/dev/null |
			grep -q '"leader": *"true"' && echo "c$m" && return 0
	done
	return 1
}

has_leader() {
	leader >"$tmp/leader"
}

told() {
	grep "	w/$1	" "$tmp/.run/w.out" | tail -n 1 | cut -f 4
}

told_all() {
	for w in $(seq "$writers"); do
		[ "$(told "$w")" = "$(cat "$tmp/final.$w")" ] || return 1
	done
}

# One after the other, three of them; in the long form each 5 s for 2 minutes.
kill_leaders() {
	killed=0 end=0
	[ -z "${KVS_LONG:-}" ] || end=$(($(now_ms) + 120000))
	while [ "$killed" -lt 3 ] || [ "$(now_ms)" -lt "$end" ]; do
		wait_for 60 has_leader || bail 'no leader'
		name=$(cat "$tmp/leader") next=$(($(now_ms) + 5000))
		server_kill "$name"
		killed=$((killed + 1))
		before=$(acked)
		wait_for 60 more_acked || bail 'nothing is written without the old leader'
		server_restart "$name"
		[ -z "${KVS_LONG:-}" ] || wait_for 10 is_time
	done
}

is_time() {
	[ "$(now_ms)" -ge "$next" ]
}

acked() {
	cat "$tmp"/acked.* | awk '{ n += $1 } END { print n + 0 }'
}

more_acked() {
	[ "$(acked)" -gt $((before + 20)) ]
}

# Did a key go back to an older value?
backwards() {
	awk -F '\t' '$1 == "put" { back += $4 + 0 < last[$3] + 0; last[$3] = $4 }
		END { exit !back }' "$tmp/.run/w.out"
}

scenario() {
	consul_cluster c "$age"
	# shellcheck disable=SC2154 # set by eval
	store="consul://127.0.0.1:$c1_port,127.0.0.1:$c2_port,127.0.0.1:$c3_port"
	start w kvsync --store "$store" watch --recursive w/
	wait_for 20 grep -q sync "$tmp/.run/w.out"
	writer_pids=
	for w in $(seq "$writers"); do
		echo 0 >"$tmp/acked.$w"
		writer "$w" &
		pids="$pids $!"
		writer_pids="$writer_pids $!"
	done
	kill_leaders
	: >"$tmp/stop"
	for p in $writer_pids; do
		wait "$p"
		forget "$p"
	done
	pass "$killed leaders were killed"

	lost=0
	for w in $(seq "$writers"); do
		kvsync --store "$store" --timeout 30s get "w/$w" >"$tmp/final.$w" || bail 'no final value'
		# one that was not acknowledged may have been written, too, but nothing older than what was
		[ "$(cat "$tmp/final.$w")" -ge "$(cat "$tmp/acked.$w")" ] || lost=$((lost + 1))
		[ "$(cat "$tmp/final.$w")" -le "$(cat "$tmp/tried.$w")" ] || lost=$((lost + 1))
	done
	diag "acknowledged: $(acked) writes"
	succeeds 'no acknowledged write is lost' test "$lost" -eq 0
	succeeds 'the watch saw the last state of each key' wait_for 30 told_all
	stop_started w TERM
	refuses 'and never an older one again' backwards
	for m in 1 2 3; do
		server_stop "c$m"
		rm -rf "$tmp/c$m"
	done
	rm -f "$tmp/stop" "$tmp"/acked.* "$tmp"/tried.* "$tmp"/final.*
}

for age in $(consul_ages); do
	scenario
done
done_testing
