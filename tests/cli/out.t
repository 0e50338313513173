#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# kvsync out: a file comes out of the store, if it has changed.
# shellcheck source=tests/lib/cli.sh
. "${0%/*}/../lib/cli.sh"
export KVSYNC_STORE="local:$tmp/s.db"

# out ARGUMENT...: runs it with a memory of its own.
out() {
	run kvsync out --state-dir "$tmp/states" "$@"
}

seq -f 'host%g' 600 >source
kvsync in -k hosts -f source --quiet
sum=$(sha256sum <source | cut -c 1-12)

# ---- the file's way ----

out -k hosts -f target
status_is 0 'a new file'
out_is "target: installed, 600 lines, $(stat -c %s source) bytes, sha256 $sum\n" 'what happened'
err_is '' 'and nothing else'
same_file target source 'it is there'
mode_is target 640 'with the mode of new files'
inode=$(stat -c %i target)
out -k hosts -f target
status_is 0 'again'
out_is "target: nothing to do, sha256 $sum\n" 'there is nothing to do'
is "$(stat -c %i target)" "$inode" 'the file was not touched'
out -k hosts -f target --quiet
out_is '' 'who wants no words gets none'

chmod 0604 target
echo more >>source
kvsync in -k hosts -f source --quiet
out -k hosts -f target --output json
status_is 0 'a changed file'
out_is "{\"key\":\"hosts\",\"file\":\"target\",\"installed\":true,\"repaired\":false,\"command_run\":false,\"lines\":601,\"bytes\":$(stat -c %s source),\"checksum\":\"$(sha256sum <source | cut -c 1-64)\"}\n" 'as JSON'
same_file target source 'it is replaced'
mode_is target 604 'and keeps its mode'
echo edited >>target
out -k hosts -f target
same_file target source 'what somebody edited is put back'
is "$(find . -name '.*kvsync-*')" '' 'no temporary stays'

out -k hosts -f a/b/c
status_is 0 'missing directories'
same_file a/b/c source 'are made'
kvsync --prefix other in -k hosts -f target --quiet
out -p other -k hosts -f elsewhere
status_is 0 'another prefix'

# ---- owner and mode ----

out -k hosts -f rights --mode 600
mode_is rights 600 'a mode'
chmod 666 rights
out -k hosts -f rights --chmod 00600
out_has 'rights: owner or mode put right' 'a mode that drifted'
mode_is rights 600 'is put right'
if [ "$(id -u)" -eq 0 ]; then
	out -k hosts -f rights --owner 4242:4243
	is "$(stat -c %u:%g rights)" 4242:4243 'an owner that drifted is put right'
	echo again >>source
	kvsync in -k hosts -f source --quiet
	out -k hosts -f rights
	is "$(stat -c %u:%g:%a rights)" 4242:4243:600 'a replaced file keeps owner and mode'
	out -k hosts -f rights --owner nobody
	is "$(stat -c %U rights)" nobody 'a name'
else
	skip 3 'only root can give files away'
fi
out -k hosts -f target --owner nobody-has-this-name
status_is 2 'a name that nobody has'
err_has '--owner: there is no user "nobody-has-this-name" on this machine' 'in words'

# ---- symbolic links ----

ln -s pointed link
out -k hosts -f link
status_is 1 'a symbolic link'
err_has 'link is a symbolic link, and following it was not asked for' 'is not followed'
succeeds 'and stays' test -L link
out -k hosts -f link --follow
status_is 0 'unless asked'
same_file pointed source 'then what it points to is written'
succeeds 'and it stays too' test -L link

# ---- guards ----

kvsync stop hosts 'for lunch' --quiet
rm target
out -k hosts -f target
status_is 6 'a stopped key'
err_is "kvsync: out: hosts is stopped until kvsync start lifts it: for lunch\n" 'the reason is told'
refuses 'stopped: nothing installed' test -e target
out -k hosts -f target --ignore-stop
status_is 0 'a stop that is ignored'
same_file target source 'the file comes'
kvsync start hosts --quiet

