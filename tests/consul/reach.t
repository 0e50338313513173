#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# How a real Consul is reached: a unix socket, another datacenter, a DNS record with several servers of
# which some are dead, a slow network; and what is said when it is not.
# shellcheck disable=SC2317 # functions that wait_for runs
# shellcheck source=tests/lib/cli.sh
. "${0%/*}/../lib/cli.sh"
# shellcheck source=tests/lib/servers.sh
. "$srcdir/tests/lib/servers.sh"
# shellcheck source=tests/lib/proxy.sh
. "$srcdir/tests/lib/proxy.sh"
# shellcheck source=tests/consul/consul.sh
. "$srcdir/tests/consul/consul.sh"
need python3

unix_socket() {
	server_curl="--unix-socket $tmp/consul.sock"
	mkdir -p "$tmp/server.d"
	echo "{\"addresses\": {\"http\": \"unix://$tmp/consul.sock\"}, \"unix_sockets\": {\"mode\": \"0600\"}}" \
		>"$tmp/server.d/unix.json"
	consul_start server "$age"
	rm "$tmp/server.d/unix.json"
	store=consul+unix://$tmp/consul.sock
	run kvsync --store "$store" put u/a 1
	status_is 0 'a put through a unix socket'
	run kvsync --store "$store" get u/a
	out_is 1 'a get'
	start w kvsync --store "$store" watch u/a
	wait_for 10 grep -q sync "$tmp/.run/w.out"
	kvsync --store "$store" put u/a 2
	succeeds 'a watch' wait_for 10 grep -q 'put.*u/a.*2' "$tmp/.run/w.out"
	stop_started w TERM
	run as_nobody kvsync --store "$store" --timeout 300ms get u/a
	if [ "$(id -u)" -eq 0 ]; then
		status_is 3 'a socket that others may not use'
		err_has consul.sock 'it is named'
	else
		skip 2 'not started by root'
	fi
	run kvsync --store "$store.none" --timeout 300ms get u/a
	status_is 3 'a socket that is not there'
	err_has consul.sock.none 'it is named'
	server_curl=
	server_stop server
	rm -rf "$tmp/server"
}

places() {
	run kvsync --store "consul://127.0.0.1:$server_port?dc=dc1" put p 1
	status_is 0 'a datacenter by its name'
	run kvsync --store "consul://127.0.0.1:$server_port?dc=dc1&consistency=stale&max-stale=1h" get p
	out_is 1 'any server of it'
	run kvsync --store "consul://127.0.0.1:$server_port?dc=dc1&consistency=consistent" get p
	out_is 1 'its leader for sure'
	run kvsync --store "consul://127.0.0.1:$server_port?dc=none" --timeout 300ms get p
	status_is 3 'a datacenter that nobody knows'
	err_has 'No path to datacenter' 'the server says so'
	run kvsync --store "consul://127.0.0.1:$server_port?dc=none" --timeout 300ms put p 2
	status_is 3 'nothing is written there'
}

# What only Consul Enterprise has: nothing may go to where everybody's keys are.
rooms() {
	echo file >"$tmp/file"
	for room in namespace=team partition=team 'namespace=default&partition=default'; do
		store="consul://127.0.0.1:$server_port?$room"
		run kvsync --store "$store" get p
		status_is 2 "$room, which the open source does not have: no get"
		err_has "the server does not know the store's namespace or partition" 'the message says why'
		run kvsync --store "$store" put p 2
		status_is 2 'no put'
		run kvsync --store "$store" put --cas 0 p-new 2
		status_is 2 'no conditional put, for which Consul has transactions'
		run kvsync --store "$store" del p
		status_is 2 'no deletion'
		echo '{"op": "put", "key": "p-txn", "value": "1"}' >"$tmp/txn"
		run kvsync --store "$store" txn -f "$tmp/txn"
		status_is 2 'no transaction'
		run kvsync --store "$store" in -k file -f "$tmp/file"
		status_is 2 'no file goes in'
		run kvsync --store "$store" stop -k file -r why
		status_is 2 'no stop'
		run kvsync --store "$store" --timeout 5s watch p
		status_is 2 'no watch'
	done
	api GET '/v1/kv/?keys' >"$tmp/keys" || bail 'no keys'
	is "$(tr -d ' \n' <"$tmp/keys")" '["p"]' 'nothing was written anywhere'
	run kvsync --store "consul://127.0.0.1:$server_port" get p
	out_is 1 'the value is as it was'
}

