# shellcheck shell=sh
# SPDX-License-Identifier: Apache-2.0
#
# kvsync history and rollback, the same on every store: sourced after cli.sh with KVSYNC_STORE set.

# put LINES [OPTION...]: a file of so many lines goes in.
put() {
	seq "$1" >f
	shift
	kvsync in --quiet -k hosts -f f "$@"
}

# numbers: those of the versions that are kept, in a line.
numbers() {
	kvsync history -k hosts | cut -f 1 | tr '\n' ' '
}

# version NUMBER: what was done and why.
version() {
	kvsync history -k hosts | awk -F '\t' -v n="$1" '$1 == n { print $NF }'
}

folder=kvexpress.kvsync/v1/history/hosts

run kvsync history -k hosts
status_is 5 'no version of an unknown key'
err_has 'no version of hosts is kept; kvsync in keeps one of what it writes' 'words, and what can be done'

put 3 -r 'the first'
put 6
put 6
is "$(numbers)" '1 2 ' 'a version for each change'
is "$(version 1)" 'in: the first' 'with the reason'
is "$(version 2)" 'in' 'or without one'
is "$(kvsync get "$folder/00000000000000000001" | tail -n +2)" "$(seq 3)" 'its bytes stand behind a line'
run kvsync history -k hosts --output json
out_has "\"number\":1,\"time\":\"20" 'JSON'
out_has "\"host\":\"$(uname -n)\",\"cause\":\"in\",\"reason\":\"the first\",\"lines\":3,\"bytes\":6,\"checksum\":\"14c5e74c4b96ccef41cd94db73a9ec3348038ac094feca4fd897cecffa07cdae\"}" 'has it all'

run kvsync rollback -k hosts -r 'that broke mail'
status_is 0 'a rollback'
out_is 'hosts: rolled back to version 1, 3 lines, 6 bytes, sha256 14c5e74c4b96\n' 'is told'
is "$(kvsync get kvexpress/hosts/data)" "$(seq 3)" 'the old bytes'
is "$(kvsync get kvexpress/hosts/checksum)" "$(seq 3 | sha256sum | cut -c 1-64)" 'and their checksum'
is "$(version 3)" 'rollback to 1: that broke mail' 'are a version'
run kvsync rollback -k hosts
out_has 'rolled back to version 2,' 'and back'
run kvsync rollback -k hosts -n 2
out_is 'hosts: nothing to do, it is version 2, 6 lines, 12 bytes, sha256 c5d161527c5f\n' 'what stands there already'
run kvsync rollback -k hosts -n 99
status_is 5 'a version that is not there'
err_has 'version 99 of hosts is not kept; kvsync history shows which are' 'words'
kvsync stop --quiet -k hosts -r 'hands off'
run kvsync rollback -k hosts
status_is 6 'a stopped key'
err_has 'hands off' 'is refused'
kvsync start --quiet -k hosts
run kvsync rollback -k hosts --min-lines 5
status_is 7 'a guard'
is "$(numbers)" '1 2 3 4 ' 'what was refused is no version'

# kvexpress knows nothing of versions
seq 9 | kvsync put kvexpress/hosts/data --file - --quiet
seq 9 | sha256sum | cut -c 1-64 | tr -d '\n' | kvsync put kvexpress/hosts/checksum --file - --quiet
put 12
is "$(version 5)" 'found' 'what others wrote is kept'
run kvsync history -k hosts -n 5 -f saved
status_is 0 'a version into a file'
is "$(cat saved)" "$(seq 9)" 'its bytes'

for lines in 13 14 15 16 17 18; do
	put "$lines"
done
is "$(numbers)" '3 4 5 6 7 8 9 10 11 12 ' 'ten are kept'
put 19 --history-versions 2
is "$(numbers)" '12 13 ' 'or as many as asked for'
put 20 --history-versions 0
is "$(numbers)" '12 13 ' 'or none more'
run kvsync in -k hosts -f f --history-bytes 10
status_is 0 'a file that is there'
err_is '' 'keeps nothing'
seq 30 >f
run kvsync in -k hosts -f f --history-bytes 10
status_is 0 'a file too big for the history'
err_has 'the history of hosts is not kept' 'is written with a warning'
kvsync put --quiet "$folder/00000000000000000014" 'no version'
run kvsync history -k hosts
err_has 'hosts/00000000000000000014 is not a version of a file' 'what is no version is told'
out_has '13	' 'and the others'
run kvsync rollback -k hosts -n 14
status_is 8 'and not rolled back to'
printf '{"checksum":"%064d","bytes":3,"lines":1}\nab\n' 0 | kvsync put --quiet "$folder/00000000000000000015" --file -
run kvsync rollback -k hosts -n 15
status_is 8 'nor is what is not that of its checksum'
is "$(kvsync get kvexpress/hosts/checksum)" "$(seq 30 | sha256sum | cut -c 1-64)" 'nothing was written'
put 31
is "$(numbers)" '12 13 15 16 17 ' 'numbers go on'
kvsync in --quiet -k hosts/deep -f f
is "$(numbers)" '12 13 15 16 17 ' 'a key below has versions of its own'
is "$(kvsync history -k hosts/deep | cut -f 1)" 1 'from 1'
