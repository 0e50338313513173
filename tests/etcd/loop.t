#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The loops around etcdctl's watch in contrib/etcd, with the real etcdctl.
# shellcheck source=tests/lib/cli.sh
. "${0%/*}/../lib/cli.sh"
# shellcheck source=tests/lib/servers.sh
. "$srcdir/tests/lib/servers.sh"
etcd_start e "${KVS_ETCD_AGE:-old}"
export ETCDCTL_ENDPOINTS="http://127.0.0.1:$e_port"

put() {
	printf '%s\n' "$@" >new
	kvsync in -k hosts -f new
}

# has TEXT: the file gets it.
has() {
	wait_for 10 grep -sqx "$1" hosts
}

put 'first version'
start once "$srcdir/contrib/etcd/watch-once" hosts "$tmp/hosts"
succeeds 'what is there, at the start' has 'first version'
etcd_watches() {
	curl -s "http://127.0.0.1:$e_port/metrics" | grep -q '^etcd_debugging_mvcc_watcher_total [1-9]'
}
wait_for 10 etcd_watches
put 'second "version" `with` $(odd) \words'
succeeds 'each change' has 'second "version" `with` $(odd) .words'
stop_started once

# What etcdctl tells spares the store: here it cannot be reached, and the module is not there.
cat >offline <<END
#!/bin/sh
KVSYNC_STORE=etcd://127.0.0.1:1 KVS_MODULE_DIR=$tmp/empty kvsync out -k hosts -f offline.file --state-dir $tmp/states
echo "\$?" >>statuses
END
chmod +x offline
mkdir empty
cp hosts offline.file
begin=$(($(kvsync index) + 1))
sum=$(sha256sum <hosts | cut -c 1-64)
start told etcdctl watch kvexpress/hosts/checksum --rev "$begin" -- ./offline
etcdctl put kvexpress/hosts/checksum "$sum" >put.out 2>&1
printf '%s\n' "$sum" | etcdctl put kvexpress/hosts/checksum >put.out 2>&1
etcdctl del kvexpress/hosts/checksum >put.out 2>&1
etcdctl put kvexpress/hosts/checksum x >put.out 2>&1
statuses_are() {
	[ "$(tr '\n' ' ' <statuses)" = "$1 " ]
}
succeeds 'a checksum that the file has already: the store is not asked' \
	wait_for 20 statuses_are '0 0 13 13'
stop_started told
put 'second "version" `with` $(odd) \words'

rm hosts
start loop env PAUSE=0.2 "$srcdir/contrib/etcd/watch-loop" hosts "$tmp/hosts" --min-lines 1
succeeds 'the loop: what is there' has 'second.*'
wait_for 10 etcd_watches
put 'third version'
succeeds 'each change' has 'third version'
server_kill e
server_restart e
put 'fourth version'
succeeds 'also behind a restart of the server' wait_for 40 grep -qx 'fourth version' hosts
stop_started loop
done_testing