lock=kvexpress/locks/$(printf %s "$tmp/target" | sha256sum | cut -c 1-64)/$(uname -n)
kvsync put "$lock" 'hands off'
echo edited >>target
cp target edited
out -k hosts -f ./target --ignore-stop
status_is 6 'a locked file'
err_is "kvsync: out: $tmp/target is locked on this machine until kvsync unlock lifts it: hands off\n" 'the reason is told'
same_file target edited 'locked: nothing installed'
kvsync del "$lock"
lock=kvexpress/locks/$(printf %s ./target | sha256sum | cut -c 1-64)/$(uname -n)
kvsync put "$lock" 'typed so'
out -k hosts -f ./target
status_is 6 'a lock of the path as it is typed'
out -k hosts -f target
status_is 0 'which another way of typing does not meet'
kvsync del "$lock"
cat >node.yaml <<-END
	node-name: web7
END
kvsync put "kvexpress/locks/$(printf %s "$tmp/target" | sha256sum | cut -c 1-64)/web7" 'by name'
out -k hosts -f target --config node.yaml
status_is 6 'a lock under the configured name of the node'

out -k hosts -f short --min-lines 10000
status_is 7 'too few lines'
err_has 'kvexpress/hosts/data has 60' 'in words'
refuses 'too short: nothing installed' test -e short

head -n 100 source >few
cp few shrinking
cat source source >>shrinking
cp shrinking before
out -k hosts -f shrinking --max-shrink 10
status_is 7 'a file that shrank too much'
err_is "kvsync: out: $tmp/shrinking would shrink by 54 % (from $(stat -c %s before) to $(stat -c %s source) bytes), more than the 10 % allowed; --max-shrink raises that\n" 'in words'
same_file shrinking before 'shrunk: the old file stays'
out -k hosts -f shrinking --max-shrink 60%
status_is 0 'as much as may go'
out -k hosts -f unlike --require '^# made by'
status_is 7 'a pattern that no line matches'
err_has "kvexpress/hosts/data has no line that matches '^# made by', which --require asks for" 'in words'
out -k hosts -f unlike --min-bytes 1M
status_is 7 'too few bytes'
refuses 'refused: nothing installed' test -e unlike

# ---- a pair that does not match ----

kvsync put kvexpress/hosts/data mixed
rm -f target
out -k hosts -f target
status_is 8 'data that is not that of the checksum'
err_has 'kvexpress/hosts/data does not match its checksum' 'in words'
refuses 'mixed: nothing installed' test -e target
kvsync del kvexpress/hosts/data
out -k hosts -f target
status_is 8 'missing data'
kvsync in -k hosts -f source --quiet
out -k hosts -f target
status_is 0 'in repairs it'

# ---- the command ----

cat >./command <<'END'
#!/bin/sh
echo "$1|$KVSYNC_KEY|$KVSYNC_FILE|$KVSYNC_CHECKSUM" >>ran
echo said
[ ! -e fail ]
END
chmod +x command
out -k hosts -f cmd -e './command "two words"'
status_is 0 'a change with a command'
out_has ', command run' 'it ran'
file_has ran "two words|hosts|$tmp/cmd|$(sha256sum <source | cut -c 1-64)" 'with its words and environment'
out -k hosts -f cmd -e './command x'
is "$(wc -l <ran)" 1 'no change, no command'
echo changed >>source
kvsync in -k hosts -f source --quiet
: >fail
out -k hosts -f cmd -e './command fails'
status_is 9 'a failing command'
err_has "kvsync: warning: ./command: said" 'what it said is logged'
err_has "command './command' exited with status 1" 'and how it ended'
out_has 'cmd: installed' 'the file was installed before'
same_file cmd source 'and stays'
out -k hosts -f cmd -e './command fails'
status_is 9 'it is tried again though the file is right'
rm fail
out -k hosts -f cmd -e './command works'
status_is 0 'until it succeeds'
out_has 'cmd: nothing to do' 'the file is right'
out_has ', command run' 'the command was owed'
out -k hosts -f cmd -e './command works'
is "$(wc -l <ran)" 4 'then no more'
out -k hosts -f cmd2 -e 'no-such-command-anywhere'
status_is 9 'a command that is not there'
out -k hosts -f cmd3 -e 'sleep 1; true'
status_is 2 'what only a shell can do'
err_has '--exec: ' 'in words'
refuses 'shell: nothing installed' test -e cmd3

