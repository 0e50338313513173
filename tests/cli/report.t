#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# What a run tells others: metrics to a dogstatsd agent and to a text file, events to Datadog.  None of
# that ever makes the work fail, or wait.
# shellcheck source=tests/lib/cli.sh
. "${0%/*}/../lib/cli.sh"
need python3
export KVSYNC_STORE="local:$tmp/s.db"
host=$(uname -n)
seq 1 20 >hosts
sum=$(sha256sum <hosts | cut -c 1-64)

# receiver NAME KIND [ANSWER]: starts one; $NAME_port is its port, NAME.log what it got.
receiver() {
	start "$1" "$srcdir/tests/lib/receiver" "$2" "$tmp/$1.port" "$tmp/$1.log" ${3:+"$3"}
	wait_for 20 test -e "$tmp/$1.port" || bail "the receiver $1 does not start"
	eval "${1}_port=\$(cat '$tmp/$1.port')"
}

# clean LOG: what was got, without the time that it took, once it is COUNT lines.
has_lines() {
	[ "$(wc -l <"$1")" -ge "$2" ]
}
got() {
	wait_for 10 has_lines "$1" "$2"
	sed 's/^\(kvexpress\.time\):[0-9]*/\1:N/' "$1"
	: >"$1"
}

# ---- the log ----

run kvsync --verbose in -k hosts -f hosts
status_is 0 'a run that is logged'
succeeds 'says what was done, with sizes and time' \
	grep -qx 'kvsync: notice: in hosts: complete, 20 lines, 51 bytes, [0-9]* ms' "$err"
run kvsync --log-level notice in -k hosts -f hosts
err_is '' 'nothing to do is less than a notice'
run kvsync --verbose out -k hosts -f "$(printf 't\033\351')"
out_has 't\x1b\xe9: installed' 'the name of a file cannot disturb a terminal'
run kvsync --verbose lock "$tmp/$(printf 't\033\351')" why
err_has "kvsync: notice: lock $tmp/t\\x1b\\xe9: complete" 'nor in the log, as text'
run kvsync --verbose --log-format json unlock "$tmp/$(printf 't\033\351')"
err_has "\"level\":\"notice\",\"message\":\"unlock $tmp/t\\\\x1b\\\\xe9: complete" 'or JSON'
kvsync del kvexpress/ --recursive --yes --quiet

# ---- dogstatsd ----

receiver agent udp
tags="host:$host,direction:in,location"
run kvsync in -k hosts -f hosts --dogstatsd-address "127.0.0.1:$agent_port"
status_is 0 'in, with metrics'
err_is '' 'without a word'
is "$(got agent.log 4)" "kvexpress.in:1|c|#key:hosts,$tags:complete
kvexpress.bytes:51|g|#key:hosts,$tags:complete
kvexpress.lines:20|g|#key:hosts,$tags:complete
kvexpress.time:N|g|#key:hosts,$tags:complete" 'what the agent gets'

cat >kvsync.yaml <<END
dogstatsd: true
dogstatsd-address: localhost:$agent_port
node-name: node7
END
export KVSYNC_CONFIG="$tmp/kvsync.yaml"
tags='host:node7,direction'
run kvsync in -k hosts -f hosts
is "$(got agent.log 1)" "kvexpress.time:N|g|#key:hosts,$tags:in,location:file_checksums_match" \
	'nothing to do; by the configuration, under the name of the node'
