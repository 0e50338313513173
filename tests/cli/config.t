#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The configuration as a user meets it: found, checked, shown, obeyed, and its mistakes told.
# shellcheck source=tests/lib/cli.sh
. "${0%/*}/../lib/cli.sh"

# ---- where it is looked for ----

run kvsync --config none.yaml config check
status_is 2 'a --config that is missing is an error'
out_has 'none.yaml: cannot be read: No such file or directory' 'which names the file'
KVSYNC_CONFIG=other.yaml run kvsync config dump
status_is 2 'so is KVSYNC_CONFIG'
err_has 'other.yaml: cannot be read' 'which names the file'
run kvsync --config none.yaml --backend local get x
status_is 2 'also for a command that would not need it'
if [ ! -e /etc/kvsync ]; then
	run kvsync config check
	status_is 0 'the default file may be missing'
	out_is 'no configuration: there is no /etc/kvsync/kvsync.yaml\n' 'and that is told'
else
	skip 2 'this host has a configuration of its own'
fi

# ---- a good one ----

mkdir etc etc/conf.d
cat >etc/kvsync.yaml <<-END
	stores:
	  main:
	    backend: local
	    path: main.db
	default-store: main
	prefix: "files"
	log-level: info
END
cat >etc/conf.d/10-more.json <<-END
	{"stores": {"other": {"url": "local:$tmp/other.db"}}}
END
KVSYNC_CONFIG=$tmp/etc/kvsync.yaml
export KVSYNC_CONFIG

run kvsync config check
status_is 0 'a good configuration'
out_is '2 files, 2 stores: 0 errors, 0 warnings\n' 'is summed up'

run kvsync config dump
status_is 0 'it can be shown'
out_has "# $tmp/etc/kvsync.yaml" 'with the files that it comes from'
out_has "# $tmp/etc/conf.d/10-more.json" 'all of them'
out_has 'prefix: "files"' 'what is set'
out_has 'timeout: "10s"  # default' 'what is not set is marked'
out_has "    path: \"$tmp/etc/main.db\"" 'a relative path counts from its file'
cp "$out" again.yaml
run kvsync --config again.yaml config dump
status_is 0 'what is shown is a configuration itself'
grep -v '^#' "$out" | sed 's/  # default//' >second
grep -v '^#' again.yaml | sed 's/  # default//' >first
same_file second first 'with the same meaning'

run kvsync config dump --output json
status_is 0 'it can be shown as JSON'
out_has '{"key":"prefix","value":"files","default":false,"file":"'"$tmp"'/etc/kvsync.yaml","line":6,"column":1}' \
	'with the place of each key'
out_has '{"store":"other","key":"tombstones","value":"10000","default":true}' 'and defaults'

run kvsync put greeting hello
status_is 0 'the default store is used'
succeeds 'where the section says' test -s etc/main.db
run kvsync --store other put greeting world
status_is 0 'a store by its name'
run kvsync --store "local:$tmp/other.db" get greeting
out_is 'world' 'is the one of that section'
run kvsync --store mian get greeting
status_is 2 'a name that is no store'
err_has 'did you mean "main"?' 'gets the nearest one'

# ---- bad ones ----

cat >etc/kvsync.yaml <<-END
	stores:
	  main:
	    backend: local
	    pth: main.db
	    dial-timeout: 5
	  other: {backend: local}
	default-store: mian
	prefix: [a]
	prefix: b
	templates: []
	timeuot: 3s
END
run kvsync config check
status_is 2 'a bad configuration'
e=$tmp/etc/kvsync.yaml
out_is "$e:5:19: \"dial-timeout\": '5' is less than a millisecond; write the unit, as in 500ms or 3s
$e:8:9: \"prefix\" must be a single value, not a list
$e:9:1: duplicate key \"prefix\" (first at $e:8:1)
$e:10:1: the section \"templates\" is for kvsyncd, which this version of kvsync does not have; take it out
$e:11:1: unknown key \"timeuot\" (did you mean \"timeout\"?)
$tmp/etc/conf.d/10-more.json:1:13: duplicate key \"other\" (first at $e:6:3)
$e:7:1: \"default-store\" names mian, which is no store (did you mean \"main\"?)
$e:4:5: unknown key \"pth\" (did you mean \"path\"?)
2 files, 2 stores: 8 errors, 0 warnings
" 'every mistake is listed with its place'

run kvsync config check --output json
status_is 2 'the same as JSON'
out_has '{"severity":"error","file":"'"$e"'","line":11,"column":1,"message":"unknown key \"timeuot\" (did you mean \"timeout\"?)"}' \
	'one line a mistake'
out_has '{"ok":false,"files":2,"stores":2,"errors":8,"warnings":0}' 'and the sum'

run kvsync put greeting hello
status_is 2 'a command does not run on a bad configuration'
err_has "$e:5:19: " 'and tells the first mistake'
run kvsync config dump
status_is 2 'nothing is shown of it'

printf 'stores: {main: {backend: local, pth: x}}\n' >etc/kvsync.yaml
run kvsync --store main get x
status_is 2 "a key that only the store's backend could know"
err_has "$e:1:33: unknown key \"pth\" (did you mean \"path\"?)" 'is told when the store is used'

printf 'stores: {main: {backend: nowhere, own: x}}\n' >etc/kvsync.yaml
run kvsync config check
status_is 0 'a backend that is not installed'
out_has 'warning: nowhere support is not installed' 'is a warning'
run kvsync --store main get x
status_is 13 'until it is used'

printf 'prefix: a\033b\n' >etc/kvsync.yaml
run kvsync config check
status_is 2 'control bytes'
out_has 'control characters are not allowed' 'are refused'

head -c 1048577 /dev/zero | tr '\0' '#' >etc/kvsync.yaml
run kvsync config check
status_is 2 'a file over the cap'
out_has 'over 1048576 bytes' 'is refused'

# ---- secrets ----

printf 's3cret\n' >token
chmod 644 token
printf 'stores: {main: {backend: local, path: m.db, token-file: %s}}\n' "$tmp/token" >etc/kvsync.yaml
run kvsync config check
status_is 0 'a token that everybody may read'
out_has "warning: everybody on this host may read or change $tmp/token" 'is a warning'
run kvsync --store main put x y
err_has "everybody on this host may read or change $tmp/token, the token-file" 'when used, too'
run kvsync config dump
out_has "token-file: \"$tmp/token\"" 'the name of the file is shown'
refuses 'never what is in it' grep -q s3cret "$out"

# ---- usage ----

run kvsync config
status_is 2 'what to do must be said'
run kvsync config chekc
status_is 2 'an unknown word'
err_has "expected check or dump" 'gets the known ones'

done_testing
