# shellcheck shell=sh disable=SC2154
# SPDX-License-Identifier: Apache-2.0
# The command line: options in all their forms, help, versions, and what is wrong with a line.  Sourced by cases.sh.

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
for command in clean copy in lock out raw stop unlock; do
	out_has "  $command" "lists the commands: $command"
done
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
message 'Need a file to clean in -f' clean
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