run kvsync in -k packed -f hosts --compress
size=$(kvsync get kvexpress/packed/data | wc -c)
wait_for 10 has_lines agent.log 4
file_has agent.log "kvexpress.bytes:$size|g|" 'bytes are those of the value in the store'
: >agent.log
run kvsync copy --from packed --to copied
wait_for 10 has_lines agent.log 3
file_has agent.log "kvexpress.bytes:$size|g|#key:copied,$tags:copy,location:complete" 'copy'
: >agent.log
run kvsync out -k hosts -f target
is "$(got agent.log 4 | head -n 1)" "kvexpress.out:1|c|#key:hosts,$tags:out,location:complete" 'out'
run kvsync out -k hosts -f target --min-lines 50
is "$(got agent.log 1)" "kvexpress.time:N|g|#key:hosts,$tags:out,location:file_checksums_match" 'a file that is there'
run kvsync out -k hosts -f target -c 600
is "$(got agent.log 2)" "kvexpress.out:1|c|#key:hosts,$tags:out,location:complete
kvexpress.time:N|g|#key:hosts,$tags:out,location:complete" 'a file that is put right has no sizes'
rm target
run kvsync out -k hosts -f target --min-lines 50
status_is 7 'too short'
is "$(got agent.log 2 | head -n 1)" "kvexpress.not_long_enough:1|c|#key:hosts,$tags:out,location:not_long_enough" 'is counted'
run kvsync lock "$tmp/target" why
lock="kvexpress/locks/$(printf %s "$tmp/target" | sha256sum | cut -c 1-64)/node7"
is "$(got agent.log 2 | head -n 1)" "kvexpress.lock:1|c|#key:$lock,$tags:lock,location:complete" 'lock'
run kvsync out -k hosts -f "$tmp/target"
status_is 6 'a locked file'
is "$(got agent.log 2 | head -n 1)" "kvexpress.locked:1|c|#key:$tmp/target,$tags:out,location:lock_key" 'is counted'
run kvsync unlock "$tmp/target"
is "$(got agent.log 2 | head -n 1)" "kvexpress.unlock:1|c|#key:$lock,$tags:unlock,location:complete" 'unlock'
kvsync put kvexpress/hosts/data other
run kvsync --timeout 300ms out -k hosts -f target
status_is 8 'a mismatch'
is "$(got agent.log 2 | head -n 1)" "kvexpress.checksum_mismatch:1|c|#key:hosts,$tags:out,location:checksum_mismatch" 'is counted'
run kvsync --store consul://127.0.0.1:1 --timeout 300ms out -k hosts -f target
if [ "$status" -eq 3 ]; then
	got agent.log 3 >lines
	succeeds 'each request that was made again is counted' \
		grep -qx 'kvexpress.consul_reconnect:[1-9][0-9]*|c|#host:node7,direction:out' lines
	file_has lines "kvexpress.panic:1|c|#key:hosts,$tags:out,location:no_more_retries" 'and that the store was not reached'
else
	skip 2 'Consul support is not installed'
	got agent.log 1 >/dev/null
fi
run kvsync in -k 'a,b|c' -f hosts
is "$(got agent.log 4 | head -n 1)" "kvexpress.in:1|c|#key:a_b_c,$tags:in,location:complete" 'a key cannot break out of its tag'
run kvsync in -k "$(printf 'a\n\033d')" -f hosts
is "$(got agent.log 1)" "kvexpress.time:N|g|#key:a__d,$tags:in,location:usage" 'nor one that is refused'
run kvsync get kvexpress/hosts/checksum
run kvsync ls
is "$(cat agent.log)" '' 'commands that carry no file tell nothing'
stop_started agent

receiver agent6 udp v6
run kvsync in -k hosts -f hosts --dogstatsd --dogstatsd-address "[::1]:$agent6_port"
is "$(got agent6.log 4 | head -n 1)" "kvexpress.in:1|c|#key:hosts,$tags:in,location:complete" 'IPv6'
stop_started agent6
unset KVSYNC_CONFIG

# ---- nobody listens ----

echo more >>hosts
run kvsync in -k hosts -f hosts --dogstatsd-address "127.0.0.1:$agent_port"
status_is 0 'without an agent the work is done'
is "$(grep -c . "$err" | tr -d 01)" '' 'with one warning at most'
if ldd "$builddir/.libs/kvsync" | grep -q libtsan; then
	# it does not know of the thread that the C library starts by itself, and crashes in it
	skip 3 'ThreadSanitizer and getaddrinfo_a()'
else
	run kvsync out -k hosts -f target --dogstatsd-address no-such-host.invalid
	status_is 0 'nor does a name that there is not stop it'
	err_has 'kvsync: warning: no metrics to no-such-host.invalid: no-such-host.invalid' 'a warning says so'
	is "$(wc -l <"$err")" 1 'once'
fi

# ---- addresses that are none ----

for address in localhost:0 localhost:65536 localhost:x host:1:2 ::1 '[::1' 'a b' '' 'udp://h:1'; do
	run kvsync in -k new -f hosts --dogstatsd-address "$address"
	status_is 2 "no address: '$address'"
