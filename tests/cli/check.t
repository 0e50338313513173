#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Files that are judged by a command before they travel or stay, and what comes back if they do not.
# shellcheck source=tests/lib/cli.sh
. "${0%/*}/../lib/cli.sh"
export KVSYNC_STORE="local:$tmp/s.db"

# out ARGUMENT...: runs it with a memory of its own.
out() {
	run kvsync out --state-dir "$tmp/states" -k conf -f conf "$@"
}

# put TEXT: what the store holds.
put() {
	echo "$1" >source
	kvsync in -k conf -f source --quiet
}

# A check that does not like "bad", and says so.
cat >judge <<'END'
#!/bin/sh
cat "$1" >>judged
! grep -H bad "$1"
END
# A service that does not start with "bad".
cat >service <<'END'
#!/bin/sh
cat conf >>started
! grep -q bad conf
END
chmod +x judge service

# ---- in: before it is written ----

# in ARGUMENT...: the same for the way in.
in_() {
	run kvsync in --state-dir "$tmp/states" -k list -f list.txt "$@"
}

printf 'b\na\n' >list.txt
in_ -S --check './judge {}'
status_is 0 'in: a check that likes the file'
bytes_are judged 'a\nb\n' 'judges what is to be written'
in_ -S --check './judge {}'
bytes_are judged 'a\nb\n' 'where nothing is written, nothing is judged'
echo bad >>list.txt
in_ --check './judge {}'
status_is 9 'in: one that does not'
err_has "check './judge' exited with status 1; nothing was written" 'in words'
err_has '/list.txt:bad' 'the file had its name'
kvsync get kvexpress/list/data >got
bytes_are got 'a\nb\n' 'nothing changed'
rm judged
in_ --check ./judge
status_is 2 'in: a check without the path of the file'
err_has 'the check has no {} for the path of the file that it is to judge' 'in words'
in_ --check 'no-such-command {}'
status_is 9 'in: a check that is not there'
mkdir tmpdir
run sh -c "echo '{ \"a\": ' | TMPDIR=$tmp/tmpdir kvsync in -k json -f - --check 'false {}'"
status_is 9 'in: standard input'
is "$(find tmpdir)" tmpdir 'nothing lies about'
TMPDIR=$tmp/nowhere in_ --check 'true {}'
status_is 1 'in: no place for the file'
err_has "make a directory $tmp/nowhere/kvsync-" 'in words'

# ---- in: a command after it ----

cat >notify <<'END'
#!/bin/sh
echo "$KVSYNC_KEY|$KVSYNC_FILE|$KVSYNC_CHECKSUM" >>notified
[ ! -e down ]
END
chmod +x notify
echo one >list.txt
in_ -e ./notify
status_is 0 'in: a command'
out_has ', command run' 'it ran'
file_has notified "list|$tmp/list.txt|$(sha256sum <list.txt | cut -c 1-64)" 'with its environment'
in_ -e ./notify
is "$(wc -l <notified)" 1 'no change, no command'
echo two >list.txt
: >down
in_ -e ./notify
status_is 9 'in: a command that fails'
out_has 'list: written' 'comes after the write'
in_ -e ./notify
status_is 9 'it is redone though the store has the file'
out_is '' 'nothing was written then'
rm down
in_ --exec-shell './notify | cat' --output json
status_is 0 'until it succeeds'
out_has '"written":false' 'nothing was written'
out_has '"command_run":true' 'but the command ran'
in_ -e ./notify
is "$(wc -l <notified)" 4 'then no more'
rm notified

echo three >list.txt
rm -f running
cat >slow <<'END'
#!/bin/sh
: >running
exec sleep 60
END
chmod +x slow
start in kvsync in --state-dir "$tmp/states" -k list -f list.txt -e ./slow
succeeds 'in: the command runs' wait_for 10 test -e running
kill -TERM "$in_pid"
succeeds 'told to end' finish in 10
status_is 143 'it dies of the signal'
out_has 'list: written' 'what was done is told'
in_ -e ./notify
out_has ', command run' 'the command stayed due'
rm running notified

# ---- out: before the file is in its place ----

