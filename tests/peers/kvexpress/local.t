#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Started as kvexpress, on the embedded store.
# shellcheck source=tests/lib/cli.sh
. "${0%/*}/../../lib/cli.sh"

store_kind=local
export KVSYNC_STORE="local:$tmp/store.db"

kx() {
	# shellcheck disable=SC2086 # a list of words
	run $kx_program "$@"
}

# stored KEY; store KEY FILE [FLAGS]; erase KEY; everything: what another program does with the store
stored() {
	kvsync get "$1" 2>/dev/null
}

store() {
	kvsync put --quiet "$1" --file "$2"
}

erase() {
	kvsync del --quiet "$1"
}

everything() {
	kvsync ls --recursive
}

# shellcheck source=tests/peers/kvexpress/cases.sh
. "$srcdir/tests/peers/kvexpress/cases.sh"

if ! command -v python3 >/dev/null || [ ! -e "$builddir/.libs/libkvsfetch.so" ]; then
	skip 1 'no python3, or no libcurl'
	done_testing
fi

# ---- in -u ----

start web "$srcdir/tests/lib/web" "$tmp/web.port" "$tmp/web.log"
wait_for 20 test -e web.port || bail 'the web server does not start'
url=http://127.0.0.1:$(cat web.port)
printf 'one\ntwo\n' >page
mkdir work
cd work || exit 1
TMPDIR=$tmp/work kx in -k url -u "$url/file" -l 2 -e 'touch ../url-ran'
status_is 0 'in -u'
out_is '' 'defect 13: does not print what it put there'
pair_is url ../page 'puts what the server has there'
is "$(ls -A)" got 'defect 13: and leaves no files'
rm ../url-ran
kx in -k url -u "$url/file" -l 2 -e 'touch ../url-ran'
succeeds 'its command runs each time' test -e ../url-ran
for page in status/404 cut empty; do
	kx in -k url -u "$url/$page" -l 0
	status_is 1 "defect 13: $page is a failure"
	err_has "$url/$page" 'with words'
	pair_is url ../page 'and nothing is changed'
done
kx in -k url -u http://127.0.0.1:1/
status_is 1 'so is a server that is not there'
out_is '' 'which is not the store'
cd .. || exit 1

# ---- metrics and events ----

# receiver NAME KIND: starts one; $NAME_port is its port, NAME.log what it got
receiver() {
	start "$1" "$srcdir/tests/lib/receiver" "$2" "$tmp/$1.port" "$tmp/$1.log"
	wait_for 20 test -e "$tmp/$1.port" || bail "the receiver $1 does not start"
	eval "${1}_port=\$(cat '$tmp/$1.port')"
}

# got COUNT: so many metrics, the time left out
has_lines() {
	[ "$(wc -l <"$1")" -ge "$2" ]
}

got() {
	wait_for 10 has_lines agent.log "$1"
	sed 's/^\(kvexpress\.time\):[0-9]*/\1:N/' agent.log
	: >agent.log
}

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
done_testing
