#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# More keys and prefixes watched through one store than it has connections for: nothing is missed,
# and what access rules hide is not told deleted.
# shellcheck disable=SC2317 # functions that wait_for runs
# shellcheck source=tests/lib/cli.sh
. "${0%/*}/../lib/cli.sh"
# shellcheck source=tests/lib/servers.sh
. "$srcdir/tests/lib/servers.sh"
# shellcheck source=tests/consul/consul.sh
. "$srcdir/tests/consul/consul.sh"

# begin JSON [OPTION...]: a server with that configuration, too.
begin() {
	mkdir -p "$tmp/server.d"
	echo "$1" >"$tmp/server.d/with.json"
	shift
	consul_start server "$age" "$@"
}

# watch_many NAME FILE [TOKEN-FILE]
watch_many() {
	many_name=$1 many_file=$2
	shift 2
	start "$many_name" sh -c 'exec "$0" "$@" <"$many_file"' "$builddir/tests/consul/many" \
		"${many_url:-consul://127.0.0.1:$server_port}" "$@"
	wait_for 60 grep -q '^ready' "$tmp/.run/$many_name.out" || fail 'all watches begin'
}
export many_file=

# put_all FORMAT FIRST LAST VALUE: in transactions of 64.
put_all() {
	seq -f "{\"KV\":{\"Verb\":\"set\",\"Key\":\"$1\",\"Value\":\"$(printf %s "$4" | base64)\"}}" \
		"$2" "$3" >"$tmp/ops"
	split -l 64 "$tmp/ops" "$tmp/ops."
	for part in "$tmp"/ops.*; do
		{ printf '[' && paste -sd, "$part" && printf ']'; } >"$tmp/txn"
		wait_for 20 put_txn || bail 'the puts are refused'
		rm "$part"
	done
}

# A server that has no room for a moment is asked again.
put_txn() {
	api PUT /v1/txn -o /dev/null -d "@$tmp/txn"
}

# The watches of NAME whose last word of their own key is not VALUE.
lagging() {
	awk -F '\t' -v value="$2" '$1 == "put" && $2 == $3 { last[$2] = $4 }
		$1 == "delete" && $2 == $3 { last[$2] = "" }
		END { for (k in last) n += last[k] != value; print n + 0, length(last) }' "$tmp/.run/$1.out"
}

told_all() {
	[ "$(lagging "$1" "$2")" = "0 $3" ]
}

connections() {
	eval "many_pid=\$$1_pid"
	find "/proc/$many_pid/fd" -lname 'socket:*' 2>/dev/null | wc -l
}

few_connections() {
	[ "$(connections w)" -le "$1" ]
}

crowd() {
	begin '{}'
	{
		seq -f 'key w/%04g/checksum' 1000
		echo 'prefix w/00'
		echo 'prefix other/'
	} >"$tmp/items"
	put_all w/%04g/checksum 1 1000 first
	watch_many w "$tmp/items"
	succeeds 'the first state of 1000 keys is told' wait_for 30 told_all w first 1000
	succeeds 'over few connections' few_connections 66
	put_all w/%04g/checksum 1 1000 second
	succeeds 'changes of all of them, too' wait_for 60 told_all w second 1000
	api GET /v1/snapshot -o "$tmp/snapshot" || bail 'no snapshot'
	put_all w/%04g/checksum 1 1000 third
	succeeds 'and again' wait_for 60 told_all w third 1000
	api PUT /v1/snapshot --data-binary "@$tmp/snapshot" >/dev/null || bail 'no restore'
	succeeds 'an older state that was restored' wait_for 60 told_all w second 1000
	kvsync --store "consul://127.0.0.1:$server_port" put w/0500/checksum fourth
	succeeds 'one alone' wait_for 20 grep -q 'put.w/0500/checksum.w/0500/checksum.fourth' "$tmp/.run/w.out"
	kvsync --store "consul://127.0.0.1:$server_port" del w/0500/checksum
	succeeds 'its deletion' wait_for 20 grep -q 'delete.w/0500/checksum' "$tmp/.run/w.out"
	kvsync --store "consul://127.0.0.1:$server_port" put other/a 1
	succeeds 'and what lies under prefixes' wait_for 20 grep -q 'put.other/.other/a.1' "$tmp/.run/w.out"
	succeeds 'what two want is told to both' \
		grep -q 'put.w/00.w/0099/checksum.third' "$tmp/.run/w.out"
	refuses 'without trouble' grep -q '^trouble\|^done' "$tmp/.run/w.out"
	stop_started w TERM
	server_stop server
	rm -rf "$tmp/server"
}

