#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Consul on loopback: a run with nothing to do, the handler of a watch, keys a second, and a change told to
# 1200 watches.  Called by bench/run.
set -eu
. "$source/bench/lib.sh"
missed=0
servers=$("$source/tests/servers/get" --cached consul-old 2>/dev/null) || servers=
[ -z "$servers" ] || PATH=$servers:$PATH
for program in consul curl python3; do
	command -v "$program" >/dev/null || {
		echo "consul: left out: $program is not installed"
		echo 'missed 0' >>"$work/missed"
		exit 0
	}
done

read -r http server_port lan wan < <(python3 -c '
import socket
held = [socket.socket() for _ in range(4)]
for s in held:
    s.bind(("127.0.0.1", 0))
print(*[s.getsockname()[1] for s in held])')
mkdir "$work/consul"
# 1200 bare queries hold 1200 connections
echo '{"limits": {"http_max_conns_per_client": 3000}}' >"$work/consul/limits.json"
consul agent -dev -bind 127.0.0.1 -config-dir "$work/consul" -http-port "$http" -grpc-port -1 -dns-port -1 \
	-server-port "$server_port" -serf-lan-port "$lan" -serf-wan-port "$wan" >"$work/consul.log" 2>&1 &
server=$!
trap 'kill "$server"; wait "$server" 2>/dev/null' EXIT
for _ in $(seq 400); do
	curl -s "http://127.0.0.1:$http/v1/status/leader" | grep -q : && break
	sleep 0.05
done

store=consul://127.0.0.1:$http
keys=http://127.0.0.1:$http/v1/kv
kvsync=$work/inst/bin/kvsync
awk 'BEGIN { for (i = 0; i < 600; i++) printf "10.1.%d.%d node-%d.example\n", i / 250, i % 250, i }' \
	>"$work/hosts"
out=(out -k hosts -f "$work/hosts.consul" --state-dir "$work/state")
"$kvsync" --store "$store" in -k hosts -f "$work/hosts" >/dev/null
"$kvsync" --store "$store" "${out[@]}" >/dev/null
# what an agent hands to the handler of a watch of the checksum
curl -s "$keys/kvexpress/hosts/checksum" | python3 -c '
import json, sys
print(json.dumps(json.load(sys.stdin)[0]))' >"$work/event"
index=$(sed 's/.*"ModifyIndex": \([0-9]*\).*/\1/' "$work/event")

echo "consul: kvsync out with nothing to do (600 lines), beside curl and consul kv get of the same key"
measure \
	'curl' curl -s "$keys/kvexpress/hosts/data" -- \
	'kvsync out' "$kvsync" --store "$store" "${out[@]}" -- \
	'kvsync out, told by a watch' "CONSUL_INDEX=$index" "<$work/event" "$kvsync" --store "$store" "${out[@]}" -- \
	'consul kv get' consul kv get -http-addr "127.0.0.1:$http" kvexpress/hosts/data -- \
	'floor (bare libcurl, three keys)' "$work/inst/bare_http" get "$keys/kvexpress/locks/none" \
	"$keys/kvexpress/hosts/stop" "$keys/kvexpress/hosts/checksum" -- \
	'floor (linked, does nothing)' "$work/inst/floor"
at_most 'out / curl' "$(ratio 'kvsync out' curl)" 1.10
at_least 'consul kv get / out' "$(ratio 'consul kv get' 'kvsync out')" 3.5
at_most 'told by a watch / curl' "$(ratio 'kvsync out, told by a watch' curl)" 0.4
at_most 'peak MiB' "$(peak 'kvsync out')" 13

# Each finds the file that the other left behind, so each of them changes it.
echo 'consul: a changed file of 100 KiB, beside curl, sha256sum and mv'
for n in 1 2; do
	head -c 76800 /dev/urandom | base64 >"$work/changed$n"
	"$kvsync" --store "$store" in -k "changed$n" -f "$work/changed$n" --history-versions 0 >/dev/null
done
cat >"$work/by-hand" <<END
curl -s "$keys/kvexpress/changed2/data?raw" -o "$work/changed.new" && sha256sum "$work/changed.new" &&
	mv "$work/changed.new" "$work/changed"
END
changed=(out -k changed1 -f "$work/changed" --state-dir "$work/state")
measure \
	'curl, sha256sum, mv' sh "$work/by-hand" -- \
	'kvsync out' "$kvsync" --store "$store" "${changed[@]}"
at_most 'changed: out / curl, sha256sum, mv' "$(ratio 'kvsync out' 'curl, sha256sum, mv')" 1.5
cmp -s "$work/changed" "$work/changed1" || { echo 'consul: the file is not the one that was put' >&2; exit 1; }

echo 'consul: 10000 keys of 100 bytes'
"$work/inst/keys" "$store" >"$work/keys"
"$work/inst/bare_http" put "$keys/bench" | sed 's/^put/bare-put/' >>"$work/keys"
awk '{ printf "  %-34s %9d keys/s\n", $1, $2 }' "$work/keys"
at_least 'transactions / bare puts, one after the other' \
	"$(awk '$1 == "txn" { t = $2 } $1 == "bare-put" { printf "%.1f", t / $2 }' "$work/keys")" 3

echo 'consul: a change told to 1200 watches of one key in one process'
curl -s -X PUT -d x "$keys/bench/bare" >/dev/null
bare='bare curl multi, 1200 queries'
tell_all() {
	told kvsync "$work/inst/watches" "$store" && told "$bare" "$work/inst/bare_queries" "$keys/bench/bare"
}
told_in_turn tell_all "$bare"
at_most 'all told / bare' "$told_ratio" 1.5
echo "missed $missed" >>"$work/missed"
