#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Started as kvexpress, on a real Consul that asks for tokens.
# shellcheck source=tests/lib/cli.sh
. "${0%/*}/../../lib/cli.sh"
# shellcheck source=tests/lib/servers.sh
. "$srcdir/tests/lib/servers.sh"
# shellcheck source=tests/consul/consul.sh
. "$srcdir/tests/consul/consul.sh"
consul_start c "${KVS_CONSUL_AGE:-old}" --acl

store_kind=consul
server_url=$c_url
server=127.0.0.1:$c_port

# As people call it: every option of the old tool means what it meant.
kx() {
	# shellcheck disable=SC2086 # a list of words
	run $kx_program "$@" -s "$server" --token "$server_token"
}

# stored KEY; store KEY FILE [FLAGS]; erase KEY; everything; flags_of KEY: what another program does with the store
stored() {
	api GET "/v1/kv/$1?raw" --path-as-is
}

store() {
	api PUT "/v1/kv/$1${3:+?flags=$3}" --path-as-is --data-binary @"$2" >/dev/null
}

erase() {
	api DELETE "/v1/kv/$1" --path-as-is >/dev/null
}

flags_of() {
	api GET "/v1/kv/$1" | sed -n 's/.*"Flags": *\([0-9]*\).*/\1/p'
}

everything() {
	api GET '/v1/kv/?keys' | tr ',' '\n' | tr -d '[]" '
}

# shellcheck source=tests/peers/kvexpress/cases.sh
. "$srcdir/tests/peers/kvexpress/cases.sh"

# ---- flags ----

kx in -k plain -f hosts
is "$(flags_of kvexpress/plain/data)" 0 'plain: flags 0'
kx in -k packed -f hosts -z
is "$(flags_of kvexpress/packed/data)" 1 'brotli: flags 1'
is "$(flags_of kvexpress/packed/checksum)" 0 'a checksum has none'

# ---- one change ----

index_of() {
	api GET "/v1/kv/kvexpress/$1" | sed -n 's/.*"ModifyIndex": *\([0-9]*\).*/\1/p'
}

is "$(index_of packed/data)" "$(index_of packed/checksum)" 'defect 3: data and checksum change at once'

# ---- tokens ----

direct() {
	run kvexpress in -k token -f hosts -s "$server" "$@"
}

export KVSYNC_CONFIG=$tmp/kvsync.yaml
echo 'timeout: 2s' >kvsync.yaml
direct
status_is 1 'anonymous, as without a token, is denied'
err_has 'kvexpress: in: ' 'with words'
began=$(now_ms)
KVSYNC_CONFIG=/dev/null direct
status_is 1 'so it is with all the time that kvexpress takes'
succeeds 'defect 16: but it is not tried again' test $(($(now_ms) - began)) -lt 5000
if command -v python3 >/dev/null; then
	receiver agent udp
	direct -d -D "127.0.0.1:$agent_port"
	is "$(got 2 | head -n 1)" \
		"kvexpress.consul_error:1|c|#key:token,host:$(uname -n),direction:in,location:set" 'and counted'
else
	skip 1 'no python3'
fi
direct -t "$server_token"
status_is 0 'a token of the command line'
CONSUL_HTTP_TOKEN=$server_token direct
status_is 0 'defect 5: CONSUL_HTTP_TOKEN counts'
CONSUL_HTTP_TOKEN=$server_token direct -t wrong
status_is 1 'but the command line more'
printf '%s' "$server_token" >token
CONSUL_HTTP_TOKEN_FILE=$tmp/token direct
status_is 0 'so does a file of it'
printf 'consul_server: %s\ntoken: %s\n' "$server" "$server_token" >good.yaml
printf 'consul_server: 127.0.0.1:1\ntoken: wrong\n' >bad.yaml
run kvexpress in -k token -f hosts -C good.yaml
status_is 0 'server and token from the file of -C'
kx in -k token -f hosts -C bad.yaml
status_is 0 'defect 4: the command line wins over it'
CONSUL_HTTP_TOKEN=wrong run kvexpress in -k token -f hosts -C good.yaml
status_is 0 'it wins over the environment'

# ---- servers ----

