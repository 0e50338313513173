#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Started as kvexpress: what syslog is told, line by line, for people have rules on it.
# shellcheck source=tests/lib/cli.sh
. "${0%/*}/../../lib/cli.sh"
# shellcheck source=tests/peers/kvexpress/local.sh
. "$srcdir/tests/peers/kvexpress/local.sh"
# shellcheck source=tests/peers/kvexpress/lib.sh
. "$srcdir/tests/peers/kvexpress/lib.sh"
[ -e "$builddir/.libs/syslogshim.so" ] || lacking 'the syslog shim is not built'
if ldd "$builddir/.libs/kvsync" 2>/dev/null | grep -q 'lib[atu]*san'; then
	skip_all 'a build with sanitizers cannot be preloaded'
fi

# logged WORD...: runs kvexpress; $status, and syslog's lines in the file log
logged() {
	rm -f log
	run env LD_PRELOAD="$builddir/.libs/syslogshim.so" KVS_SYSLOG="$tmp/log" kvexpress "$@"
}

# said DIRECTION NAME: the log, without tags, times and versions, is standard input
said() {
	sed -e "s/^kvexpress 5 1 [0-9:]\{8\}\.[0-9]\{6\} $1: //" -e "s/elapsed='[^']*'/elapsed='N'/" \
		-e 's/^kvexpress version:.*/kvexpress version:N/' log >got
	cat >want
	same_file got want "$2"
}

logged in -k hosts -f hosts
status_is 0 'in'
succeeds 'each line has the tag kvexpress, the priority notice, the facility user, the time and the direction' \
	test "$(grep -cE '^kvexpress 5 1 [0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{6} in: ' log)" -eq "$(wc -l <log)"
said in 'the first in' <<'END'
kvexpress version:N
Stop Key is NOT present - continuing.
We have data - let's do the thing.
file checksum='different' update='true'
consul checksum='different' update='true'
consul KeyData='kvexpress/hosts/data' saved='true' size='60'
location='complete', elapsed='N'
END
logged in -k hosts -f hosts
said in 'in with nothing to do' <<'END'
kvexpress version:N
Stop Key is NOT present - continuing.
We have data - let's do the thing.
file checksum='match' update='false'
END
logged in -k hosts -f hosts -l 21
status_is 1 'in with too few lines'
said in 'what it says' <<'END'
kvexpress version:N
Stop Key is NOT present - continuing.
File is NOT long enough. Stopping.
hosts has 20 lines, fewer than the 21 asked for; --min-lines lowers that
END
logged out -k hosts -f copy
said out 'out' <<'END'
kvexpress version:N
location='complete', elapsed='N'
END
logged out -k hosts -f copy
said out 'out with nothing to do' <<'END'
kvexpress version:N
'copy' has the same checksum. Stopping.
END
rm copy
logged out -k hosts -f copy -e 'false here'
status_is 1 'a command that fails'
said out 'what is said of it' <<'END'
kvexpress version:N
exec='error' message='command 'false' exited with status 1'
command 'false' exited with status 1
END
logged copy --keyfrom hosts --keyto others -z
said copy 'copy' <<END
kvexpress version:N
copy='true' keyFrom='hosts' keyTo='others'
compressing='true' full_size='60' compressed_size='$(stored kvexpress/others/data | wc -c)'
consul KeyData='kvexpress/others/data' saved='true' size='$(stored kvexpress/others/data | wc -c)'
location='complete', elapsed='N'
END
logged lock -f "$tmp/copy" -r why
said lock 'lock' <<END
kvexpress version:N
'$tmp/copy' was locked.
END
logged out -k hosts -f copy -e true
said out 'out of a locked file' <<END
kvexpress version:N
Lock Key is present - will not update file. Reason: why
copy was left alone: $tmp/copy is locked on this machine until kvsync unlock lifts it: why
END
logged unlock -f "$tmp/copy"
said unlock 'unlock' <<END
kvexpress version:N
'$tmp/copy' was unlocked.
END
logged stop -k hosts -r 'for now'
said stop 'stop' <<'END'
kvexpress version:N
KeyStop='kvexpress/hosts/stop' saved='true' KeyStopReason='for now'
location='complete', elapsed='N'
END
logged clean -f hosts
said clean 'clean' <<'END'
kvexpress version:N
Removed hosts.compare
Removed hosts.last
location='complete', elapsed='N'
END

logged -l 20 in -k others -f hosts -t secret-token
refuses 'defect 27: the direction is that of the command, wherever it stands' grep -qv ' in: ' log
refuses 'defect 6: no token is logged' grep -q secret log
lines=$(wc -l <log)
KVEXPRESS_DEBUG=1 logged in -k others -f hosts -t secret-token
succeeds 'KVEXPRESS_DEBUG adds lines' test "$(wc -l <log)" -gt "$lines"
refuses 'but no token' grep -q secret log
logged
status_is 0 'no command'
refuses 'no line' test -e log
done_testing
