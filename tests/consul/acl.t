#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Access rules of a real Consul: what they hide is never taken for absent.
# shellcheck source=tests/lib/cli.sh
. "${0%/*}/../lib/cli.sh"
# shellcheck source=tests/lib/servers.sh
. "$srcdir/tests/lib/servers.sh"
# shellcheck source=tests/consul/consul.sh
. "$srcdir/tests/consul/consul.sh"

mine=0a0a0a0a-1111-2222-3333-444444444444
other=0b0b0b0b-1111-2222-3333-444444444444

# The tool with a token of its own.
as() {
	(umask 077 && echo "$1" >"$tmp/token")
	shift
	run kvsync --store "consul://127.0.0.1:$server_port" --token-file "$tmp/token" "$@"
}

scenario() {
	seq 20 >"$tmp/hosts"
	acl_policy app 'key_prefix "app/" { policy = "write" } key_prefix "app/secret" { policy = "deny" }'
	acl_policy data 'key "app/hosts/data" { policy = "read" } key "app/hosts/checksum" { policy = "read" }'
	acl_token "$mine" app
	acl_token "$other" data
	as "$server_token" put app/a 1
	as "$server_token" put app/secret/b 2
	as "$server_token" put other/c 3

	as "$mine" get app/a
	status_is 0 'a key that may be read'
	as "$mine" get app/none
	status_is 5 'a key that is not there'
	as "$mine" get app/secret/b
	status_is 4 'a key that rules hide'
	err_has 'app/secret/b' 'it is named'
	refuses 'the token is not' grep -q "$mine" "$err"
	as "$mine" get app/secret/none
	status_is 4 'nor is one told absent that may not be seen'
	as "$mine" put app/secret/b 3
	status_is 4 'a write that rules forbid'
	as deadbeef-0000-0000-0000-000000000000 get app/a
	status_is 4 'a token that nobody knows'

	as "$mine" ls --recursive app/
	status_is 0 'a list that is hidden in part'
	out_has 'app/a' 'tells what may be seen'
	refuses 'and nothing else' grep -q secret "$out"
	err_has 'may hide' 'and says that more may be there'
	as "$mine" ls other/
	err_has 'may hide' 'so does one that is hidden in whole'
	as "$server_token" ls --recursive app/
	out_has 'app/secret/b' 'the management token sees all'
	refuses 'and hears of nothing hidden' grep -q 'may hide' "$err"

	as "$mine" in -p app -k hosts -f "$tmp/hosts"
	status_is 0 'in'
	err_has 'the history of hosts is not kept' 'says that rules forbid its history'
	as "$server_token" put app.kvsync/v1/history/hosts/00000000000000000001 hidden
	as "$mine" history -p app -k hosts
	status_is 4 'which is not told empty'
	as "$mine" out -p app -k hosts -f "$tmp/installed"
	status_is 0 'out'
	succeeds 'the file is there' cmp "$tmp/hosts" "$tmp/installed"
	rm "$tmp/installed"
	as "$other" out -p app -k hosts -f "$tmp/installed"
	status_is 4 'a stop key that may not be read: no install'
	refuses 'nothing is installed' test -e "$tmp/installed"
	as "$server_token" stop -p app -k hosts -r because
	as "$other" out -p app -k hosts -f "$tmp/installed"
	status_is 4 'also when it is set'
	as "$server_token" start -p app -k hosts

	watching
}

# Rules that change under a watch of a prefix.
watching() {
	(umask 077 && echo "$mine" >"$tmp/watch-token")
	start w kvsync --store "consul://127.0.0.1:$server_port?wait=2s" --token-file "$tmp/watch-token" \
		watch --recursive app/
	wait_for 10 grep -q sync "$tmp/.run/w.out"
	as "$server_token" put app/d 4
	wait_for 10 grep -q 'app/d' "$tmp/.run/w.out"
	as "$server_token" del app/a
	wait_for 10 grep -q 'delete.*app/a' "$tmp/.run/w.out"
	pass 'a key that is gone is told deleted'
	acl_change app 'key_prefix "app/" { policy = "write" } key_prefix "app/d" { policy = "deny" }'
	finish w 20
	status_is 4 'a watch from which rules now hide a key ends as denied'
	refuses 'and does not tell it deleted' grep -q 'delete.*app/d' "$tmp/.run/w.out"
	(umask 077 && echo "$other" >"$tmp/watch-token")
	start v kvsync --store "consul://127.0.0.1:$server_port?wait=2s" --token-file "$tmp/watch-token" \
		watch app/hosts/checksum
	wait_for 10 grep -q sync "$tmp/.run/v.out"
	acl_change data 'key "app/hosts/data" { policy = "read" }'
	finish v 20
	status_is 4 'so does a watch of one key'
	refuses 'nor is that told deleted' grep -q delete "$tmp/.run/v.out"
}

for age in $(consul_ages); do
	consul_start server "$age" --acl
	# shellcheck disable=SC2154
	wait_for 20 api GET /v1/acl/token/self -o /dev/null
	scenario
	server_stop server
	rm -rf "$tmp/server"
done
done_testing
