#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Started as kvexpress: the metrics that dogstatsd gets, the events that Datadog gets.
# shellcheck source=tests/lib/cli.sh
. "${0%/*}/../../lib/cli.sh"
# shellcheck source=tests/peers/kvexpress/local.sh
. "$srcdir/tests/peers/kvexpress/local.sh"
# shellcheck source=tests/peers/kvexpress/lib.sh
. "$srcdir/tests/peers/kvexpress/lib.sh"
need python3
[ -e "$builddir/.libs/libkvsfetch.so" ] || skip_all 'events need libcurl'

receiver agent udp
tags=host:$(uname -n),direction
cp hosts metrics
kx in -k metrics -f metrics -d -D "127.0.0.1:$agent_port"
is "$(got 4)" "kvexpress.in:1|c|#key:metrics,$tags:in,location:complete
kvexpress.bytes:60|g|#key:metrics,$tags:in,location:complete
kvexpress.lines:20|g|#key:metrics,$tags:in,location:complete
kvexpress.time:N|g|#key:metrics,$tags:in,location:complete" 'defect 7: metrics go where -D says'
printf 'dogstatsd: True\ndogstatsd_address: 127.0.0.1:%s\n' "$agent_port" >agent.yaml
kx out -k metrics -f o/metrics -C agent.yaml
is "$(got 4 | head -n 1)" "kvexpress.out:1|c|#key:metrics,$tags:out,location:complete" 'or the file of -C'
kx out -k metrics -f o/short -l 99 -C agent.yaml
is "$(got 2 | head -n 1)" "kvexpress.not_long_enough:1|c|#key:metrics,$tags:out,location:not_long_enough" \
	'also of what was refused'
kx lock -f "$tmp/o/metrics" -C agent.yaml
got 2 >lines
file_has lines 'kvexpress.lock:1|c|#key:kvexpress/locks/' 'and of locks'
kx out -k metrics -f "$tmp/o/metrics" -C agent.yaml
is "$(got 2 | head -n 1)" "kvexpress.locked:1|c|#key:$tmp/o/metrics,$tags:out,location:lock_key" 'a locked file by its path'
kx unlock -f "$tmp/o/metrics" -C agent.yaml
got 2 >lines
file_has lines 'kvexpress.unlock:1|c|#key:kvexpress/locks/' 'and its end'
kx in -k metrics -f metrics
is "$(cat agent.log)" '' 'nobody is told who was not asked for'
kx in -k metrics -f metrics -d -D 127.0.0.1:port
status_is 1 'an address that is none'
printf 'dogstatsd: true\ndogstatsd_address: 127.0.0.1:port\n' >bad.yaml
kx in -k metrics -f metrics -C bad.yaml
status_is 1 'nor is one of the file of -C'
kx in -k metrics -f metrics -l 99 -C bad.yaml -D "127.0.0.1:$agent_port"
is "$(got 2 | head -n 1)" "kvexpress.not_long_enough:1|c|#key:metrics,$tags:in,location:not_long_enough" \
	'defect 4: but -D counts more'

# ---- which of them, and when ----

echo value >value
store some/key value
kx raw -k some/key -f o/raw -C agent.yaml
is "$(got 4 | head -n 1)" "kvexpress.raw:1|c|#key:some/key,$tags:raw,location:complete" 'raw has its own'
kx raw -k some/key -f o/raw -C agent.yaml
is "$(got 1)" "kvexpress.time:N|g|#key:some/key,$tags:raw,location:file_checksums_match" 'nothing to do: only the time'
printf %s "$(hash_of other)" >sum
store kvexpress/metrics/checksum sum
kx out -k metrics -f o/mixed -C agent.yaml
is "$(got 2 | head -n 1)" "kvexpress.checksum_mismatch:1|c|#key:metrics,$tags:out,location:checksum_mismatch" \
	'a pair that does not match'
