#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# kvsync raw: the value of any key comes into a file.
# shellcheck source=tests/lib/cli.sh
. "${0%/*}/../lib/cli.sh"
# shellcheck source=tests/lib/engine.sh
. "$srcdir/tests/lib/engine.sh"
export KVSYNC_STORE="local:$tmp/s.db"
engine_raw

# ---- what is told ----

kvsync put some/key "$(printf 'one\ntwo')"
sum=$(printf 'one\ntwo' | sha256sum | cut -c 1-64)
run kvsync raw -k some/key -f d/file -c 600
status_is 0 'a value'
out_is "d/file: installed, 2 lines, 7 bytes, sha256 $(printf %.12s "$sum")\n" 'what happened'
mode_is d/file 600 'its mode'
run kvsync raw -k some/key -f d/file -c 640
out_has 'owner or mode put right' 'another mode'
mode_is d/file 640 'is put right'
run kvsync raw -k some/key -f d/file --output json
out_is "{\"key\":\"some/key\",\"file\":\"d/file\",\"installed\":false,\"repaired\":false,\"command_run\":false,\"checksum\":\"$sum\"}\n" 'as JSON'

# ---- commands, checks, backups ----

kvsync put some/key three
# shellcheck disable=SC2016
run kvsync raw -k some/key -f d/file --exec-shell 'echo "$KVSYNC_KEY $KVSYNC_FILE" >>ran; test -e good'
status_is 9 'a command that fails'
run kvsync raw -k some/key -f d/file --exec-shell 'touch ran2'
status_is 0 'is due again'
succeeds 'though the file is right' test -e ran2
is "$(cat ran)" "some/key $tmp/d/file" 'what it is told'
kvsync put some/key four
run kvsync raw -k some/key -f d/file --check 'grep -q five {}'
status_is 9 'a check that fails'
bytes_are d/file 'three' 'leaves the file alone'
run kvsync raw -k some/key -f d/file --check 'grep -q four {}' --backup
status_is 0 'one that does not'
bytes_are d/file.bak 'three' 'and a backup'

# ---- keys as they are ----

for key in kvexpress/k/checksum '/a//b' '-k' 'with space'; do
	kvsync put -- "$key" value
	run kvsync raw "--key=$key" -f out
	status_is 0 "the key $key"
	bytes_are out value "$key: its value"
	rm out
done
kvsync lock --quiet --prefix other "$tmp/out" why
run kvsync raw -k some/key -f out
status_is 0 'a lock under another prefix is none'
kvsync put some/key five
run kvsync raw --prefix other -k some/key -f out
status_is 6 'unless that prefix is given'
kvsync unlock --quiet --prefix other "$tmp/out"

# ---- run by a watch ----

# told [VALUE]: runs it as etcdctl would, where there is no store to ask.
told() {
	# shellcheck disable=SC2086 # nothing, or one word
	run env KVSYNC_STORE=etcd://127.0.0.1:1 KVS_MODULE_DIR="$tmp" ETCD_WATCH_REVISION=999 \
		ETCD_WATCH_EVENT_TYPE='"PUT"' ETCD_WATCH_KEY='"some/key"' ${1:+ETCD_WATCH_VALUE="\"$1\""} \
		kvsync raw -k some/key -f d/file
}

told
status_is 13 'a watch that does not tell the value'
told four
status_is 0 'one that does spares the store'
told five
status_is 13 'unless there is something to do'

# ---- bad input ----

kvsync put empty ''
run kvsync raw -k empty -f out
status_is 7 'an empty value'
err_is 'kvsync: raw: empty has 0 lines, fewer than the 1 asked for; --min-lines lowers that\n' 'in words'
run kvsync raw -k empty -f out -l 0
status_is 0 'if it may be'
bytes_are out "" "is a file without bytes"
run kvsync raw -k some/key -f out --max-bytes 3
status_is 7 'too big'
mkdir dir
run kvsync raw -k some/key -f dir
status_is 1 'a directory'
run kvsync raw -k '' -f out
status_is 2 'an empty key'
run kvsync raw -f out
status_is 2 'no key'
run kvsync raw -k some/key
status_is 2 'no file'
run kvsync raw -k some/key -f out --ignore-stop
status_is 2 'there is no stop'
kvsync keygen --quiet key
echo 'verify-keys: [key.pub]' >c.yaml
run kvsync --config c.yaml raw -k some/key -f out
status_is 2 'where only what is signed may be installed'
err_has 'a raw value has no signature, and verify-keys in the configuration allows only what is signed' 'in words'
done_testing