put good
out --check './judge {}'
status_is 0 'a check that likes the file'
file_has conf good 'which is installed'
put bad
out --check './judge {}'
status_is 9 'one that does not'
err_has "kvsync: warning: ./judge: $tmp/.conf.kvsync-" 'what it said is logged'
err_has "check './judge' exited with status 1; $tmp/conf stays as it was" 'and what became of the file'
run kvsync out -k conf -f new-conf --check './judge {}'
err_has "check './judge' exited with status 1; $tmp/new-conf was not installed" 'or of one that was not there'
refuses 'which is not there' test -e new-conf
out_is '' 'nothing was done'
file_has conf good 'the old file stays'
out --check "sh -c '[ \$1 = x\$2y\$2z ] && exit 7' sh x{}y{}z {}"
err_has "check 'sh' exited with status 7" 'the path stands wherever braces stand'
out --check "sh -c 'exec sleep 60' {}" --check-timeout 50ms
status_is 9 'a check that takes too long'
err_has "check 'sh' was not done after 50 ms and was ended" 'in words'
out --check "sh -c 'echo \$KVSYNC_KEY \$KVSYNC_FILE \$KVSYNC_CHECKSUM' {}" --verbose
err_has "sh: conf $tmp/conf $(sha256sum <source | cut -c 1-64)" 'its environment'
status_is 0 'a check that likes anything'
is "$(find . -name '.conf*')" '' 'nothing lies about'

out --check ./judge
status_is 2 'a check without the path of the new file'
err_has '; --check-installed lets it judge the file in its place, and puts back the old one if it fails' 'in words'
out --check-installed
status_is 2 'nothing to check with'
out --check "'"
status_is 2 'half a check'
err_has '--check: ' 'in words'

# ---- out: where the file stands ----

put good
out
chmod 0604 conf
put bad
: >judged
out --check-installed --check './judge conf'
status_is 9 'a check of the installed file'
err_has "check './judge' exited with status 1; what was there before is back" 'in words'
file_has judged bad 'it was judged in its place'
file_has conf good 'the old file is back'
mode_is conf 604 'with its mode'
out --check-installed --check './judge conf'
status_is 9 'the next run'
err_has "$tmp/conf is not replaced by sha256 $(sha256sum <source | cut -c 1-12), which failed 1 time and was taken away again; it is due in " 'leaves it'
err_has ' s, or at once with --retry-rejected' 'for some time'
is "$(wc -l <judged)" 1 'without another look'
out --check-installed --check './judge conf' --retry-rejected
err_has 'what was there before is back' 'unless it is asked for'
put better
out --check-installed --check './judge conf'
status_is 0 'another file'
file_has conf better 'is installed'
is "$(find . -name '.conf*')" '' 'nothing lies about'

# ---- out: told to end during a check ----

put next
for form in './slow {}' ./slow; do
	rm -f running
	start out kvsync out --state-dir "$tmp/states" -k conf -f conf --check-installed --check "$form"
	succeeds "$form runs" wait_for 10 test -e running
	kill -TERM "$out_pid"
	succeeds 'told to end' finish out 10
	status_is 143 'it dies of the signal'
	file_has conf better 'the old file is there'
	is "$(find . -name '.conf*')" '' 'nothing lies about'
done
out --check 'true {}'
status_is 0 'it was not the fault of the file, which is not rejected'

# ---- out: rollback ----

put good
out -e ./service --rollback-on-failure
status_is 0 'a command that succeeds'
put "bad, too"
rm started
out -e ./service --rollback-on-failure
status_is 9 'one that fails'
err_has "command './service' exited with status 1; what was there before is back" 'in words'
file_has conf good 'the old file is back'
bytes_are started 'bad, too\ngood\n' 'the command ran on the old file once more'
out -e ./service --rollback-on-failure
status_is 9 'the next run'
err_has 'which failed 1 time' 'leaves it'
bytes_are started 'bad, too\ngood\n' 'and the service alone'
out -e ./service --rollback-on-failure --output json
err_has '"error":"COMMAND"' 'as JSON'
out --rollback-on-failure
status_is 2 'without a command'
err_has '--rollback-on-failure is about the command of --exec, and there is none' 'in words'
put good

# ---- out: backups ----

put one
out
put two
out --backup
status_is 0 'a backup'
file_has conf.bak one 'has its usual name'
put three
out --backup=~ --check 'true {}'
file_has conf~ two 'or another suffix'
put four
out --backup=old/versions
file_has old/versions/conf three 'or stands in a directory'
out --backup=./
status_is 0 'where nothing changes'
put five
out --backup=./
status_is 2 'the directory of the file itself'
err_has "the backup would be $tmp/conf itself" 'in words'
file_has conf four 'no backup, no change'

done_testing
