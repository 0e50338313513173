#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Exit statuses: each error of a store ends in its own, with its own name; and the time that a command
# may take.
# shellcheck source=tests/lib/cli.sh
. "${0%/*}/../lib/cli.sh"

# The store fails each request with this.
while read -r number code; do
	run kvsync --output json get a --store "fault:mem:?every=1&code=$code" --timeout 50ms
	status_is "$number" "$code ends in $number"
	out_is '' "$code: nothing on standard output"
	[ "$code" != UNAVAILABLE ] || continue
	err_has "{\"error\":\"$code\",\"status\":$number,\"command\":\"get\",\"message\":\"" "$code: its name"
done <<END
1 SYS
1 PROTOCOL
1 NOMEM
1 BUG
1 COMPACTED
2 ARG
2 CONFIG
3 UNAVAILABLE
3 TIMEOUT
4 DENIED
5 NOTFOUND
6 FROZEN
7 GUARD
7 TOOBIG
8 INTEGRITY
9 COMMAND
10 CONFLICT
13 UNSUPPORTED
END

run kvsync put a b --store 'fault:mem:?every=1&code=UNCERTAIN' --timeout 1s
status_is 12 'a write whose answer was lost'
run kvsync put a b --cas 0 --store 'fault:mem:?every=2&code=UNCERTAIN' --timeout 5s
status_is 0 'a guarded one is settled'

# ---- time ----

# took COMMAND...: sets $ms.
took() {
	began=$(now_ms)
	run "$@"
	ms=$(($(now_ms) - began))
}
took kvsync get a --store 'fault:mem:?every=1' --timeout 300ms
status_is 3 'a store that cannot be reached'
succeeds 'is tried again for a while' test "$ms" -ge 60
took kvsync get a --store 'fault:mem:?every=1&operation-timeout=100ms'
status_is 3 'the time of one call'
succeeds 'is over sooner than that of the command' test "$ms" -lt 9000
took kvsync get a --store 'fault:mem:?every=1&operation-timeout=100ms' --timeout 800ms
status_is 3 'who gives a time'
succeeds 'means that one' test "$ms" -ge 150
printf 'timeout: 200ms\n' >kvsync.yaml
took kvsync get a --store 'fault:mem:?every=1' -C kvsync.yaml
succeeds 'the time of the configuration' test "$ms" -lt 9000
took kvsync ls --store 'fault:mem:?every=2' --timeout 10s
status_is 0 'a store that fails now and then is asked again'
done_testing
