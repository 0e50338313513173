#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Members of a real etcd from a DNS record: some dead, some mute, others later than before.
# shellcheck source=tests/lib/cli.sh
. "${0%/*}/../lib/cli.sh"
# shellcheck source=tests/lib/proxy.sh
. "$srcdir/tests/lib/proxy.sh"
# shellcheck source=tests/lib/servers.sh
. "$srcdir/tests/lib/servers.sh"
need python3
watched=$tmp/.run/w.out
export KVSYNC_STORE='etcd:?srv=_etcd-client._tcp.test&operation-timeout=3s'

: >"$tmp/records"
start dns "$srcdir/tests/lib/dns" "$tmp/dns.port" "$tmp/dns.log" "$tmp/records"
wait_for 10 test -s "$tmp/dns.port" || bail 'no name server'
KVS_DNS_SERVER=127.0.0.1:$(cat "$tmp/dns.port")
export KVS_DNS_SERVER

# PRIORITY WEIGHT PORT...
record() {
	printf '%s localhost\n' "$@" >"$tmp/records"
}
lookups() {
	wc -l <"$tmp/dns.log"
}

etcd_cluster e "${KVS_ETCD_AGE:-old}"
proxy_start mute "$e1_port"
proxy_do mute mute
proxy_start live "$e1_port"
free_port
record "30 0 $live_port" "10 5 $free_port" "20 1 $mute_port"
run kvsync put a 1 --cas 0 --timeout 10s
status_is 0 'one member of three is dead, one mute: a guarded put is done within its deadline'
run kvsync get a --timeout 10s
out_is 1 'and so is a get'
file_has "$tmp/dns.log" _etcd-client._tcp.test 'the record was asked for'

# a watch whose members are gone asks again
record "1 1 $live_port"
start w kvsync watch b
wait_for 10 grep -q sync "$watched"
record "1 1 $e2_port" "2 1 $live_port"
proxy_do live refuse
proxy_do live drop
kvsync put b 1
succeeds 'a watch goes to the members that came meanwhile' wait_for 10 grep -q 'put.*b	1' "$watched"
is "$(grep -c reset "$watched")" 1 'and has missed nothing'
stop_started w
proxy_do live pass

# what was not changed is left alone: a member without a quorum refuses each request, and stays connected
record "1 1 $live_port"
no_leader() {
	kvsync get a --timeout 1s 2>&1 | grep -q 'no leader'
}
server_freeze e2
server_freeze e3
succeeds 'the member says that it has no leader' wait_for 20 no_leader
connections() {
	proxy_do live count
	set -- $proxy_answer
	echo "$3"
}
before=$(connections) asked=$(lookups)
run kvsync get a --timeout 7s
status_is 3 'without a leader nothing is read'
err_has 'no leader' 'the member says why'
asked=$(($(lookups) - asked))
succeeds "the record was asked for again (it was $asked times)" [ "$asked" -gt 1 ]
is $(($(connections) - before)) 1 'on one connection'
server_thaw e2
server_thaw e3

: >"$tmp/records"
run kvsync get a --timeout 300ms
status_is 3 'no such record'
err_has _etcd-client._tcp.test 'it is named'
done_testing
