#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# etcd on loopback: a run with nothing to do, keys a second, and a change told to 1200 watches.  Called by
# bench/run.
set -eu
. "$source/bench/lib.sh"
missed=0
servers=$("$source/tests/servers/get" --cached etcd-old 2>/dev/null) || servers=
[ -z "$servers" ] || PATH=$servers:$PATH
for program in etcd etcdctl curl python3; do
	command -v "$program" >/dev/null || {
		echo "etcd: left out: $program is not installed"
		echo 'missed 0' >>"$work/missed"
		exit 0
	}
done

read -r port peer < <(python3 -c '
import socket
held = [socket.socket() for _ in range(2)]
for s in held:
    s.bind(("127.0.0.1", 0))
print(*[s.getsockname()[1] for s in held])')
data=$(mktemp -d /dev/shm/kvsync-bench.XXXXXX 2>/dev/null || mktemp -d "$work/etcd.XXXXXX")
etcd --name bench --data-dir "$data" --listen-client-urls "http://127.0.0.1:$port" \
	--advertise-client-urls "http://127.0.0.1:$port" --listen-peer-urls "http://127.0.0.1:$peer" \
	--initial-advertise-peer-urls "http://127.0.0.1:$peer" \
	--initial-cluster "bench=http://127.0.0.1:$peer" >"$work/etcd.log" 2>&1 &
server=$!
trap 'kill "$server"; wait "$server" 2>/dev/null; rm -rf "$data"' EXIT
for _ in $(seq 200); do
	curl -s "http://127.0.0.1:$port/health" | grep -q true && break
	sleep 0.05
done

store=etcd://127.0.0.1:$port
kvsync=$work/inst/bin/kvsync
export ETCDCTL_API=3
awk 'BEGIN { for (i = 0; i < 600; i++) printf "10.1.%d.%d node-%d.example\n", i / 250, i % 250, i }' \
	>"$work/hosts"
out=(out -k hosts -f "$work/hosts.etcd" --state-dir "$work/state")
"$kvsync" --store "$store" in -k hosts -f "$work/hosts" >/dev/null
"$kvsync" --store "$store" "${out[@]}" >/dev/null

echo "etcd: kvsync out with nothing to do (600 lines), beside etcdctl get of the same key"
measure \
	'etcdctl get' etcdctl --endpoints "127.0.0.1:$port" get kvexpress/hosts/data -- \
	'kvsync out' "$kvsync" --store "$store" "${out[@]}" -- \
	'kvsync out, module alone' KVS_LIBEXEC_DIR=/nonexistent "$kvsync" --store "$store" "${out[@]}" -- \
	'floor (linked, does nothing)' "$work/inst/floor"
if [ -x "$work/inst/libexec/kvsync/kvsync-etcd" ]; then
	at_most 'out / etcdctl get' "$(ratio 'kvsync out' 'etcdctl get')" 0.55
	at_most 'peak MiB' "$(peak 'kvsync out')" 14
fi
at_most 'out with the module alone / etcdctl get' "$(ratio 'kvsync out, module alone' 'etcdctl get')" 1.1

echo "etcd: 10000 keys of 100 bytes, on $(stat -f -c %T "$data")"
"$work/inst/keys" "$store" >"$work/keys"
awk '{ printf "  %-34s %9d keys/s\n", $1, $2 }' "$work/keys"
at_least 'keys/s by transactions' "$(awk '$1 == "txn" { print $2 }' "$work/keys")" 50000
at_least 'transactions / puts' "$(awk '$1 == "txn" { t = $2 } $1 == "put" { printf "%.1f", t / $2 }' "$work/keys")" 3

echo 'etcd: a change told to 1200 watches of one key in one process'
bare='bare gRPC, 12 streams of 100'
tell_all() {
	told kvsync "$work/inst/watches" "$store" && told "$bare" "$work/inst/bare_streams" "127.0.0.1:$port"
}
told_in_turn tell_all "$bare"
at_most 'all told / bare' "$told_ratio" 1.5
echo "missed $missed" >>"$work/missed"
