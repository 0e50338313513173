# shellcheck shell=sh disable=SC2154
# SPDX-License-Identifier: Apache-2.0
#
# What people know of kvexpress 1.16, case by case, on whichever store the scenario that sources this
# has: kx runs it there (and sets $status, $out and $err), stored, store and erase look at the store
# as another program would, $store_kind is its name.
#
# Of its faults, numbered as in kvexpress(1), each that is mended has its case here or in consul.t.

# the program and what goes before it, for kx
# shellcheck disable=SC2034
kx_program=kvexpress
mkdir bin
ln -s "$builddir/.libs/kvsync" bin/kvexpress
PATH=$tmp/bin:$PATH
seq 10 29 >hosts
seq 10 39 >other
hash_of() {
	sha256sum <"$1" | cut -c 1-64
}

# old_in KEY FILE [-z | -Z]: what kvexpress itself writes (1.16; -Z: with -z, until 1.14)
old_in() {
	old_flags=0
	case ${3:-} in
	-z) brotli -q 11 -c "$2" >old && old_flags=1 ;;
	-Z) gzip -c "$2" | base64 -w 0 >old ;;
	*) cp "$2" old ;;
	esac
	store "kvexpress/$1/data" old "$old_flags"
	printf %s "$(hash_of "$2")" >sum
	store "kvexpress/$1/checksum" sum
}

# pair_is KEY FILE NAME: what kvexpress would find
pair_is() {
	stored "kvexpress/$1/data" >got
	same_file got "$2" "$3"
	stored "kvexpress/$1/checksum" >got
	bytes_are got "$(hash_of "$2")" 'its checksum in hex, without a newline'
}

# ---- the command line ----

run kvexpress
status_is 0 'no command'
out_is '`kvexpress -h` for help information.\n`kvexpress -v` for version information.\n' 'two lines'
run kvexpress in --nonsense -v -k
status_is 0 '-v anywhere, behind whatever'
succeeds 'four lines' test "$(grep -cE '^(Version |Revision|Date    |Go      ) : .' "$out")" -eq 4
run kvexpress --version
out_has 'Version  : 1.16' 'by its long name'
run kvexpress -h
status_is 0 'help'
out_has '  unlock' 'lists the commands'
out_has '--datadog_app_key' 'and the options'
run kvexpress in -h
out_has '--sorted' 'of one command, too'
run kvexpress in --nonsense
status_is 1 'defect 1: an unknown option is a failure'
err_has 'unknown option --nonsense' 'with words'
run kvexpress nonsense
status_is 1 'defect 1: an unknown command, too'
err_has 'unknown command "nonsense"' 'with words'
kx out -k a -f b -S
status_is 1 'an option of another command'
err_has '--sorted has no meaning with the command out' 'with words'

# message TEXT WORD...: this on standard output, and status 1
message() {
	message_text=$1
	shift
	run kvexpress "$@"
	status_is 1 "$*"
	out_is "$message_text\n" 'its words'
}

message 'Need a key location in -k' in
message 'Need a file -f or url -u to read from.' in -k x
message 'File  nowhere  does not exist.' in -k x -f nowhere
message 'You cannot use both -f and -u.' in -k x -f hosts -u http://127.0.0.1:1/
message 'Need a key location in -k' out -f x
message 'Need a file to write in -f' out -k x
message 'Need a key location in -k' raw -f x
message 'Need a file to write in -f' raw -k x
message "Can NOT write a directory $tmp" raw -k x -f "$tmp"
message 'Need a key to stop in -k' stop
message 'Need a reason to stop in -r' stop -k x
message 'Need a file to lock with -f' lock
message 'Need a file to lock with -f' unlock
message 'Need a key location in --keyfrom' copy --keyto x
message 'Need a key destination in --keyto' copy --keyfrom x
message 'Please supply a complete file path.' lock -f x
message 'Please supply a complete file path.' unlock -f x
message "Can NOT write a directory $tmp" out -k x -f "$tmp"

