#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# kvsync out as the command of a watch: what it is told spares it the store, or does not help.
# The events are as real agents and etcdctl pass them on; tests/consul/handler.t and tests/etcd/loop.t
# have these.
# shellcheck source=tests/lib/cli.sh
. "${0%/*}/../lib/cli.sh"

# A run that asks the store fails: the module is not there, or (built in) nobody answers.
mkdir empty states
echo "state-dir: $tmp/states" >config.yaml
export KVSYNC_CONFIG="$tmp/config.yaml"
export KVS_MODULE_DIR="$tmp/empty"
consul=consul://127.0.0.1:1 etcd=etcd://127.0.0.1:1

# asked NAME: the last run did so.
asked() {
	case $status in
	3 | 13) pass "$1: the store is asked" ;;
	*) fail "$1: the store is asked" || show_run ;;
	esac
}

printf 'one\ntwo\n' >hosts
sum=$(sha256sum <hosts | cut -c 1-64)
b64() {
	printf %s "$1" | base64 -w 0
}
# entry KEY VALUE [INDEX]: as Consul writes it.
entry() {
	printf '{"Key":"%s","CreateIndex":5,"ModifyIndex":%s,"LockIndex":0,"Flags":0,"Value":"%s","Session":""}' \
		"$1" "${3:-20}" "$(b64 "$2")"
}
# told EVENT [ARGUMENT...]: by Consul's agent.
told() {
	printf '%s\n' "$1" >event
	shift
	piped event "$@"
}
piped() {
	piped_file=$1
	shift
	last_command="kvsync out <$piped_file $*"
	# shellcheck disable=SC2002 # it must be a pipe
	cat "$piped_file" | {
		status=0
		CONSUL_INDEX=20 kvsync out --store "$consul" -k hosts -f hosts "$@" \
			>"$out" 2>"$err" || status=$?
		echo "$status" >.run/status
	}
	status=$(cat .run/status)
}

# ---- Consul ----

key=kvexpress/hosts/checksum
told "$(entry $key "$sum")"
status_is 0 'type key: the file has the checksum that is told'
out_is "hosts: nothing to do, sha256 $(echo "$sum" | cut -c 1-12)\n" 'which is said as always'
err_is '' 'and nothing else'
told "$(entry $key "$sum")" --output json
out_has '"installed":false,"repaired":false,"command_run":false,"checksum":"'"$sum" 'as JSON, too'
told "$(entry $key " $sum ")"
status_is 0 'blanks around it do not matter'
told "[$(entry kvexpress/hosts "$sum"),$(entry kvexpress/a/checksum x),$(entry $key "$sum"),$(entry kvexpress/hosts/stop x)]"
status_is 0 'type keyprefix: it is among others'
told "$(entry $key "$sum")" --prefix /kvexpress
status_is 0 'one leading slash does not count'
for words in '--backend consul' '--endpoint consul://127.0.0.1:1' '--store consul+unix:///none'; do
	# shellcheck disable=SC2086 # words
	run sh -c 'CONSUL_INDEX=20 "$@"' sh kvsync out $words -k hosts -f hosts
	asked "$words: without an event"
	entry $key "$sum" >event
	# shellcheck disable=SC2086 # words
	run sh -c 'cat event | CONSUL_INDEX=20 "$@"' sh kvsync out $words -k hosts -f hosts
	status_is 0 "$words: with one"
done

# goes_on NAME EVENT [ARGUMENT...]: the store is asked.
goes_on() {
	goes_on_name=$1
	shift
	told "$@"
	asked "$goes_on_name"
}
goes_on 'a key that was deleted' null
goes_on 'another checksum' "$(entry $key "$(echo "$sum" | tr '0-9a-f' '1-9a-f0')")"
goes_on 'no checksum' "$(entry $key "")"
goes_on 'a value of null' "{\"Key\":\"$key\",\"ModifyIndex\":20,\"Value\":null}"
goes_on 'a value that is no base64' "{\"Key\":\"$key\",\"ModifyIndex\":20,\"Value\":\"*\"}"
goes_on 'no index' "{\"Key\":\"$key\",\"Value\":\"$(b64 "$sum")\"}"
goes_on 'another key' "$(entry kvexpress/other/checksum "$sum")"
goes_on 'another prefix' "$(entry $key "$sum")" --prefix other
goes_on 'no key at all' "{\"ModifyIndex\":20,\"Value\":\"$(b64 "$sum")\"}"
goes_on 'no keys' '[]'
goes_on 'type event' "[{\"ID\":\"1\",\"Name\":\"deploy\",\"Payload\":\"$(b64 "$sum")\",\"Version\":1,\"LTime\":2}]"
goes_on 'half an event' "$(entry $key "$sum" | head -c 150)"
goes_on 'two events' "$(entry $key "$sum") $(entry $key "$sum")"
goes_on 'what is no event' 'hello'
goes_on 'nothing' ''
goes_on 'a mode that is not right' "$(entry $key "$sum")" --mode 0604
goes_on 'a file that is not there' "$(entry $key "$sum")" -f none
ln -s hosts link
goes_on 'a symbolic link that is not to be followed' "$(entry $key "$sum")" -f link
told "$(entry $key "$sum")" -f link --follow
status_is 0 'one that is'
told null --log-level debug
err_has "what consul's watch tells is of no use here: it does not tell of $key" 'why is logged for debugging'

kvsync keygen signer >/dev/null
goes_on 'signatures that are to be verified' "$(entry $key "$sum")" --verify signer.pub
told "$(entry $key "$sum")" --verify none
status_is 1 'errors are as always'
told "$(entry $key "$sum")" --mode 9
status_is 2 'all of them'
run sh -c 'cat event | CONSUL_INDEX=20 kvsync out -k hosts -f hosts'
status_is 2 'no store'

