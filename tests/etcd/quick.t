#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# One-shots on etcd go on in kvsync-etcd, which has gRPC inside, and nobody can tell but by the time.
# shellcheck source=tests/lib/cli.sh
. "${0%/*}/../lib/cli.sh"
# shellcheck source=tests/lib/servers.sh
. "$srcdir/tests/lib/servers.sh"
[ -x "$builddir/kvsync-etcd" ] || skip_all 'kvsync-etcd was not built'
etcd_start e "${KVS_ETCD_AGE:-old}"
export KVSYNC_STORE="etcd://127.0.0.1:$e_port" KVS_LIBEXEC_DIR="$builddir"
# What the program would need to do the work itself is not there.
mkdir empty
export KVS_MODULE_DIR="$tmp/empty"

run kvsync put -- -k "a  b"
status_is 0 'a one-shot; words come over as they are'
run kvsync get -- -k
out_is 'a  b' 'blanks and dashes too'
printf 'from stdin' >input
"$(command -v kvsync)" put s -f - <input
run kvsync get s
out_is 'from stdin' 'standard input is left for it'
printf 'one\ntwo\n' >hosts
run kvsync in -k hosts -f hosts
status_is 0 'in'
run kvsync out -k hosts -f copy
same_file copy hosts 'out'
run kvsync out -k hosts -f copy --exec "sh -c 'echo ran >ran'"
status_is 0 'nothing to do'
ln -s "$(command -v kvsync)" kvexpress
seq 12 >twelve
run ./kvexpress in -k twelve -f twelve -a secret -e "sh -c 'tr \"\\000\" \" \" </proc/\$PPID/cmdline >cmdline'"
status_is 0 'a personality goes on there, too'
is "$(kvsync get kvexpress/twelve/data)" "$(cat twelve)" 'and does its work'
succeeds 'as itself' grep -q '^./kvexpress in -k twelve' cmdline
refuses 'with its secrets overwritten' grep -q secret cmdline
run kvsync get none
status_is 5 'statuses come back'
run kvsync get s --store "etcd://127.0.0.1:1" --timeout 300ms
status_is 3 'also when nobody answers'
run kvsync get s --backend consul --endpoint 127.0.0.1:1
status_is 13 'other stores are none of its business'
run kvsync watch s --once
status_is 13 'nor what runs long'
run env -u KVS_LIBEXEC_DIR kvsync get s
status_is 13 'a program of the build tree takes no installed one'
done_testing