# forms of options: each puts the file there
form() {
	form_name=$1
	shift
	erase kvexpress/form/checksum 2>/dev/null
	kx "$@"
	status_is 0 "$form_name"
	is "$(stored kvexpress/form/checksum)" "$(hash_of hosts)" 'and it is there'
}

form 'a stray word behind a flag' in -k form -f hosts -z true
form 'flags with a value' in -kform --file=hosts -z=true -S=false --sorted=0
form '-ztrue' in -k=form -fhosts -ztrue
form 'options in front of the command, and a stray word' --sorted true -l 20 in -k form -f hosts
form 'bundles' in -Szk form -f hosts true -l20
form 'words that mean nothing' in these -k form words -f hosts are ignored

ln -s kvexpress bin/lt-kvexpress
run lt-kvexpress
out_has 'kvexpress -h' 'started by the wrapper of a build tree it is the same'
run kvsync -h
out_has 'Usage: kvsync' 'and by its own name it is kvsync'

# ---- in ----

kx in -k hosts -f hosts
status_is 0 'in'
out_is '' 'says nothing'
pair_is hosts hosts 'the file is in the store'
same_file hosts.compare hosts 'FILE.compare is what was put there'
same_file hosts.last hosts 'so is FILE.last'
mode_is hosts.last 640 'with the mode of -c'
kx in -k hosts -f hosts --verbose
status_is 0 'again'
out_has "in: file checksum='match' update='false'" 'there is nothing to do'
succeeds 'lines have their time and direction' \
	grep -qE "^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:]{8}Z: in: kvexpress version:" "$out"
rm hosts.last
kx in -k hosts -f hosts --verbose
out_has "in: consul checksum='match' update='false'" 'without FILE.last the store tells that'
same_file hosts.last hosts 'and it is made'
kx in -k hosts -f other --verbose
out_has "consul KeyData='kvexpress/hosts/data' saved='true' size='$(wc -c <other)'" 'a change is told'
out_has "location='complete', elapsed='" 'and the time'
pair_is hosts other 'and stored'

erase kvexpress/hosts/data
kx in -k hosts -f other
pair_is hosts other 'defect 2: what was lost in the store is put there again'
printf damaged >bad
store kvexpress/hosts/checksum bad
kx in -k hosts -f other
pair_is hosts other 'defect 2: what was damaged, too'

kx in -k hosts -f hosts -z
stored kvexpress/hosts/data | brotli -d >got 2>/dev/null
same_file got hosts 'with -z it is brotli'
is "$(stored kvexpress/hosts/checksum)" "$(hash_of hosts)" 'the checksum is of the file'

printf 'b\n\na\nc' >unsorted
kx in -k sorted -f unsorted -S -l 2
printf 'a\nb\nc' >sorted
pair_is sorted sorted '-S sorts the lines by their bytes, without empty ones'
echo >>unsorted
kx in -k sorted -f unsorted -S -l 3
printf 'a\nb\nc\n' >sorted
pair_is sorted sorted 'defect 18: -S loses no newline and counts the last line'

# lines FILE-CONTENT NUMBER STATUS NAME
lines() {
	printf "$1" >short
	kx in -k short -f short -l "$2"
	status_is "$3" "$4"
}

lines '1\n2\n3' 3 1 'a last line without its newline does not count'
lines '1\n2\n3\n' 3 0 'with it, it does'
lines '1' 1 0 'a single line does in any case'
lines '' 1 1 'defect 17: an empty file has no line'
lines '' 0 1 'an empty file is never put there'
err_has 'short is empty' 'with words'
printf '1\n2\n' >few
rm -f few.compare few.last
kx in -k few -f few --verbose
status_is 1 'fewer than 10 lines by default'
out_has 'File is NOT long enough. Stopping.' 'are told'
is "$(stored kvexpress/few/data)$(ls few.*  2>/dev/null)" '' 'nothing was written'
kx in -k few -f few -l 9999999999999999999999
status_is 1 'a length that is no number'
mkdir few.last
kx in -k few -f few -l 1
status_is 1 'FILE.last is a directory'
is "$(stored kvexpress/few/data)" '' 'nothing was written either'
head -c 5000000 /dev/zero >big
kx in -k big -f big -l 0
status_is 1 'defect 15: a file that is too big is refused at once'

