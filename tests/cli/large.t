#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Large files, in chunks, on the embedded store.
# shellcheck disable=SC2034,SC2154 # for tests/lib/large.sh, and what servers set
# shellcheck source=tests/lib/cli.sh
. "${0%/*}/../lib/cli.sh"
need openssl
export KVSYNC_STORE="local:$tmp/s.db"
limit=16777216 # bytes of a value
memory=16384

# shellcheck source=tests/lib/large.sh
. "$srcdir/tests/lib/large.sh"

# ---- progress: on a terminal that can draw it, and nowhere else ----

if command -v script >/dev/null 2>&1; then
	# on_terminal TERM OPTION...: huge comes out there
	on_terminal() {
		on_term=$1
		shift
		rm -f target
		TERM=$on_term script -qec "kvsync out -k huge -f target --state-dir $tmp/states $*" /dev/null \
			</dev/null >"$out" 2>&1
		is "$(wc -c <target)" 67108864 "TERM=$on_term $*: the file comes out"
	}
	on_terminal xterm
	out_has ' of 64.0 MiB, ' 'a terminal sees how far it is'
	on_terminal xterm --quiet
	refuses 'unless nobody wants to' grep -q MiB "$out"
	on_terminal dumb
	refuses 'nor one that cannot draw' grep -q MiB "$out"
else
	skip 6 'script is not installed'
fi
rm -f target
run kvsync out -k huge -f target --state-dir "$tmp/states"
refuses 'nor does a pipe' grep -q MiB "$err"

done_testing
