#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# kvsync clean: what runs left beside a file goes, the file stays.
# shellcheck source=tests/lib/cli.sh
. "${0%/*}/../lib/cli.sh"
need flock
mkdir d states
file=$tmp/d/hosts
kvs="kvsync --store local:$tmp/s.db"
temp=d/.hosts.kvsync-0123456789abcdef
seq 20 >hosts
$kvs in --quiet -k hosts -f hosts

# ---- what goes, and what stays ----

$kvs out --quiet -k hosts -f "$file" --state-dir states
touch d/hosts.compare d/hosts.last d/hosts.kvexpress $temp
touch d/hosts.other d/other.last d/.hosts.kvsync-0123 d/.other.kvsync-0123456789abcdef
run kvsync clean -f "$file" --state-dir states
status_is 0 'clean'
out_is "$file: 4 files removed beside it, and forgotten\n" 'is told'
same_file "$file" hosts 'the file stays'
is "$(cd d && find . -type f | sort | tr '\n' ' ')" \
	'./.hosts.kvsync-0123 ./.other.kvsync-0123456789abcdef ./hosts ./hosts.other ./other.last ' 'so does what is none of it'
is "$(ls states)" '' 'nothing is remembered'
run kvsync clean -f "$file" --state-dir states
status_is 0 'again'
out_is "$file: nothing to do\n" 'is nothing to do'
is "$(ls states)" '' 'and leaves nothing'
touch d/hosts.last
run kvsync clean -f "$file" --state-dir states --output json
out_is "{\"file\":\"$file\",\"removed\":1,\"forgotten\":false}\n" 'as JSON'
run kvsync clean -f "$tmp/none/hosts" --state-dir states
status_is 0 'where there is no directory'
echo "state-dir: $tmp/states" >c.yaml
$kvs --config c.yaml out --quiet -k hosts -f "$file"
run kvsync --config c.yaml clean --quiet -f "$file"
status_is 0 'as the configuration says'
out_is '' 'without words'
is "$(ls states)" '' 'is forgotten'

# ---- a run at work ----

touch $temp
run flock $temp kvsync clean -f "$file" --state-dir states
status_is 0 'a temporary file that is in use'
succeeds 'stays' test -e $temp
rm $temp

# ---- what is due ----

run $kvs out -k hosts -f "$file" --state-dir states -e false
seq 21 >hosts
$kvs in --quiet -k hosts -f hosts
run $kvs out -k hosts -f "$file" --state-dir states -e false
status_is 9 'a command that is due'
run kvsync clean -f "$file" --state-dir states
status_is 0 'is forgotten'
err_has "the command for $file was still due" 'with a warning'
run $kvs out -k hosts -f "$file" --state-dir states -e 'touch ran'
refuses 'and does not run any more' test -e ran

# ---- a change that was broken off ----

printf 'v1\npath=%s\nstep=unchecked\nprevious=none\n' "$file" \
	>"states/$(printf %s "$file" | sha256sum | cut -c 1-64).state"
touch d/hosts.last
run kvsync clean -f "$file" --state-dir states
status_is 1 'a change that did not come to its end'
err_has "a change of $file did not come to its end" 'in words'
succeeds 'nothing is removed' test -e d/hosts.last
rm states/*

# ---- bad input ----

mkdir d/hosts.compare
run kvsync clean -f "$file" --state-dir states
status_is 1 'a directory'
err_has "$file.compare" 'is named'
succeeds 'nothing is removed' test -e d/hosts.last
run kvsync clean
status_is 2 'no file'
run kvsync clean -f ''
status_is 2 'an empty one'
run kvsync clean -f "$file" --endpoint x
status_is 2 'no store is asked'
done_testing
