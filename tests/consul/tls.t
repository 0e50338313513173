#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# TLS to a real Consul: verification, client certificates, names, and what is refused.
# shellcheck source=tests/lib/cli.sh
. "${0%/*}/../lib/cli.sh"
# shellcheck source=tests/lib/servers.sh
. "$srcdir/tests/lib/servers.sh"
# shellcheck source=tests/consul/consul.sh
. "$srcdir/tests/consul/consul.sh"

# at NAME WORD...: the tool on an https endpoint of that name.
at() {
	at_name=$1
	shift
	run kvsync --backend consul --endpoint "https://$at_name:$server_port" --timeout 2s "$@"
}

# With TLS 1.3 the refusal may cross the request.  What is certain not to have been read is no matter of
# doubt; what was on its way may be.
refused_often() {
	: >"$tmp/statuses"
	for _ in $(seq 40); do
		at 127.0.0.1 --timeout 10s --ca-file "$ca" put a 2
		echo "$status" >>"$tmp/statuses"
		cat "$err" >>"$tmp/refusals"
	done
	diag "40 puts without a certificate (count, status): $(sort "$tmp/statuses" | uniq -c | tr -s ' \n' ' ')"
	is "$(grep -cvE '^(3|4|12)$' "$tmp/statuses")" 0 'each is refused'
	succeeds 'nearly all are known to be' test "$(grep -c '^12$' "$tmp/statuses")" -le 15
	refuses 'no message is about the inside of curl' grep -q getpeername "$tmp/refusals"
}

scenario() {
	ca=$tmp/tls/ca.pem cert=$tmp/tls/client.pem key=$tmp/tls/client.key
	at 127.0.0.1 --ca-file "$ca" --cert-file "$cert" --key-file "$key" put a 1
	status_is 0 'a client certificate'
	at localhost --ca-file "$ca" --cert-file "$cert" --key-file "$key" get a
	out_is 1 'a name of the certificate'
	at 127.0.0.1 --ca-file "$ca" --cert-file "$cert" --key-file "$key" \
		--tls-server-name server.dc1.consul get a
	out_is 1 'another name that is wanted of the certificate'
	at 127.0.0.1 --ca-file "$ca" --cert-file "$cert" --key-file "$key" \
		--tls-server-name other.example get a
	status_is 2 'a name that the certificate has not'
	err_has 'other.example' 'it is named'
	run kvsync --backend consul --endpoint "127.0.0.1:$server_port" --ca-file "$ca" \
		--cert-file "$cert" --key-file "$key" get a
	out_is 1 'TLS without a scheme, since there are certificates'
	at 127.0.0.1 --ca-file "$ca" get a
	status_is 4 'no client certificate'
	err_has 'does not accept our certificate' 'and the message says so'
	at 127.0.0.1 --ca-file "$ca" put a 2
	refuses 'nothing is written without one' test "$status" -eq 0
	at 127.0.0.1 --ca-file "$ca" --cert-file "$tmp/tls/other.pem" --key-file "$tmp/tls/other.key" \
		put a 2
	refuses 'nor with one of another authority' test "$status" -eq 0
	refused_often
	began=$(now_ms)
	at 127.0.0.1 --timeout 60s --ca-file "$tmp/tls/other-ca.pem" --cert-file "$cert" --key-file "$key" \
		put a 3
	status_is 2 'a server of another authority is not written to'
	succeeds 'which is found at once' test $(($(now_ms) - began)) -lt 20000
	err_has "server's certificate is not accepted" 'and the message says why'
	at 127.0.0.1 --timeout 60s --ca-file "$tmp/tls/other-ca.pem" --cert-file "$cert" --key-file "$key" \
		watch a
	status_is 2 'nor is it watched'
	at 127.0.0.1 --cert-file "$cert" --key-file "$key" get a
	status_is 2 'nor is one that the system does not know'
	at 127.0.0.1 --insecure-skip-tls-verify --cert-file "$cert" --key-file "$key" get a
	out_is 1 'unless that is wanted'
	at 127.0.0.1 --ca-file "$tmp/none.pem" --cert-file "$cert" --key-file "$key" get a
	status_is 2 'an authority file that is not there'
	run kvsync --backend consul --endpoint "http://127.0.0.1:$server_port" --timeout 2s get a
	refuses 'plain HTTP to a TLS port' test "$status" -eq 0
}

expired() {
	cp "$tmp/tls/expired.pem" "$tmp/tls/server.pem"
	cp "$tmp/tls/expired.key" "$tmp/tls/server.key"
	server_stop server
	start server "$server_bin/consul" agent -config-file "$tmp/server/config.json"
	wait_for 20 sh -c "curl -sk -m 2 '$server_url/v1/status/leader' | grep -q '[0-9]:[0-9]'"
	at 127.0.0.1 --ca-file "$tmp/tls/ca.pem" get a
	status_is 2 'a certificate that is over'
	err_has 'expired' 'and the message says so'
}

for age in $(consul_ages); do
	consul_start server "$age" --mtls
	scenario
	server_stop server
	rm -rf "$tmp/server" "$tmp/tls"
	consul_start server "$age" --tls
	expired
	server_stop server
	rm -rf "$tmp/server" "$tmp/tls"
done
done_testing
