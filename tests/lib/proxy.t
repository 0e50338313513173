#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The proxy itself, in front of a web server that serves one file.
. "${0%/*}/cli.sh"
. "$srcdir/tests/lib/proxy.sh"
need python3 curl

head -c 100000 /dev/zero | tr '\0' x >file
start web python3 -u -m http.server --bind 127.0.0.1 0
wait_for 10 grep -q 'port [0-9]' "$tmp/.run/web.out" || bail 'no web server'
web_port=$(sed -n 's/.* port \([0-9]*\).*/\1/p' "$tmp/.run/web.out")
proxy_start p "$web_port"
url=http://127.0.0.1:$p_port/file

run curl -s -o got "$url"
status_is 0 'pass: curl succeeds'
same_file got file 'the file comes whole'

proxy_do p cut 5000
run curl -s -o got "$url"
[ "$status" -ne 0 ] && pass "cut: curl fails ($status)" || fail 'cut: curl fails'
[ "$(wc -c <got)" -le 5000 ] && pass 'after no more than that' || fail 'after no more than that'

proxy_do p pass
proxy_do p refuse
run curl -s -o got "$url"
[ "$status" -ne 0 ] && pass "refuse: curl fails ($status)" || fail 'refuse: curl fails'

proxy_do p mute
run curl -s -m 1 -o got "$url"
status_is 28 'mute: curl times out'

proxy_do p pass
proxy_do p delay 300
before=$(now_ms)
run curl -s -o got "$url"
after=$(now_ms)
status_is 0 'delay: curl succeeds'
[ $((after - before)) -ge 300 ] && pass 'but later' || fail 'but later'

proxy_do p pass
proxy_do p count
is "$proxy_answer" "$(printf '%s' "$proxy_answer" | grep -E '^ok count 5 [0-9]+$')" 'it has counted'
done_testing