# what the memory says
state=$(printf %s "$tmp/hosts" | sha256sum | cut -c 1-64)
printf 'v1\nindex=21\nstep=reloaded\n' >"states/$state.state"
goes_on 'an event that is older than what was installed' "$(entry $key "$sum")"
told "$(entry $key "$sum" 21)"
status_is 0 'one that is not'
printf 'v1\nindex=7\nstep=installed\n' >"states/$state.state"
goes_on 'a command that is owed' "$(entry $key "$sum")" -e true
printf 'v1\nindex=7\nstep=reloaded\n' >"states/$state.state"
told "$(entry $key "$sum")" -e "sh -c 'touch ran'"
status_is 0 'and one that is not'
refuses 'does not run' test -e ran

# ---- standard input ----

{
	printf '['
	entry big "$(head -c 1000000 /dev/zero | tr '\0' x)"
	printf ','
	entry $key "$sum"
	printf ']\n'
} >big
piped big
asked 'an event over 1 MiB'
{
	printf '['
	entry big "$(head -c 600000 /dev/zero | tr '\0' x)"
	printf ','
	entry $key "$sum"
	printf ']\n'
} >big
piped big
status_is 0 'one below'

mkfifo fifo
began=$(now_ms)
run sh -c 'exec 3<>fifo; printf "{" >&3; CONSUL_INDEX=1 kvsync out --store "$1" -k hosts -f hosts <&3' sh $consul
asked 'a pipe that nobody closes'
succeeds 'is not waited for long' test $(($(now_ms) - began)) -lt 8000
entry $key "$sum" >event
run sh -c "cat event | (kvsync out --store $consul -k hosts -f hosts 2>errors; cat)"
same_file "$out" event 'without CONSUL_INDEX, standard input is left alone'
run sh -c "CONSUL_INDEX=7 kvsync out --store $consul -k hosts -f hosts <event"
asked 'a file is not what an agent gives'
printf 'a\nb\n' >list
run sh -c "export CONSUL_INDEX=7; cat list | while read -r name; do echo \$name; kvsync out --store $consul -k hosts -f hosts 2>errors; done"
out_is 'a\nb\n' 'nor is what does not look like JSON; it is left where it is'
run sh -c "cat event | CONSUL_INDEX=7 kvsync out --store $etcd -k hosts -f hosts; cat event | (CONSUL_INDEX=7 kvsync out --store $etcd -k hosts -f hosts 2>errors; cat)"
same_file "$out" event 'an event of Consul is nothing to who works on etcd'

# ---- etcdctl ----

# etcdctl_told REVISION TYPE KEY VALUE [ARGUMENT...]: the last three as Go quotes them.
etcdctl_told() {
	etcdctl_env="ETCD_WATCH_REVISION=$1 ETCD_WATCH_EVENT_TYPE=$2 ETCD_WATCH_KEY=$3"
	etcdctl_value=$4
	shift 4
	# shellcheck disable=SC2086 # words
	run env $etcdctl_env "ETCD_WATCH_VALUE=$etcdctl_value" kvsync out --store $etcd \
		-k hosts -f hosts "$@"
}
etcdctl_told 20 '"PUT"' "\"$key\"" "\"$sum\""
status_is 0 'etcdctl: the file has the checksum that is told'
etcdctl_told 20 '"PUT"' "\"kvexpr\\x65ss/hosts/check\\u0073um\"" "\"\\n$sum\\t\""
status_is 0 'escaped as Go does'
etcdctl_told 20 '"PUT"' "\"/$key\"" "\"$sum\"" -p /kvexpress
status_is 0 'a leading slash is part of a key'
etcd_goes_on() {
	etcd_name=$1
	shift
	etcdctl_told "$@"
	asked "etcdctl: $etcd_name"
}
etcd_goes_on 'that slash' 20 '"PUT"' "\"$key\"" "\"$sum\"" -p /kvexpress
etcd_goes_on 'a deletion' 20 '"DELETE"' "\"$key\"" "\"$sum\""
etcd_goes_on 'another key' 20 '"PUT"' "\"x\"" "\"$sum\""
etcd_goes_on 'what is not quoted' 20 PUT $key "$sum"
etcd_goes_on 'a revision that is none' x '"PUT"' "\"$key\"" "\"$sum\""
etcd_goes_on 'a revision of before' 6 '"PUT"' "\"$key\"" "\"$sum\""
etcd_goes_on 'a signature that is asked for' 20 '"PUT"' "\"$key\"" "\"$sum\"" --verify signer.pub
run env ETCD_WATCH_REVISION=20 kvsync out --store $etcd -k hosts -f hosts --log-level debug
asked 'half of the variables'
err_has "what etcd's watch tells is of no use here: ETCD_WATCH_EVENT_TYPE: not a quoted Go string" 'is said'
etcd=$consul
etcd_goes_on 'on Consul' 20 '"PUT"' "\"$key\"" "\"$sum\""

# What is run by us is not run by that watch.
export KVS_MODULE_DIR="$builddir/.libs"
kvsync --store "local:$tmp/s.db" in -k hosts -f hosts --quiet
run env CONSUL_INDEX=1 ETCD_WATCH_REVISION=20 ETCD_WATCH_VALUE=x kvsync --store "local:$tmp/s.db" out -k hosts -f new -e "sh -c 'env >ran'"
status_is 0 'a change'
refuses 'the command does not inherit the event' grep -E '^(ETCD_|CONSUL_)' ran
done_testing