# exposed WARNED ENDPOINT OPTION...: is a secret on its way there warned of?
exposed() {
	exposed_to=$2 exposed_warned=$1
	shift 2
	run kvsync --backend consul --endpoint "$exposed_to" --timeout 200ms "$@" get p
	is "$(grep -c 'warning: the token or password goes to .* without TLS: others may read it' "$err")" \
		"$exposed_warned" "a warning of $exposed_to with $*: $exposed_warned"
}

# The address is nobody's.
secrets() {
	(umask 077 && echo secret >"$tmp/secret")
	exposed 1 http://192.0.2.1:8500 --token-file "$tmp/secret"
	exposed 1 127.0.0.1:1,192.0.2.1 --user me --password-file "$tmp/secret"
	CONSUL_HTTP_TOKEN=secret exposed 1 localhost.example:1
	exposed 0 http://192.0.2.1:8500
	exposed 0 https://192.0.2.1:8501 --token-file "$tmp/secret"
	for local in 127.0.0.1:1 127.1.2.3:1 localhost:1 '[::1]:1' unix:///none; do
		exposed 0 "$local" --token-file "$tmp/secret"
	done
	run kvsync --store "consul://192.0.2.1?token-file=$tmp/secret" --timeout 200ms get p
	err_has 'goes to 192.0.2.1:8500 without TLS' 'a file that the URL names counts, too'
}

dns_start() {
	: >"$tmp/records"
	start dns "$srcdir/tests/lib/dns" "$tmp/dns.port" "$tmp/dns.log" "$tmp/records"
	wait_for 10 test -s "$tmp/dns.port" || bail 'no name server'
	KVS_DNS_SERVER=127.0.0.1:$(cat "$tmp/dns.port")
	export KVS_DNS_SERVER
}

by_record() {
	store='consul:?srv=_consul._tcp.test&operation-timeout=3s'
	proxy_start "mute_$age" "$server_port"
	proxy_do "mute_$age" mute
	proxy_start "live_$age" "$server_port"
	free_port
	eval "live_port=\$live_${age}_port mute_port=\$mute_${age}_port"
	# shellcheck disable=SC2154
	printf '%s\n' "30 0 $live_port localhost" "10 5 $free_port localhost" "20 1 $mute_port localhost" \
		>"$tmp/records"
	run kvsync --store "$store" --timeout 1s put r/a 1
	status_is 12 'a put that a mute server got is not sent to the next one'
	run kvsync --store "$store" --timeout 10s get p
	out_is 1 'one server of three is dead, one mute: the third answers within the deadline'
	file_has "$tmp/dns.log" _consul._tcp.test 'the record was asked for'
	run kvsync --store "$store&namespace=team" --timeout 10s put p 2
	status_is 2 'servers of a record are asked for a namespace, too'
	echo "1 1 $live_port localhost" >"$tmp/records"
	start w kvsync --store "$store" watch r/b
	wait_for 10 grep -q sync "$tmp/.run/w.out"
	echo "1 1 $server_port localhost" >"$tmp/records"
	proxy_do "live_$age" refuse
	proxy_do "live_$age" drop
	kvsync --store "consul://127.0.0.1:$server_port" put r/b 1
	succeeds 'a watch whose server is gone asks the record again' \
		wait_for 30 grep -q 'put.*r/b.*1' "$tmp/.run/w.out"
	stop_started w TERM
	: >"$tmp/records"
	run kvsync --store "$store" --timeout 300ms get p
	status_is 3 'no such record'
	err_has _consul._tcp.test 'it is named'
}

slow() {
	head -c 200000 /dev/zero | tr '\0' x >"$tmp/big"
	run kvsync --store "consul://127.0.0.1:$server_port" put -f "$tmp/big" big
	status_is 0 'a value of 200 KB'
	proxy_start "snail_$age" "$server_port"
	proxy_do "snail_$age" slow 1000
	eval "snail_port=\$snail_${age}_port"
	# shellcheck disable=SC2154
	run kvsync --store "consul://127.0.0.1:$snail_port" --timeout 500ms get big
	status_is 3 'an answer that trickles in is not waited for beyond the deadline'
	err_has "127.0.0.1:$snail_port" 'the server is named'
	err_has 'get of big' 'and the key'
}

secrets
dns_start
for age in $(consul_ages); do
	unix_socket
	consul_start server "$age"
	places
	rooms
	by_record
	slow
	server_stop server
	rm -rf "$tmp/server"
done
done_testing