# ---- out ----

rm -rf o
kx out -k hosts -f "$tmp/o/p/hosts"
status_is 0 'out'
out_is '' 'says nothing'
same_file o/p/hosts hosts 'the file is there, and its directory'
mode_is o/p/hosts 640 'with mode 0640'
mode_is o/p 755 'directories have 0755'
is "$(ls -A o/p)" hosts 'and nothing is left beside it'
kx out -k hosts -f o/p/hosts --verbose
status_is 0 'again'
out_has "out: 'o/p/hosts' has the same checksum. Stopping." 'there is nothing to do'
chmod 0600 o/p/hosts
(umask 077 && kx out -k hosts -f o/p/hosts -c 00644)
mode_is o/p/hosts 644 'defects 8 and 9: a mode is put right, whatever the umask'
kx out -k hosts -f o/p/hosts -c 664
mode_is o/p/hosts 664 'defect 9: modes are octal'
err_has 'warning: --chmod 664 is octal' 'which is told'
kx out -k hosts -f o/p/hosts -c 0999
status_is 1 'a mode that is none'
kx out -k hosts -f o/p/hosts -o no-such-user
status_is 1 'defect 10: an owner that is none'
err_has 'there is no user "no-such-user"' 'with words'
if [ "$(id -u)" -eq 0 ]; then
	kx out -k hosts -f o/p/hosts -o nobody
	is "$(stat -c %U:%G o/p/hosts)" "nobody:$(id -gn nobody)" 'an owner brings its group'
	kx out -k hosts -f o/p/hosts -o 12:34
	is "$(stat -c %u:%g o/p/hosts)" 12:34 'defect 10: numbers, and a group'
	kx out -k hosts -f o/p/hosts
	is "$(stat -c %u:%g o/p/hosts)" 0:0 'none: who runs it'
else
	skip 3 'owners need root'
fi
ln -s hosts o/p/link
kx out -k hosts -f o/p/link
status_is 1 'defect 11: a symbolic link is not replaced'
succeeds 'it is still one' test -L o/p/link

kx out -k none -f o/none
status_is 0 'a key that is not there (yet) is no failure'
refuses 'and no file' test -e o/none
kx out -k hosts -f o/short -l 21 --verbose
status_is 0 'nor are too few lines'
out_has "longEnough='no'" 'they are told'
err_has 'o/short was left alone: ' 'defect 23: also without --verbose'
refuses 'nothing is installed' test -e o/short
printf %s "$(hash_of other)" >sum
store kvexpress/mixed/checksum sum
store kvexpress/mixed/data hosts
kx out -k mixed -f o/mixed --verbose
status_is 0 'nor is a checksum that does not match'
out_has "checksumMismatch='yes'" 'it is told'
refuses 'nothing is installed, too' test -e o/mixed
printf 'H4sIAAAAAAAA' >bad
store kvexpress/mixed/data bad
kx out -k mixed -f o/mixed
status_is 1 'defect 1: what cannot be unpacked is a failure'
kx out -k hosts -f hosts/x
status_is 1 'defect 1: a directory that cannot be made is one'
kx out -k hosts -f /proc/kvexpress
status_is 1 'defect 1: so is a file that cannot be written'

# the same file in each of the encodings, and read with and without -z
for encoding in '' -z -Z; do
	old_in encoded other $encoding
	for z in '' -z; do
		rm -f o/encoded
		kx out -k encoded -f o/encoded $z
		same_file o/encoded other "defect 24: written with \"$encoding\", read with \"$z\""
	done
