# shellcheck shell=sh disable=SC2154
# SPDX-License-Identifier: Apache-2.0
# A file goes in: what is put, what is compared with what, what is refused.  Sourced by cases.sh.

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
kx in -k hosts -f other -z --verbose
packed=$(stored kvexpress/hosts/data | wc -c)
out_has "in: compressing='true' full_size='$(wc -c <other)' compressed_size='$packed'" 'both sizes are told'
out_has "saved='true' size='$packed'" 'and what was stored'
kx in -k hosts -f hosts -z

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
for beside in last compare; do
	mkdir "few.$beside"
	kx in -k few -f few -l 1
	status_is 1 "FILE.$beside is a directory"
	is "$(stored kvexpress/few/data)" '' 'nothing was written either'
	rmdir "few.$beside"
done
head -c 5000000 /dev/zero >big
kx in -k big -f big -l 0
status_is 1 'defect 15: a file that is too big is refused at once'
