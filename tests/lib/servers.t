#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The servers that other scenarios rely on: they start, answer, die, come back, and keep out.
# shellcheck source=tests/lib/cli.sh
. "${0%/*}/../lib/cli.sh"
# shellcheck source=tests/lib/servers.sh
. "$srcdir/tests/lib/servers.sh"
need curl

plain() {
	curl -s -m 5 -o "$tmp/body" -w '%{http_code}' "$@"
}

etcd_round() {
	etcd_start "e$1" "$1"
	eval "endpoint=\$e$1_url"
	run etcdctl_of "e$1" put k v
	status_is 0 "etcd $1: a key is put"
	run etcdctl_of "e$1" get k --print-value-only
	out_is 'v\n' "etcd $1: and got"
	server_kill "e$1"
	refuses "etcd $1: killed, it answers no more" etcd_is_ready "e$1"
	server_restart "e$1"
	is "$(curl -s -m 5 -o "$tmp/body" -w '%{http_code}' "${endpoint:?}/health")" 200 \
		"etcd $1: restarted on its port"
	run etcdctl_of "e$1" get k --print-value-only
	out_is 'v\n' "etcd $1: with its data"
	server_freeze "e$1"
	refuses "etcd $1: frozen, it does not answer" etcd_is_ready "e$1"
	server_thaw "e$1"
	succeeds "etcd $1: thawed, it does" wait_for 20 etcd_is_ready "e$1"
	server_stop "e$1"

	etcd_start "a$1" "$1" --auth
	run etcdctl_of "a$1" put k v
	refuses "etcd $1: with auth, nobody gets in without a name" test "$status" -eq 0
	run etcdctl_of "a$1" --user root:rootpw put k v
	status_is 0 "etcd $1: root does"
	server_stop "a$1"
}

consul_round() {
	consul_start "c$1" "$1"
	eval "url=\$c$1_url"
	is "$(plain -X PUT -d v "$url/v1/kv/k")" 200 "consul $1: a key is put"
	is "$(plain "$url/v1/kv/k?raw")$(cat "$tmp/body")" 200v "consul $1: and got"
	server_kill "c$1"
	refuses "consul $1: killed, it answers no more" consul_is_ready "c$1"
	server_restart "c$1"
	is "$(plain "$url/v1/kv/k?raw")$(cat "$tmp/body")" 200v "consul $1: restarted with its data"
	server_stop "c$1"

	consul_start "s$1" "$1" --acl
	eval "url=\$s$1_url"
	is "$(plain -X PUT -d v "$url/v1/kv/k")" 403 "consul $1: with ACLs, nobody writes"
	succeeds "consul $1: but the management token does" wait_for 20 consul_writes "$url"
	server_stop "s$1"
}

# shellcheck disable=SC2317 # called through wait_for
consul_writes() {
	[ "$(plain -X PUT -d v -H "X-Consul-Token: $server_token" "$1/v1/kv/k")" = 200 ]
}

etcd_round old
consul_round old
for name in etcd consul; do
	if "$srcdir/tests/servers/get" --cached $name-new >/dev/null 2>&1; then
		${name}_round new
	else
		skip 1 "the newest $name is not in the cache: tests/servers/get $name-new"
	fi
done

# TLS: who is let in, and whom one may trust
etcd_start t old --mtls
url=${t_url:?}
tls=$tmp/tls
is "$(plain --cacert "$tls/ca.pem" --cert "$tls/client.pem" --key "$tls/client.key" "$url/health")" 200 \
	'TLS: a client with its certificate'
is "$(plain --cacert "$tls/ca.pem" "$url/health")" 000 'TLS: one without is refused'
is "$(plain --cacert "$tls/ca.pem" --cert "$tls/other.pem" --key "$tls/other.key" "$url/health")" 000 \
	'TLS: so is one of another authority'
is "$(plain --cacert "$tls/other-ca.pem" "$url/health")" 000 'TLS: a stranger is not trusted'
refuses 'TLS: the expired certificate has expired' openssl x509 -in "$tls/expired.pem" -checkend 0 -noout
server_stop t
consul_start u old --tls
is "$(plain --cacert "$tls/ca.pem" "${u_url:?}/v1/status/leader")" 200 'TLS: consul'
server_stop u

etcd_cluster m old
run etcdctl_of m1 put k v
server_kill m3
run etcdctl_of m2 get k --print-value-only
out_is 'v\n' 'a cluster of etcd serves with two of three'
server_kill m1
consul_cluster n old
is "$(plain -X PUT -d v "${n1_url:?}/v1/kv/k")" 200 'a cluster of consul takes a key'
is "$(plain "${n2_url:?}/v1/kv/k?raw&consistent")$(cat "$tmp/body")" 200v 'and serves it elsewhere'
done_testing