kx in -k metrics -f metrics
kx out -k metrics -f /proc/kvexpress -C agent.yaml
is "$(got 2 | head -n 1)" "kvexpress.panic:1|c|#key:metrics,$tags:out,location:write_file" 'a file that cannot be written'
kx in -k metrics -u http://127.0.0.1:1/ -C agent.yaml
is "$(got 2)" "kvexpress.panic:1|c|#key:metrics,$tags:in,location:read_file
kvexpress.time:N|g|#key:metrics,$tags:in,location:read_file" 'a page that cannot be had'
: >empty
kx in -k metrics -f empty -l 0 -C agent.yaml
is "$(got 1)" "kvexpress.time:N|g|#key:metrics,$tags:in,location:error_no_data" 'nothing to put'
kx copy --keyfrom metrics --keyto copied -C agent.yaml
is "$(got 3)" "kvexpress.bytes:60|g|#key:copied,$tags:copy,location:complete
kvexpress.lines:20|g|#key:copied,$tags:copy,location:complete
kvexpress.time:N|g|#key:copied,$tags:copy,location:complete" 'a copy'
kx stop -k metrics -r why -C agent.yaml
is "$(got 1)" "kvexpress.time:N|g|#key:metrics,$tags:stop,location:complete" 'a stop'
kx in -k metrics -f metrics -C agent.yaml
is "$(got 1)" "kvexpress.time:N|g|#key:metrics,$tags:in,location:stop_key" 'what it stops'
erase kvexpress/metrics/stop
kx clean -f metrics -C agent.yaml
is "$(got 1)" "kvexpress.time:N|g|#key:none,$tags:clean,location:complete" 'clean is about no key'
: >datadog.conf
KVS_DD_AGENT_CONFIG=$tmp/datadog.conf kx in -k metrics -f metrics -D "127.0.0.1:$agent_port"
is "$(got 1 | head -n 1)" "kvexpress.time:N|g|#key:metrics,$tags:in,location:file_checksums_match" \
	'where an agent of Datadog is set up, nobody has to ask'

# ---- events ----

if [ -e "$builddir/.libs/consul.so" ]; then
	echo 'timeout: 500ms' >short.yaml
	KVSYNC_CONFIG=$tmp/short.yaml kx in -k metrics -f metrics -C agent.yaml -s 127.0.0.1:1
	is "$(got 3 | sed 's/reconnect:[0-9]*/reconnect:N/')" "kvexpress.consul_reconnect:N|c|#${tags}:in
kvexpress.panic:1|c|#key:metrics,$tags:in,location:no_more_retries
kvexpress.time:N|g|#key:metrics,$tags:in,location:no_more_retries" 'a Consul that is dead'
else
	skip 1 'built without Consul'
fi

receiver api http
printf 'datadog_api_key: of-the-file\ndatadog_host: http://127.0.0.1:%s\n' "$api_port" >api.yaml
cp other metrics
kx in -k metrics -f metrics -C api.yaml
wait_for 10 grep -q '^POST' api.log
file_has api.log 'POST /api/v1/events' 'an event'
file_has api.log 'DD-API-KEY: of-the-file' 'with the key of the file, in a header'
file_has api.log '"title":"Updated: kvexpress/metrics/data"' 'what happened'
refuses 'defect 25: nothing of what is in the file' grep -q '^1[0-9]' api.log
: >api.log
DATADOG_HOST=http://127.0.0.1:$api_port kx stop -k metrics -r noon -a of-the-line -A app
wait_for 10 grep -q '^POST' api.log
file_has api.log 'DD-API-KEY: of-the-line' 'the keys of the command line'
file_has api.log 'DD-APPLICATION-KEY: app' 'both'
file_has api.log '"title":"Set Stop Key: kvexpress/metrics/stop","text":"noon"' 'a stop is an event'
: >api.log
kx in -k metrics -f hosts -C api.yaml
wait_for 10 grep -q '^POST' api.log
file_has api.log '"title":"Stop key is present: kvexpress/metrics/stop. Stopping.","text":"noon"' 'what it stops, too'

: >api.log
kvsync start metrics --quiet
kx in -k metrics -f hosts -l 99 -C api.yaml -a of-the-line
wait_for 10 grep -q '^POST' api.log
file_has api.log '"title":"Not long enough: metrics. Stopping."' 'too few lines are one'
file_has api.log '"alert_type":"error"' 'an error'
file_has api.log 'kvexpress:length' 'with its tag'
file_has api.log 'DD-API-KEY: of-the-line' 'defect 4: the key of the command line counts more'
: >api.log
kx copy --keyfrom metrics --keyto elsewhere -C api.yaml
wait_for 10 grep -q '^POST' api.log
file_has api.log '"title":"Copy: metrics to elsewhere"' 'a copy is one'
file_has api.log 'kvexpress:success' 'a success'
done_testing