out -k hosts -f cmd3 --exec-shell 'wc -l <"$KVSYNC_FILE" | tr -d " " >counted'
status_is 0 'a shell, if it is asked for'
is "$(cat counted)" "$(wc -l <source)" 'does what only a shell can do'
out -k hosts -f cmd4 -e true --exec-shell true
status_is 2 'two commands'
err_has 'give only one of --exec and --exec-shell' 'in words'
out -k hosts -f cmd4 --exec-shell ' '
status_is 2 'an empty one'
out -k hosts -f cmd4 --exec 'sleep 60' --exec-timeout 50ms
status_is 9 'a command that takes too long'
err_has "command 'sleep' was not done after 50 ms and was ended" 'in words'
CONSUL_HTTP_TOKEN=s3cr3t ETCDCTL_PASSWORD=s3cr3t out -k hosts -f cmd4 --reload env --verbose
status_is 0 'by the name of the key in the configuration, a command that shows its environment'
err_has 'kvsync: info: env: KVSYNC_KEY=hosts' 'has what is meant for it'
refuses 'and no secret' grep -q s3cr3t "$err"

# ---- told to end while the command runs ----

cat >./slow <<'END'
#!/bin/sh
sleep 60 &
echo $! >child.new
mv child.new child
wait
END
chmod +x slow
start out kvsync out --state-dir "$tmp/states" -k hosts -f told -e ./slow
succeeds 'the command runs' wait_for 10 test -e child
kill -TERM "$out_pid"
succeeds 'told to end' finish out 10
status_is 143 'it dies of the signal'
err_has "command './slow' was ended because kvsync was told to end (Terminated)" 'after it has said why'
succeeds 'nothing of the command is left' wait_for 10 gone "$(cat child)"
same_file told source 'the file stays'
out -k hosts -f told -e './command owed'
out_has 'told: nothing to do' 'the next run finds the file'
out_has ', command run' 'and knows that the command is owed'

# ---- memory ----

: >file
run kvsync out -k hosts -f remembered --state-dir file/states
status_is 0 'where nothing can be remembered'
err_has "kvsync: warning: $tmp/remembered is not remembered on this machine: " 'there is a warning'
is "$(wc -l <"$err")" 1 'just one'
same_file remembered source 'and the file'

echo "state-dir: $tmp/configured" >dir.yaml
run kvsync --config dir.yaml out -k hosts -f remembered
status_is 0 'a directory from the configuration'
is "$(find configured -name '*.state' | wc -l)" 1 'is where it is remembered'
echo 'state-dir: states' >dir.yaml
run kvsync --config dir.yaml out -k hosts -f remembered
status_is 2 'it must not be relative'
err_has "dir.yaml:1:12: \"state-dir\": 'states' is not an absolute path" 'which is told with its place'

# ---- bad input ----

# bad STATUS WORDS NAME ARGUMENT...
bad() {
	bad_status=$1 bad_words=$2 bad_name=$3
	shift 3
	out "$@"
	status_is "$bad_status" "$bad_name"
	err_has "$bad_words" "$bad_name: words"
}
bad 2 'the key is missing: give --key KEY and --file FILE' 'no key' -f x
bad 2 'the file is missing' 'no file' -k hosts
bad 2 '--file' 'an empty path' -k hosts -f ''
bad 2 'the key is empty' 'an empty key' -k '' -f x
bad 2 'has a part that is' 'dots in a key' -k ../hosts -f x
bad 2 '--mode' 'a mode that is not octal' -k hosts -f x --mode 0888
bad 2 'is not of the form user' 'half an owner' -k hosts -f x --owner root:
bad 5 'there is no kvexpress/nothing/checksum' 'no such key' -k nothing -f x
bad 1 'Is a directory' 'a directory' -k hosts -f states
mkfifo fifo
bad 1 'fifo is not a regular file' 'a fifo' -k hosts -f fifo
bad 1 'Not a directory' 'a file on the way' -k hosts -f file/x
refuses 'bad input: nothing installed' test -e x

chmod 0755 "$tmp"
mkdir -m 0755 closed
cp source closed/t
echo old >>closed/t
cp closed/t old
chmod 0644 closed/t
mkdir -m 0777 shared
run as_nobody sh -c "umask 0; kvsync --store local:$tmp/shared/db/s.db in -k hosts -f /etc/passwd --quiet &&
	kvsync --store local:$tmp/shared/db/s.db out -k hosts -f $tmp/closed/t --state-dir $tmp/shared/st"
if [ "$(id -u)" -eq 0 ]; then
	status_is 1 'a directory that may not be written'
	err_has "create $tmp/closed/.t.kvsync-" 'the call and the path are named'
	err_has 'Permission denied' 'and why'
	same_file closed/t old 'the old file stays'
else
	skip 4 'needs a second user'
fi

done_testing