done
gzip -c other >raw
store kvexpress/encoded/data raw
rm -f o/encoded
kx out -k encoded -f o/encoded
same_file o/encoded other 'gzip as it is, which no release wrote'
printf '  %s\n' "$(hash_of other)" >sum
store kvexpress/encoded/checksum sum
rm -f o/encoded
kx out -k encoded -f o/encoded
same_file o/encoded other 'white space around a checksum'

# ---- raw ----

printf 'any\\001value' >value
store some/key value
kx raw -k some/key -f o/raw -p ignored -e 'touch raw-ran'
status_is 0 'raw: any key, whatever -p says and however few its lines'
same_file o/raw value 'its value as it is'
mode_is o/raw 640 'with mode 0640'
succeeds 'the command ran' test -e raw-ran
rm raw-ran
kx raw -k some/key -f o/raw -e 'touch raw-ran' --verbose
out_has "'o/raw' has the same checksum. Stopping." 'defect 19: again there is nothing to do'
refuses 'and no command' test -e raw-ran
gzip -c value | base64 -w 0 >packed
store some/key packed
kx raw -k some/key -f o/raw -z
same_file o/raw packed '-z means nothing'
kx raw -k some/none -f o/raw
status_is 0 'a key that is not there'
same_file o/raw packed 'defect 19: does not empty the file'
erase some/key

# ---- copy ----

# copied to what out needs: the same file, in whichever encoding
for encoding in '' -z -Z; do
	old_in canary/copy other $encoding
	kx copy --keyfrom canary/copy --keyto "copy$encoding" --verbose
	status_is 0 "a copy of what was written with \"$encoding\""
	out_has "copy='true' keyFrom='canary/copy' keyTo='copy$encoding'" 'is told'
	stored kvexpress/canary/copy/data | head -c 4 >want
	stored "kvexpress/copy$encoding/data" | head -c 4 >got
	same_file got want 'it stands as it stood there'
	is "$(stored "kvexpress/copy$encoding/checksum")" "$(hash_of other)" 'with its checksum'
done
kx copy --keyfrom copy --keyto packed -z -e 'touch copied'
stored kvexpress/packed/data | brotli -d >got 2>/dev/null
same_file got other '-z compresses it'
succeeds 'and the command runs' test -e copied
kx copy --keyfrom copy --keyto short-copy -l 31 --verbose
status_is 0 'too few lines are no failure'
out_has "longEnough='no'" 'they are told'
kx copy --keyfrom none --keyto short-copy
status_is 0 'nor is a key that is not there'
printf %s "$(hash_of hosts)" >sum
store kvexpress/canary/copy/checksum sum
kx copy --keyfrom canary/copy --keyto short-copy
status_is 0 'nor is a checksum that does not match'
is "$(stored kvexpress/short-copy/data)" '' 'nothing was written'
kx stop -k copy -r why
kx copy --keyfrom packed --keyto copy --verbose
status_is 1 'defect 22: the other key is stopped'
out_has 'Stop Key is present - stopping. Reason: why' 'it says why'
kx copy --keyfrom copy --keyto packed
status_is 0 'a stop of the key that is copied does not count'

# ---- -e ----

rm -f o/exec
kx out -k hosts -f o/exec -e "sh -c 'echo \"\$KVSYNC_KEY \$KVSYNC_FILE\" >>ran'"
is "$(cat ran)" "hosts $tmp/o/exec" 'defect 12: words have quotes; the command knows what changed'
kx out -k hosts -f o/exec -e 'touch again'
refuses 'no change, no command' test -e again
rm -f o/exec
kx out -k hosts -f o/exec -e "false it's"
status_is 1 'defect 1: a command that fails is a failure'
same_file o/exec hosts 'the file is there'
kx out -k hosts -f o/exec -e 'touch again > x | y && z' --verbose
status_is 0 'defect 12: it is redone until it succeeds'
succeeds 'operators are words like others, as ever' test -e '&&'
rm -f o/exec
kx out -k hosts -f o/exec -e '  '
status_is 1 'a command of blanks'
refuses 'nothing was installed' test -e o/exec
kx in -k exec -f hosts -e 'touch in-ran'
succeeds 'in runs one after a change' test -e in-ran
rm in-ran
kx in -k exec -f hosts -e 'touch in-ran'
refuses 'and none without' test -e in-ran
kx in -k exec -f other -e false
status_is 1 'one that fails is a failure'
kx in -k exec -f other -e 'touch in-ran'
succeeds 'and is redone' test -e in-ran
rm in-ran
erase kvexpress/exec/data
kx in -k exec -f other -e false
kx in -k exec -f other -e 'touch in-ran'
succeeds 'also after a repair' test -e in-ran
# shellcheck disable=SC2034
kx_program="env PATH=/nowhere $tmp/bin/kvexpress"
kx in -k exec -f hosts
status_is 0 'defect 14: no program diff is needed'
# shellcheck disable=SC2034
kx_program=kvexpress

