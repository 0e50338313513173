#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# What a real etcd takes: sizes one byte over each limit, trees beyond a message, a full disk.
# shellcheck source=tests/lib/cli.sh
. "${0%/*}/../lib/cli.sh"
# shellcheck source=tests/lib/servers.sh
. "$srcdir/tests/lib/servers.sh"
etcd_start e "${KVS_ETCD_AGE:-old}"
export KVSYNC_STORE="etcd://127.0.0.1:$e_port" ETCDCTL_ENDPOINTS="127.0.0.1:$e_port"

# largest TRY LOW HIGH: sets $largest to the most for which TRY succeeds; it does for LOW, not for HIGH
largest() {
	low=$2 high=$3
	while [ $((high - low)) -gt 1 ]; do
		middle=$(((low + high) / 2))
		if "$1" $middle >/dev/null 2>&1; then low=$middle; else high=$middle; fi
	done
	largest=$low
}

bytes() {
	head -c "$1" /dev/zero | tr '\0' "$2"
}

# value sizes: the backend's limit, and a byte more
max=$((1536 * 1024 - 1024 - 8192))
bytes $max x >max
printf x | cat max - >over
run kvsync put k -f max
status_is 0 'the largest value'
run kvsync get k
same_file "$out" max 'comes back'
run kvsync put k --cas "$(kvsync index)" -f max
status_is 0 'also with a condition'
before=$(kvsync index)
run kvsync put k -f over
status_is 7 'one byte more is refused'
err_has "takes $max" 'with the numbers'
run kvsync put new -f over
status_is 7 'also as a new key'
is "$(kvsync index)" "$before" 'nothing was written'

# transactions: 128 operations, and bytes
i=0
while [ $i -lt 129 ]; do
	echo '{"op":"put","key":"t/'$i'","value":"v","cas":0}'
	i=$((i + 1))
done >ops129
head -n 128 ops129 >ops128
run kvsync txn -f ops129
status_is 7 'a transaction of 129 operations is refused'
err_has 'takes 128' 'with the number'
is "$(kvsync index)" "$before" 'nothing was written'
run kvsync txn -f ops128
status_is 0 'one of 128 with conditions'
run kvsync txn -f ops128
status_is 10 'a condition that does not hold'
err_has 't/0' 'the message names the key'
bytes 1000000 a >part
txn_of() {
	printf '{"op":"put","key":"b/1","value":"%s"}\n{"op":"put","key":"b/2","value":"%s"}\n' \
		"$(cat part)" "$(bytes "$1" b)" >ops
	kvsync txn -f ops
}
largest txn_of 400000 600000
run txn_of $largest
status_is 0 "the largest transaction ($((1000000 + largest)) bytes of values)"
before=$(kvsync index)
run txn_of $((largest + 1))
status_is 7 'one byte more is refused'
err_has 'bytes; the etcd store takes 1571840' 'with the numbers'
is "$(kvsync index)" "$before" 'nothing was written'
is "$(kvsync get b/2 | wc -c)" $largest 'what was there stays'

# a key of many bytes, and one that is too long
long=$(head -c 100000 /dev/zero | tr '\0' k)
run kvsync put "$long" v
status_is 0 'a key of 100,000 bytes'
kvsync del "$long"

# a tree beyond any message, in bounded memory
head -c 1000000 /dev/zero | tr '\0' y >mega
i=0
while [ $i -lt 60 ]; do
	kvsync put "big/$i" -f mega || break
	i=$((i + 1))
done
i=0
while [ $i -lt 1500 ]; do
	echo '{"op":"put","key":"big/a'$i'","value":"small"}'
	i=$((i + 1))
done >small
run kvsync txn --batched -f small
status_is 0 'more operations than one transaction takes, in batches'
run kvsync ls big/ --recursive --output json --timeout 60s
is "$(wc -l <"$out")" 1560 'a list of 60 MB'
run kvsync watch big/ --recursive --keys --once
is "$(grep -c '^put' "$out")" 1560 'a snapshot of 60 MB'
stop_started e

# a server that takes less: the edge is its own, and so are the words
etcd_start g "${KVS_ETCD_AGE:-old}" --max-request-bytes 100000
export KVSYNC_STORE="etcd://127.0.0.1:$g_port" ETCDCTL_ENDPOINTS="127.0.0.1:$g_port"
put_of() {
	bytes "$1" x >part
	kvsync put own -f part
}
largest put_of 90000 110000
run put_of $largest
status_is 0 "the largest that the server takes ($largest bytes)"
before=$(kvsync index)
run put_of $((largest + 1))
status_is 7 'one byte more is refused'
err_has 'etcdserver: request is too large' "in etcd's words"
run put_of 1000000
status_is 7 'a message beyond what it reads'
err_has 'larger than max' "in etcd's words"
is "$(kvsync index)" "$before" 'nothing was written'
is "$(kvsync get own | wc -c)" $largest 'what was there stays'
stop_started g

# the alarm of a full disk
etcd_start f "${KVS_ETCD_AGE:-old}" --quota-backend-bytes 4000000
export KVSYNC_STORE="etcd://127.0.0.1:$f_port" ETCDCTL_ENDPOINTS="127.0.0.1:$f_port"
kvsync put before 1
i=0
while [ $i -lt 10 ] && kvsync put fill -f mega 2>/dev/null; do
	i=$((i + 1))
done
run kvsync put after 1
status_is 1 'no space: the write fails, at once'
err_has 'database space exceeded' "in etcd's words"
err_has 'disarm the alarm' 'and what to do'
run kvsync get before
out_is 1 'reading goes on'
run kvsync status
out_has 'NOSPACE' 'the status tells'
done_testing