done
err_is "kvsync: in: --dogstatsd-address: 'udp://h:1' is not HOST, HOST:PORT or [IPv6]:PORT\n" 'in words'
run kvsync get kvexpress/new/checksum
status_is 5 'and nothing was done'
printf 'dogstatsd-address: nowhere:port\n' >bad.yaml
run kvsync --config bad.yaml in -k new -f hosts
status_is 2 'neither in the configuration'
err_has "bad.yaml:1:20: \"dogstatsd-address\": 'nowhere:port' is not HOST" 'with its place'
run kvsync get hosts --dogstatsd
status_is 2 'a command that reports nothing refuses the options'
err_is 'kvsync: get: --dogstatsd has no meaning here: the command get reports nothing\n' 'in words'

# ---- a text file ----

mkdir prom
run kvsync in -k hosts -f hosts --textfile prom
status_is 0 'in, with a text file'
is "$(find prom -type f | wc -l)" 1 'there is one file'
file=$(find prom -name 'kvsync-in-hosts-*.prom')
mode_is "$file" 644 'that everybody may read'
labels="command=\"in\",store=\"local:$tmp/s.db\",prefix=\"kvexpress\",key=\"hosts\""
file_has "$file" "kvsync_last_run_success{$labels} 1" 'the result'
file_has "$file" "kvsync_file_lines{$labels} 21" 'lines'
file_has "$file" "kvsync_file_checksum_info{$labels,sha256=\"$(sha256sum <hosts | cut -c 1-64)\"} 1" 'the checksum'
success=$(grep '^kvsync_last_success_timestamp_seconds{' "$file")
kvsync stop hosts 'not now' --textfile prom --quiet
echo >>hosts
run kvsync in -k hosts -f hosts --textfile prom
status_is 6 'a run that fails'
file_has "$file" "kvsync_last_run_success{$labels} 0" 'is told'
file_has "$file" "kvsync_last_run_exit_status{$labels} 6" 'with its status'
file_has "$file" "kvsync_last_run_result_info{$labels,result=\"stop_key\"} 1" 'and its reason'
file_has "$file" "$success" 'the last success stays'
kvsync start hosts --quiet
for key in a/b a_b 'x"y\z'; do
	kvsync in --quiet -k "$key" -f hosts --textfile prom
	kvsync out --quiet -k "$key" -f "target-$(printf %s "$key" | tr / _)" --textfile prom
