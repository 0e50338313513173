# shellcheck shell=sh disable=SC2154
# SPDX-License-Identifier: Apache-2.0
# A file comes out: its mode and owner, what is no failure, all encodings.  Sourced by cases.sh.

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
# a file that is right, and another's
if [ "$(id -u)" -eq 0 ] && [ "$store_kind" != local ]; then
	mkdir shared
	chmod 0777 shared
	(umask 022 && cat hosts >shared/hosts)
	kx_program="as_nobody kvexpress"
	kx out -k hosts -f shared/hosts
	status_is 0 'a file that is right and another user owns is no failure'
	err_has "warning: $tmp/shared/hosts stays another's: " 'but told'
	is "$(stat -c %u:%a shared/hosts)" 0:644 'it stays as it is'
	kx out -k hosts -f shared/hosts -l 1 -p none
	status_is 0 'nor is it touched where there is nothing to install'
	# shellcheck disable=SC2034
	kx_program=kvexpress
else
	skip 4 'another user needs root, and a store that he may use'
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
		rm -f o/encoded
		kx out -k encoded -f o/encoded $z --verbose
		is "$(grep -c "out: decompressing='true' size='$(wc -c <other)'" "$out")" "$([ -z "$encoding" ] && echo 0 || echo 1)" \
			'unpacking is told'
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

# a file of nothing, which somebody else put there
: >empty
store kvexpress/blank/data empty
printf %s "$(hash_of empty)" >sum
store kvexpress/blank/checksum sum
kx out -k blank -f o/blank -l 1
refuses 'a blank file is not installed' test -e o/blank
kx out -k blank -f o/blank -l 0 --verbose
same_file o/blank empty 'unless no line is asked for'
out_has 'out: WARNING: That checksum means the data/key is blank. WARNING' 'which is told'
