#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# kvsync lock and unlock: a file is left alone on this machine.
# shellcheck source=tests/lib/cli.sh
. "${0%/*}/../lib/cli.sh"
export KVSYNC_STORE="local:$tmp/s.db"

target=$tmp/d/hosts
mkdir d
digest=$(printf %s "$target" | sha256sum | cut -c 1-64)
lock=kvexpress/locks/$digest/$(uname -n)
seq 20 >hosts
kvsync in --quiet -k hosts -f hosts

# ---- the way there and back ----

run kvsync lock "$target" 'hands off'
status_is 0 'a lock'
out_is "$target: locked on this machine\n" 'is told'
is "$(kvsync get "$lock")" 'hands off' 'it is there'
is "$(ls d)" '' 'and nothing on disk'
run kvsync out -k hosts -f "$target" --ignore-stop
status_is 6 'the file'
err_has "$target is locked on this machine until kvsync unlock lifts it: hands off" 'is left alone'
before=$(kvsync index)
run kvsync lock -f "$target" -r 'hands off'
out_is "$target: nothing to do, locked already\n" 'the same by options is nothing to do'
run kvsync lock "$target"
out_is "$target: nothing to do, locked already\n" 'and so is a lock without a reason'
is "$(kvsync index)" "$before" 'nothing was written'
run kvsync lock "$target" 'until two' --output json
out_is "{\"file\":\"$target\",\"changed\":true}\n" 'another reason, as JSON'
is "$(kvsync get "$lock")" 'until two' 'replaces the first'

run kvsync unlock "$target"
status_is 0 'an unlock'
out_is "$target: unlocked; it was locked: until two\n" 'tells what it was'
run kvsync get "$lock"
status_is 5 'the lock is gone'
run kvsync unlock -f "$target"
status_is 0 'again'
out_is "$target: nothing to do, it was not locked\n" 'is nothing to do'
run kvsync unlock "$target" --output json
out_is "{\"file\":\"$target\",\"changed\":false}\n" 'as JSON'
run kvsync out --quiet -k hosts -f "$target"
status_is 0 'the file may be written again'

# ---- paths ----

run kvsync lock "$tmp//d/./x/../hosts" why
status_is 0 'a path that is not clean'
is "$(kvsync get "$lock")" why 'is locked by the clean one'
run kvsync unlock "$tmp/d//hosts" --output json
out_is "{\"file\":\"$tmp/d//hosts\",\"changed\":true,\"reason\":\"why\"}\n" 'and unlocked by any'
typed=kvexpress/locks/$(printf %s "$tmp/d//hosts" | sha256sum | cut -c 1-64)/$(uname -n)
kvsync put "$typed" 'of old'
run kvsync unlock "$tmp/d//hosts"
out_has 'unlocked; it was locked: of old' 'a lock of the path as typed is lifted'
run kvsync get "$typed"
status_is 5 'too'
cd d || exit 1
for verb in lock unlock; do
	run kvsync $verb hosts
	status_is 2 "$verb of a relative path"
	err_has "the path \"hosts\" is relative: a lock needs the whole path, as in $target" 'in words'
done
cd .. || exit 1
run kvsync --prefix other lock "$target" why
status_is 0 'another prefix'
is "$(kvsync get "other${lock#kvexpress}")" why 'is honoured'
echo 'node-name: web7' >c.yaml
run kvsync --config c.yaml lock "$target" why
status_is 0 'another node name'
is "$(kvsync get "${lock%/*}/web7")" why 'is honoured'

# ---- reasons ----

run kvsync --quiet lock "$target"
out_is '' 'who wants no words gets none'
run kvsync get "$lock"
succeeds 'the default names the file, the user and the time' grep -Exq \
	"No reason given for '$target' by '$(id -un)' at '[0-9-]{10}T[0-9:]{8}Z'\." "$out"
kvsync put "$lock" ''
run kvsync unlock "$target"
out_has 'nothing to do' 'an empty lock is none'
run kvsync lock "$target" ''
status_is 2 'an empty reason'
err_has 'the reason is empty' 'in words'

# ---- kvexpress' note ----

printf "To unlock '%s' and allow kvexpress to write again:\n\nsudo kvexpress unlock -f %s\n" \
	"$target" "$target" >"$target.locked"
run kvsync unlock "$target"
refuses 'the note goes with the lock' test -e "$target.locked"
echo mine >"$target.locked"
run kvsync unlock "$target"
status_is 0 'another file of that name'
bytes_are "$target.locked" 'mine\n' 'stays'
rm "$target.locked"
mkdir "$target.locked"
run kvsync unlock "$target"
status_is 0 'what cannot be read'
err_has 'the note of kvexpress stays' 'is a warning'

# ---- usage ----

run kvsync lock
status_is 2 'a lock without a file'
err_has 'the file is missing; usage: kvsync lock FILE [REASON]' 'in words'
run kvsync lock "$target" two words
status_is 2 'a reason without quotes'
err_has "unexpected operand 'words'; a reason of several words needs quotes" 'in words'
run kvsync unlock
status_is 2 'an unlock without a file'
err_has 'give one file; usage: kvsync unlock FILE' 'in words'
run kvsync unlock /a /b
status_is 2 'an unlock of two'

done_testing
