# shellcheck shell=sh disable=SC2154
# SPDX-License-Identifier: Apache-2.0
# Stops of keys, locks of files.  Sourced by cases.sh.

# ---- stop ----

kx stop -k hosts -r 'out for lunch' --verbose -e 'touch stop-ran'
status_is 0 'a stop'
succeeds 'runs a command' test -e stop-ran
out_has "stop: location='complete', elapsed='" 'and tells its time'
out_has "KeyStop='kvexpress/hosts/stop' saved='true' KeyStopReason='out for lunch'" 'is told'
is "$(stored kvexpress/hosts/stop)" 'out for lunch' 'and stored'
kx in -k hosts -f other --verbose
status_is 1 'in does nothing then'
out_has 'Stop Key is present - stopping. Reason: out for lunch' 'and says why'
pair_is_before=$(stored kvexpress/hosts/checksum)
is "$pair_is_before" "$(hash_of hosts)" 'nothing was written'
kx out -k hosts -f o/stopped --verbose
status_is 0 'out does nothing, and that is no failure'
out_has 'Stop Key is present - stopping. Reason: out for lunch' 'it says why'
refuses 'nothing is installed' test -e o/stopped
kx out -k hosts -f o/stopped --ignore_stop --verbose
out_has 'out: Ignoring any stop key.' 'and which is told'
same_file o/stopped hosts 'unless it is ignored'
: >empty
store kvexpress/hosts/stop empty
rm o/stopped
kx out -k hosts -f o/stopped
same_file o/stopped hosts 'an empty stop is none'
kx stop -k hosts -r again
kvsync_start() {
	case $store_kind in
	consul) CONSUL_HTTP_TOKEN=$server_token run kvsync --backend consul --endpoint "$server" start hosts ;;
	*) run kvsync start hosts ;;
	esac
}
kvsync_start
status_is 0 'defect 22: kvsync start lifts a stop'
kx in -k hosts -f hosts
status_is 0 'and all goes on'

# ---- lock ----

target=$tmp/o/locked
lock=kvexpress/locks/$(printf %s "$target" | sha256sum | cut -c 1-64)/$(uname -n)
kx lock -f "$target" -r 'hands off' --verbose -e 'touch lock-ran'
status_is 0 'a lock'
refuses 'it runs no command' test -e lock-ran
refuses 'nor tells its time' grep -q location= "$out"
out_has "'$target' was locked." 'is told'
is "$(stored "$lock")" 'hands off' 'and stored'
bytes_are "$target.locked" "To unlock '$target' and allow kvexpress to write again:

sudo kvexpress unlock -f $target

Reason Locked: hands off

" 'FILE.locked tells how to unlock it'
kx out -k hosts -f "$target" --ignore_stop --verbose
status_is 0 'out does nothing then, and that is no failure'
out_has 'Lock Key is present - will not update file. Reason: hands off' 'it says why'
refuses 'nothing is installed' test -e "$target"
kx out -k hosts -f o/locked
refuses 'defect 20: a relative path is the same file' test -e "$target"
kx out -k hosts -f "$tmp//o/../o/locked"
refuses 'and so is another way to it' test -e "$target"
kx lock -f "$target" --verbose
out_has "lock: file='locked' file='$target.locked' does_not_exist='false'" 'a second lock'
case $(stored "$lock") in
"No reason given for '$target' by '$(id -un)' at '20"??-??-??T??:??:??Z"'.") pass 'without a reason there is one' ;;
*) fail "without a reason there is one: $(stored "$lock")" ;;
esac
file_has "$target.locked" 'hands off' 'FILE.locked is kept'
kx unlock -f "$target" --verbose -e 'touch lock-ran'
status_is 0 'an unlock'
out_has "unlock: '$target' was unlocked." 'is told'
refuses 'it runs no command either' test -e lock-ran
is "$(stored "$lock")" '' 'takes the lock away'
refuses 'and FILE.locked' test -e "$target.locked"
kx out -k hosts -f "$target"
same_file "$target" hosts 'and the file comes'
