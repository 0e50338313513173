#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# A Consul that goes away and comes back, under watches and writes; and one restored from a snapshot.
# shellcheck disable=SC2317 # functions that wait_for runs
# shellcheck source=tests/lib/cli.sh
. "${0%/*}/../lib/cli.sh"
# shellcheck source=tests/lib/servers.sh
. "$srcdir/tests/lib/servers.sh"
# shellcheck source=tests/consul/consul.sh
. "$srcdir/tests/consul/consul.sh"

# The last value that a watch told of a key.
last_told() {
	grep "	$1	" "$tmp/.run/w.out" | tail -n 1 | cut -f 4
}

told() {
	[ "$(last_told "$1")" = "$2" ]
}

# Is there such a key, by what the watch told?
known_now() {
	awk -F '\t' -v key="$1" '$1 == "reset" { there = 0 }
		$3 == key { there = $1 == "put" }
		END { exit !there }' "$tmp/.run/w.out"
}

scenario() {
	KVSYNC_STORE="consul://127.0.0.1:$server_port"
	export KVSYNC_STORE
	kvsync put t/a 1
	kvsync put t/b 1
	start w kvsync watch --recursive t/
	wait_for 10 grep -q sync "$tmp/.run/w.out"

	server_kill server
	run kvsync --timeout 300ms get t/a
	status_is 3 'while it is gone: unreachable'
	run kvsync --timeout 300ms put t/a 2
	status_is 3 'and nothing was written'
	server_restart server
	run kvsync --timeout 20s get t/a
	out_is 1 'what was acknowledged is still there'
	kvsync --timeout 20s put t/a 3
	wait_for 20 told t/a 3
	pass 'the watch goes on'
	kvsync del t/b
	wait_for 20 grep -q 'delete.*t/b' "$tmp/.run/w.out"
	pass 'and tells deletions'
	refuses 'what did not change was not told twice' \
		test "$(grep -c 't/b' "$tmp/.run/w.out")" -gt 2

	restored
	stop_started w TERM
}

# An older state comes back: the index goes backwards.
restored() {
	api GET /v1/snapshot -o "$tmp/snapshot" || bail 'no snapshot'
	for n in 1 2 3 4 5; do
		kvsync put t/a "later $n"
	done
	kvsync put t/new 1
	wait_for 20 told t/new 1
	api PUT /v1/snapshot --data-binary "@$tmp/snapshot" >/dev/null || bail 'no restore'
	wait_for 30 told t/a 3
	pass 'the state that was restored is told'
	kvsync --timeout 20s put t/c fresh
	wait_for 20 told t/c fresh
	pass 'and what comes after it'
	refuses 'a key that the restore took away is no longer there' known_now t/new
}

for age in $(consul_ages); do
	consul_start server "$age"
	scenario
	server_stop server
	rm -rf "$tmp/server"
done
done_testing
