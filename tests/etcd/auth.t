#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Users, passwords, tokens and roles of a real etcd.
# shellcheck source=tests/lib/cli.sh
. "${0%/*}/../lib/cli.sh"
# shellcheck source=tests/lib/servers.sh
. "$srcdir/tests/lib/servers.sh"
XDG_RUNTIME_DIR=$tmp/run
export XDG_RUNTIME_DIR
mkdir -m 0700 "$XDG_RUNTIME_DIR"

# long enough for two of our programs, one after the other
ttl=3
[ -z "${KVS_VALGRIND:-}" ] || ttl=15
etcd_start e "${KVS_ETCD_AGE:-old}" --auth-token-ttl $ttl --bcrypt-cost 4
export KVSYNC_STORE="etcd://127.0.0.1:$e_port" ETCDCTL_ENDPOINTS="127.0.0.1:$e_port"
printf 'secret one\n' >alice.pw
printf 'wrong\n' >wrong.pw
chmod 600 ./*.pw

etcdctl user add root:rootpw >/dev/null
etcdctl user grant-role root root >/dev/null
etcdctl user add 'alice:secret one' >/dev/null
etcdctl role add reader >/dev/null
etcdctl role grant-permission reader --prefix=true readwrite app/ >/dev/null
etcdctl role grant-permission reader --prefix=true read shared/ >/dev/null
etcdctl user grant-role alice reader >/dev/null
etcdctl put shared/x there >/dev/null
etcdctl put closed/x hidden >/dev/null

# a password though nobody needs one yet
run kvsync put app/a early --user alice --password-file alice.pw
status_is 0 'a user where authentication is off'
etcdctl auth enable >/dev/null 2>&1 || etcdctl --user root:rootpw auth enable >/dev/null

run kvsync get app/a
status_is 4 'nobody is denied'
err_has 'user name is empty' "in etcd's words"
run kvsync put app/a one --user alice --password-file alice.pw
status_is 0 'alice writes'
run kvsync get app/a --user alice --password-file alice.pw
out_is one 'and reads'
run kvsync get shared/x --user alice --password-file alice.pw
out_is there 'what she may read'
run kvsync put shared/x mine --user alice --password-file alice.pw
status_is 4 'what she may not write is denied'
err_has 'permission denied' "in etcd's words"
run kvsync get closed/x --user alice --password-file alice.pw
status_is 4 'what she may not read is denied, not absent'
run kvsync ls --user alice --password-file alice.pw
status_is 4 'nor listed as if it were not there'
run kvsync watch closed/ --recursive --once --user alice --password-file alice.pw
status_is 4 'nor watched'
run kvsync watch closed/ --recursive --changes --once --user alice --password-file alice.pw
status_is 4 'nor watched for changes'
run kvsync index --user alice --password-file alice.pw
status_is 0 'the index needs no rights'
refuses 'no message has the password' grep -q 'secret one' "$err"

# the token is kept
token=$(ls "$XDG_RUNTIME_DIR"/kvsync/etcd-*.token)
is "$(stat -c %a "$token")" 600 'a token is kept, for us alone'
before=$(cat "$token")
run kvsync get app/a --user alice --password-file alice.pw
is "$(cat "$token")" "$before" 'and used again'
printf 'nonsense.1' >"$token"
run kvsync get app/a --user alice --password-file alice.pw
out_is one 'a token that is not accepted is fetched anew'
refuses 'and kept anew' grep -q nonsense "$token"
printf 'nonsense.1' >"$token"
chmod 644 "$token"
run kvsync get app/a --user alice --password-file alice.pw
out_is one "a file that others may read is not trusted"
is "$(stat -c %a "$token")" 600 'and replaced by one that they may not'
rm -f "$token"
run kvsync get app/a --user alice --password-file wrong.pw
status_is 4 'a wrong password is denied'
err_has 'authentication failed' "in etcd's words"

# the login goes on to another member, too
rm -f "$token"
run kvsync get app/a --store "etcd://127.0.0.1:1,127.0.0.1:1,127.0.0.1:$e_port" --user alice \
	--password-file alice.pw
out_is one 'a login finds the member that answers'

# a watch over the end of its token, and of the server
start w kvsync watch app/ --recursive --user alice --password-file alice.pw
wait_for 10 grep -q sync "$tmp/.run/w.out"
before=$(cat "$token")
used=$(now_ms)
unused_for() {
	[ $(($(now_ms) - used)) -gt $(($1 * 1000)) ]
}
wait_for 60 unused_for $((ttl + 2)) # each use would make it last longer
kvsync put app/b 1 --user alice --password-file alice.pw
refuses 'a token that expired is replaced' test "$(cat "$token")" = "$before"
kvsync put app/a two --user alice --password-file alice.pw
wait_for 10 grep -q 'app/a	two' "$tmp/.run/w.out"
file_has "$tmp/.run/w.out" 'app/a	two' 'a watch goes on'
server_kill e
server_restart e
kvsync put app/a three --user alice --password-file alice.pw
wait_for 10 grep -q 'app/a	three' "$tmp/.run/w.out"
file_has "$tmp/.run/w.out" 'app/a	three' 'also over a restart that forgets all tokens'
is "$(grep -c reset "$tmp/.run/w.out")" 1 'without a new snapshot'
stop_started w

# rights that change
etcdctl --user root:rootpw role grant-permission reader --prefix=true read closed/ >/dev/null
run kvsync get closed/x --user alice --password-file alice.pw
out_is hidden 'rights that were granted meanwhile'
printf 'secret-two\n' >alice.pw
etcdctl --user root:rootpw user passwd --interactive=false alice <alice.pw >/dev/null
run kvsync get app/a --user alice --password-file alice.pw
out_is three 'a new password'

# odd options
run kvsync get app/a --user alice
status_is 2 'a user without a password'
err_has 'password-file' 'the message says what to set'

# a password that others may read on its way; the address is nobody's
run kvsync --backend etcd --endpoint http://192.0.2.1:2379 --timeout 200ms get app/a --user alice --password-file alice.pw
err_has 'warning: the token or password goes to 192.0.2.1:2379 without TLS: others may read it' 'a warning'
run kvsync get app/a --user alice --password-file alice.pw
refuses 'none where it stays on this machine' grep -q TLS "$err"
done_testing