# Where TLS negotiates HTTP/2, queries need no connection each.
secured() {
	rm -rf "$tmp/server.d"
	consul_start server "$age" --tls
	seq -f 'key w/%03g' 40 >"$tmp/items"
	many_url="consul+https://127.0.0.1:$server_port?ca-file=$tmp/tls/ca.pem"
	watch_many w "$tmp/items"
	succeeds 'with TLS 40 watches need few connections' few_connections 4
	run kvsync --store "$many_url" put w/007 first
	succeeds 'and are told' wait_for 20 grep -q 'put.w/007.w/007.first' "$tmp/.run/w.out"
	many_url=
	stop_started w TERM
	server_stop server
	rm -rf "$tmp/server" "$tmp/tls"
}

# A server with room for fewer connections than we like.
crowded() {
	begin '{"limits": {"http_max_conns_per_client": 40}}'
	seq -f 'key w/%03g' 150 >"$tmp/items"
	put_all w/%03g 1 150 first
	watch_many w "$tmp/items"
	succeeds 'a server of 40 connections: 150 keys are told' wait_for 30 told_all w first 150
	succeeds 'over fewer' few_connections 39
	succeeds 'there is room for others, soon' wait_for 20 room
	put_all w/%03g 1 150 second
	succeeds 'and no change is lost' wait_for 30 told_all w second 150
	server_restart server
	put_all w/%03g 1 150 third
	succeeds 'nor when it was restarted' wait_for 60 told_all w third 150
	refuses 'no watch ends' grep -q '^done' "$tmp/.run/w.out"
	stop_started w TERM
	server_restart server # it still holds what was given up
	# more than there is room for: some may come while a connection of the test's own still counts
	for n in $(seq 60); do
		start "hog$n" curl -s -m 60 "$server_url/v1/kv/hog?index=1000000&wait=60s"
	done
	wait_for 10 no_room || fail 'the server is full'
	run kvsync --store "consul://127.0.0.1:$server_port" --timeout 1s get w/001
	status_is 3 'a server that is full is not reached'
	succeeds 'and the message says why' grep -q 'http_max_conns_per_client\|too many concurrent' "$err"
	for n in $(seq 60); do
		stop_started "hog$n" KILL
	done
	server_stop server
	rm -rf "$tmp/server"
}

room() {
	curl -sf -m 2 "$server_url/v1/status/leader" >/dev/null
}

no_room() {
	! room
}

# Rules that allow keys and not the names under what they have in common, and that change.
hidden() {
	token=0a0a0a0a-1111-2222-3333-444444444444
	begin "$1" --acl
	wait_for 20 api GET /v1/acl/token/self -o /dev/null
	acl_policy app 'key_prefix "app/" { policy = "read" } key "app/denied" { policy = "deny" }'
	acl_token "$token" app
	(umask 077 && echo "$token" >"$tmp/token")
	{
		seq -f 'key app/%03g' 100
		echo 'key app/denied'
	} >"$tmp/items"
	put_all app/%03g 1 100 first
	watch_many w "$tmp/items" "$tmp/token"
	succeeds "$2: what may be read is told" wait_for 30 told_all w first 100
	file_has "$tmp/.run/w.out" 'done	app/denied	DENIED' 'what may not is denied, by itself'
	put_all app/%03g 1 100 second
	succeeds 'changes are told' wait_for 30 told_all w second 100
	acl_change app 'key_prefix "app/" { policy = "read" } key "app/050" { policy = "deny" }'
	wait_for 10 is_hidden
	put_all app/%03g 1 49 third
	put_all app/%03g 51 100 third
	api PUT /v1/kv/app/050 -d third >/dev/null
	succeeds 'a key that rules hide now is denied, too' \
		wait_for 30 grep -q 'done.app/050.DENIED' "$tmp/.run/w.out"
	succeeds 'the others go on' wait_for 30 told_but_one
	refuses 'nothing is told deleted' grep -q '^delete' "$tmp/.run/w.out"
	is "$(grep -c '^done' "$tmp/.run/w.out")" 2 'and no other watch ends'
	stop_started w TERM
	server_stop server
	rm -rf "$tmp/server"
}

is_hidden() {
	curl -s -m 2 -H "X-Consul-Token: $token" "$server_url/v1/kv/app/050" | grep -q 'Permission denied'
}

told_but_one() {
	[ "$(lagging w third)" = '1 100' ]
}

for age in $(consul_ages); do
	crowd
	crowded
	secured
	# each once, unless there is time
	[ "$age" = new ] && [ -z "${KVS_LONG:-}" ] || hidden '{}' 'names in part'
	[ "$age" = old ] && [ -z "${KVS_LONG:-}" ] ||
		hidden '{"acl": {"enable_key_list_policy": true}}' 'names that may not be listed'
done
done_testing