done
is "$(find prom -name '*.prom' | wc -l)" 8 'each key and command has a file of its own'
cat prom/*.prom | grep -v '^#' | sed 's/ [^ ]*$//' | sort | uniq -d >twice
is "$(cat twice)" '' 'and no series stands in two'
run grep -h 'kvsync_file_lines.*"x' prom/*
out_has 'key="x\"y\\z"' 'labels are escaped'
is "$(find prom ! -name '*.prom' -type f)" '' 'nothing else is left there'
run kvsync in -k hosts -f hosts --textfile "$tmp/nowhere"
status_is 0 'a folder that there is not does not stop the work'
err_has 'warning: no metrics in ' 'a warning says so'

# ---- events ----

[ -e "$builddir/.libs/libkvsfetch.so" ] || {
	skip 1 'this build has no fetch module'
	done_testing
}
receiver api http
cat >events.yaml <<END
datadog-events: true
datadog-host: http://127.0.0.1:$api_port
datadog-api-key-file: $tmp/api.key
datadog-app-key-file: $tmp/app.key
node-name: node7
END
echo secret-api-key >api.key
echo secret-app-key >app.key
export KVSYNC_CONFIG="$tmp/events.yaml"
echo 'password of somebody' >>hosts
sum=$(sha256sum <hosts | cut -c 1-64)
run kvsync --log-level debug in -k hosts -f hosts
status_is 0 'in, with an event'
file_has api.log 'POST /api/v1/events' 'it is posted'
succeeds 'a key in a header' grep -qix 'dd-api-key: secret-api-key' api.log
succeeds 'the other too' grep -qix 'dd-application-key: secret-app-key' api.log
file_has api.log "{\"title\":\"Updated: kvexpress/hosts/data\",\"text\":\"23 lines, $(stat -c %s hosts) bytes, sha256 $sum\",\"alert_type\":\"info\",\"host\":\"node7\",\"tags\":[\"key:kvexpress/hosts/data\",\"host:node7\",\"direction:in\",\"location:complete\",\"kvexpress:success\"]}" 'what it says'
refuses 'nothing of what is in the file' grep -q password api.log
refuses 'no key in the log' grep -q secret "$err"
: >api.log
run kvsync in -k hosts -f hosts
run kvsync out -k hosts -f target
is "$(cat api.log)" '' 'what is no news is no event'
run kvsync stop hosts 'not now'
file_has api.log '"title":"Set Stop Key: kvexpress/hosts/stop","text":"not now","alert_type":"warning"' 'a stop'
: >api.log
run kvsync in -k hosts -f "$srcdir/configure.ac"
file_has api.log '"title":"Stop key is present: kvexpress/hosts/stop. Stopping.","text":"not now","alert_type":"error"' 'a stop that is met'
kvsync start --quiet hosts
: >api.log
run kvsync in -k hosts -f hosts --min-lines 100
file_has api.log '"title":"Not long enough: hosts. Stopping."' 'a file that is too short'
refuses 'without what is in it' grep -q password api.log
: >api.log
sed '/key-file/d' events.yaml >keyless.yaml
run env KVSYNC_CONFIG="$tmp/keyless.yaml" DATADOG_API_KEY=from-env kvsync stop other why
succeeds 'a key from the environment' grep -qix 'dd-api-key: from-env' api.log
refuses 'the other is not needed' grep -qi '^dd-application-key' api.log
run env KVSYNC_CONFIG="$tmp/keyless.yaml" kvsync stop other2 why
status_is 0 'without a key the work is done'
err_has 'warning: no event to http://127.0.0.1' 'with a warning'
err_has 'there is no API key' 'that says what is missing'
run env DATADOG_API_KEY=from-env kvsync out -k hosts -f target2 -e 'env'
refuses 'a command does not inherit the key' grep -q from-env "$err" "$out"

# ---- with what is in the file, if that is asked for ----

sed 's/^node-name.*/datadog-contents: true/' events.yaml >contents.yaml
seq 1 20 >counted
kvsync --config contents.yaml in -k counted -f counted --compress --quiet
: >api.log
sed 's/^7$/seven\tx/' counted >changed
run kvsync --config contents.yaml in -k counted -f changed
file_has api.log '"text":"@@ -4,7 +4,7 @@\n 4\n 5\n 6\n-7\n+seven\tx\n 8\n 9\n 10\n"' 'a change'
: >api.log
printf 'a\n\033b\n' >short
run kvsync --config contents.yaml in -k counted -f short -l 3
file_has api.log '"text":"a\n\\x1bb\n"' 'a file that is too short'
: >api.log
head -c 100 /dev/zero >zeros
run kvsync --config contents.yaml in -k counted -f zeros
file_has api.log '"text":"1 line, 100 bytes, sha256 ' 'of what is no text only the size'
stop_started api

run kvsync stop other3 why
status_is 0 'without the API the work is done'
is "$(grep -c . "$err")" 1 'with one warning'
refuses 'without a key in it' grep -q secret "$err"
receiver refusing http 403
run env DATADOG_HOST="http://me:hidden@127.0.0.1:$refusing_port" kvsync stop other4 why
status_is 0 'keys that are refused'
err_is "kvsync: warning: no event to http://127.0.0.1:$refusing_port: the API refused the keys (status 403)\n" 'are a warning without secrets'
stop_started refusing
run env DATADOG_HOST=ftp://nowhere kvsync stop other5 why
status_is 2 'a base that is no URL'
err_is 'kvsync: stop: DATADOG_HOST: "ftp://nowhere" is not a URL that begins with http:// or https:// and a host\n' 'is an error'
chmod 644 api.key
run kvsync config check
out_has "events.yaml:3:1: warning: everybody on this host may read or change $tmp/api.key" 'a key that all may read is noticed'

receiver hanging http hang
before=$(now_ms)
run env DATADOG_HOST="http://127.0.0.1:$hanging_port" kvsync --timeout 1s stop other6 why
status_is 0 'an API that does not answer'
err_has 'warning: no event to' 'is a warning'
succeeds 'within the time of the command' test $(($(now_ms) - before)) -lt 5000

# ---- without the module ----

mkdir modules
for module in "$builddir"/.libs/*.so; do
	case $module in */libkvsfetch.so) ;; *) ln -s "$module" modules ;; esac
done
run env KVS_MODULE_DIR="$tmp/modules" kvsync stop other7 why
status_is 0 'without the fetch module the work is done'
err_has "kvsync's fetch module, needed for HTTP requests, cannot be loaded" 'a warning says so'

done_testing