run kvexpress in -k server -f hosts -t "$server_token" -s "$c_url"
status_is 0 'defect 28: a server as a URL'
CONSUL_HTTP_ADDR=127.0.0.1:1 KVSYNC_STORE=$c_url kx in -k server -f hosts
status_is 0 '-s wins over all of the environment'
run kvexpress in -k server -f hosts -s "local:$tmp/s.db"
status_is 0 '-s with the URL of another store'
is "$(kvsync --store "local:$tmp/s.db" get kvexpress/server/data)" "$(cat hosts)" 'goes there'
echo 'timeout: 300ms' >kvsync.yaml
echo "before" >untouched
run kvexpress in -k server -f hosts -s 127.0.0.1:1
status_is 1 'defect 1: a Consul that is dead is a failure'
out_has 'Panic: Giving up on Consul. id:nokey location:no_more_retries' 'in the words that people look for'
err_has '127.0.0.1:1' 'and in ours'
refuses 'nothing was remembered as done' test -e dead.last
run kvexpress out -k plain -f untouched -s 127.0.0.1:1
status_is 1 'out says so, too'
is "$(cat untouched)" before 'and leaves the file alone'
run env CONSUL_HTTP_SSL=true kvexpress in -k server -f hosts -s "$server" -t "$server_token"
status_is 1 'CONSUL_HTTP_SSL=true asks a plain server for TLS'

# ---- as a watch of the agent has it ----

# The lines of the cookbook, under the watch command, which does what the agent does with them.
# watched TYPE KEY LINE
watched() {
	start "$1" "$server_bin/consul" watch -http-addr "$server" -token "$server_token" -type key -key "$2" "$3"
}

kx in -k watched -f hosts
common="-o $(id -un) -s $server --token $server_token --verbose"
watched checksums kvexpress/watched/checksum \
	"kvexpress out -k watched -f $tmp/o/watched -l 10 -c 00644 -e 'touch $tmp/handled' -z true $common"
watched raws some/raw "kvexpress raw -k some/raw -f $tmp/o/raw-watched -c 00600 -e 'touch $tmp/raw-handled' -p any $common"
succeeds 'a file that is in the store when the watch begins comes' wait_for 20 cmp -s hosts o/watched
mode_is o/watched 644 'with its mode'
succeeds 'and the command runs' wait_for 10 test -e handled
rm handled
kx in -k watched -f other
succeeds 'each change comes' wait_for 20 cmp -s other o/watched
succeeds 'and the command runs again' wait_for 10 test -e handled
printf raw >value
store some/raw value
succeeds 'a raw key, too' wait_for 20 cmp -s value o/raw-watched
file_has .run/checksums.out "out: location='complete'" 'the handler tells its time'
stop_started checksums TERM
stop_started raws TERM
erase some/raw

# told KEY VALUE-FILE INDEX: the event that the agent gives its handlers
told() {
	printf '{"Key":"%s","CreateIndex":1,"ModifyIndex":%s,"LockIndex":0,"Flags":0,"Value":"%s","Session":""}' \
		"$1" "$3" "$(base64 -w 0 <"$2")"
}

# handle SERVER: a handler gets the file event, as the agent gives it.
handle() {
	# shellcheck disable=SC2016
	run sh -c 'cat event | CONSUL_INDEX=99999 kvexpress out -k watched -f o/watched -c 00644 --verbose -s "$1" -t "$2"' \
		- "$1" "$server_token"
}

# What the event carries is in the file already: nobody is asked.
printf %s "$(hash_of other)" >sum
told kvexpress/watched/checksum sum 99999 >event
handle 127.0.0.1:1
status_is 0 'an event that tells nothing new'
out_has "out: 'o/watched' has the same checksum. Stopping." 'is told'
told kvexpress/watched/checksum value 99999 >event
handle 127.0.0.1:1
status_is 1 'with news, the store is asked'
printf null >event
handle "$server"
status_is 0 'an event of a deleted key'
same_file o/watched other 'takes no file away'

# ---- what one may not see is not absent ----

acl_policy some 'key "kvexpress/hidden/" { policy = "write" } key "kvexpress/hidden/stop" { policy = "deny" }'
acl_token 11111111-1111-1111-1111-111111111111 some
run kvexpress in -k hidden -f hosts -s "$server" -t 11111111-1111-1111-1111-111111111111
status_is 1 'a stop that may not be read is no permission'
is "$(stored kvexpress/hidden/data)" '' 'nothing was written'

done_testing
