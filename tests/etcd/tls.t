#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# TLS to a real etcd: who verifies whom, and what it says when that fails.
# shellcheck source=tests/lib/cli.sh
. "${0%/*}/../lib/cli.sh"
# shellcheck source=tests/lib/servers.sh
. "$srcdir/tests/lib/servers.sh"
need openssl

# ca NAME
ca() {
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 \
		-subj "/CN=$1" -keyout "$1.key" -out "$1.pem" 2>/dev/null
}

# cert NAME CA SUBJECT-ALT-NAME [OPTION...]
cert() {
	cert_name=$1 cert_ca=$2
	printf 'subjectAltName=%s\n' "$3" >"$1.ext"
	shift 3
	openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj "/CN=$cert_name" \
		-keyout "$cert_name.key" -out "$cert_name.csr" 2>/dev/null
	openssl x509 -req -in "$cert_name.csr" -CA "$cert_ca.pem" -CAkey "$cert_ca.key" \
		-CAcreateserial -extfile "$cert_name.ext" -out "$cert_name.pem" "$@" 2>/dev/null
}

ca ca
ca other
cert server ca 'IP:127.0.0.1,DNS:localhost' -days 2
cert elsewhere ca 'DNS:etcd.example.org' -days 2
cert expired ca 'IP:127.0.0.1' -days -1
cert node ca 'DNS:node' -days 2
cert stranger other 'DNS:stranger' -days 2

server_curl='--cacert ca.pem'
etcd_start e "${KVS_ETCD_AGE:-old}" --cert-file server.pem --key-file server.key
store=etcd+tls://127.0.0.1:$e_port

run kvsync put k v --store "$store" --ca-file ca.pem
status_is 0 'a server that the CA vouches for'
run kvsync get k --store "etcd://localhost:$e_port?ca-file=ca.pem"
out_is v 'a CA file alone asks for TLS; a name instead of an address'
# what cannot get better fails at once, long before its time is over
rejects() {
	rejects_name=$1
	shift
	began=$(now_ms)
	run "$@" --timeout 60s
	status_is 3 "$rejects_name"
	succeeds 'that is certain at once' test $(($(now_ms) - began)) -lt 30000
}
rejects 'a server of another CA' kvsync get k --store "$store" --ca-file other.pem
err_has 'certificate verify failed; it has expired, or no authority in ca-file' 'the message says why'
rejects 'nothing is written to it' kvsync put k v --store "$store" --ca-file other.pem
run kvsync get k --ca-file ca.pem --timeout 60s \
	--store "etcd+tls://127.0.0.1:1,127.0.0.1:1,localhost:$e_port"
out_is v 'of several members one that answers, by its own name'
for name in http_proxy https_proxy grpc_proxy HTTP_PROXY HTTPS_PROXY all_proxy ALL_PROXY; do
	export "$name=http://127.0.0.1:1"
done
run kvsync get k --store "$store" --ca-file ca.pem
out_is v 'no proxy of the environment comes between'
for name in http_proxy https_proxy grpc_proxy HTTP_PROXY HTTPS_PROXY all_proxy ALL_PROXY; do
	unset "$name"
done
run kvsync get k --store "$store" --ca-file other.pem --insecure-skip-tls-verify
out_is v 'unless nobody looks'
run kvsync get k --store "etcd://127.0.0.1:$e_port" --timeout 2s
status_is 3 'no TLS where the server wants it'
err_has 'do both sides speak TLS' 'the message has a guess'
run kvsync get k --store "$store" --ca-file missing.pem
status_is 1 'a CA file that is not there'
err_has 'missing.pem' 'the message names it'
run kvsync get k --store "$store" --ca-file ca.pem --cert-file node.pem
status_is 2 'a certificate without its key'
stop_started e

server_curl=-k
etcd_start x "${KVS_ETCD_AGE:-old}" --cert-file elsewhere.pem --key-file elsewhere.key
store=etcd+tls://127.0.0.1:$x_port
rejects 'a certificate of another name' kvsync put k v --store "$store" --ca-file ca.pem
err_has 'is not in peer certificate; list the member under a name that is' 'the message says so'
rejects 'also of every member' kvsync put k v --ca-file ca.pem \
	--store "etcd+tls://127.0.0.1:$x_port,localhost:$x_port"
run kvsync put k v --store "$store" --ca-file ca.pem --tls-server-name etcd.example.org
status_is 0 'that name is asked for'
stop_started x

etcd_start z "${KVS_ETCD_AGE:-old}" --cert-file expired.pem --key-file expired.key
rejects 'an expired certificate' kvsync put k v --store "etcd+tls://127.0.0.1:$z_port" --ca-file ca.pem
err_has 'certificate verify failed; it has expired' 'the message says why'
# a watch goes on: the server may get a new one
start w kvsync watch k --once --store "etcd+tls://127.0.0.1:$z_port" --ca-file ca.pem
wait_for 20 grep -q 'certificate verify failed' "$tmp/.run/w.err"
cp server.pem expired.pem
cp server.key expired.key
finish w 30
status_is 0 'a watch waits for a server that renews its certificate'
stop_started z

# certificates on both sides
server_curl='--cacert ca.pem --cert node.pem --key node.key'
etcd_start m "${KVS_ETCD_AGE:-old}" --cert-file server.pem --key-file server.key --trusted-ca-file ca.pem --client-cert-auth
store=etcd+tls://127.0.0.1:$m_port
run kvsync put k v --store "$store" --ca-file ca.pem --cert-file node.pem --key-file node.key
status_is 0 'a certificate of our own'
run kvsync put k v --store "$store" --ca-file ca.pem --timeout 2s
status_is 3 'none, where the server wants one'
run kvsync put k v --store "$store" --ca-file ca.pem --cert-file stranger.pem \
	--key-file stranger.key --timeout 2s
status_is 3 'one that the server does not trust'
openssl ec -in node.key -aes256 -passout pass:open -out locked.key 2>/dev/null
printf 'open\n' >locked.pw
printf 'shut\n' >wrong.pw
chmod 600 ./*.pw
run kvsync get k --store "$store" --ca-file ca.pem --cert-file node.pem --key-file locked.key \
	--key-password-file locked.pw
out_is v 'a key that a password locks'
run kvsync get k --store "$store" --ca-file ca.pem --cert-file node.pem --key-file locked.key \
	--key-password-file wrong.pw
status_is 2 'with the wrong password'
run kvsync get k --store "$store" --ca-file ca.pem --cert-file node.pem --key-file locked.key
status_is 2 'without a password'
err_has 'key-password-file' 'the message says what to set'

# a certificate that is renewed while a watch runs
cp stranger.pem live.pem
cp stranger.key live.key
start w kvsync watch k --store "$store" --ca-file ca.pem --cert-file live.pem --key-file live.key
wait_for 10 grep -q . "$tmp/.run/w.err"
cp node.key live.key
cp node.pem live.pem
wait_for 20 grep -q sync "$tmp/.run/w.out"
file_has "$tmp/.run/w.out" sync 'a renewed certificate is used without a restart'
done_testing