# ---- what can be seen of secrets ----

kx stop -k secret -r why -a api-secret --datadog_app_key=app-secret -aagain \
	-e "sh -c 'tr \"\\\\000\" \" \" </proc/\$PPID/cmdline >cmdline'"
status_is 0 'keys in the command line'
refuses 'are overwritten at once' grep -qE 'secret [^-r]*(api-secret|app-secret|again)' cmdline
succeeds 'where the rest still stands' grep -q -- 'stop -k secret -r why' cmdline

# ---- stop ----

kx stop -k hosts -r 'out for lunch' --verbose
status_is 0 'a stop'
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
kx out -k hosts -f o/stopped --ignore_stop
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
kx lock -f "$target" -r 'hands off' --verbose
status_is 0 'a lock'
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
kx lock -f "$target"
case $(stored "$lock") in
"No reason given for '$target' by '$(id -un)' at '20"??-??-??T??:??:??Z"'.") pass 'without a reason there is one' ;;
*) fail "without a reason there is one: $(stored "$lock")" ;;
esac
file_has "$target.locked" 'hands off' 'FILE.locked is kept'
kx unlock -f "$target"
status_is 0 'an unlock'
is "$(stored "$lock")" '' 'takes the lock away'
refuses 'and FILE.locked' test -e "$target.locked"
kx out -k hosts -f "$target"
same_file "$target" hosts 'and the file comes'

# ---- prefixes and keys as they are ----

# named PREFIX KEY STORED-KEY
named() {
	kx in -k "$2" -f hosts -p "$1"
	status_is 0 "prefix \"$1\", key \"$2\""
	is "$(stored "$3/checksum")" "$(hash_of hosts)" "stand under $3"
	rm -f o/named
	kx out -k "$2" -f o/named -p "$1"
	same_file o/named hosts 'and come from there'
}

named /etc/files canary/hosts etc/files/canary/hosts
named '' bare bare
named kvexpress mysql/data kvexpress/mysql/data
# Consul redirects such a path, so that kvexpress could never write there
[ "$store_kind" = consul ] || named kvexpress /hosts kvexpress//hosts

# ---- -C ----

kx in -k file -f hosts -C nowhere.yaml
status_is 1 'defect 4: a file of -C that is not there is a failure'
err_has 'nowhere.yaml: cannot be read: No such file' 'with words'
printf 'dogstatsd: [\n' >broken.yaml
kx in -k file -f hosts -C broken.yaml
status_is 1 'so is one that is no YAML'
printf 'dogstatsd: true\ntoken:\nunknown: [1]\n' >fine.yaml
kx in -k file -f hosts -C fine.yaml
status_is 0 'one with an unknown key is fine'
err_has 'warning: fine.yaml:3:1: unknown key "unknown" is ignored' 'which is told'

# ---- nothing else is in the store ----

everything >keys
grep -vE '^(kvexpress|etc/files|bare)/' keys >strange
is "$(cat strange)" '' 'kvexpress knows every key that was written'
succeeds 'and there are some' test "$(wc -l <keys)" -gt 20
