# shellcheck shell=sh disable=SC2154
# SPDX-License-Identifier: Apache-2.0
#
# Large files, the same on every store: sourced after cli.sh with KVSYNC_STORE set, and with $limit, the
# bytes that a value of this store may have.

chunks=kvexpress.kvsync/v1/chunks/
lists=kvexpress.kvsync/v1/lists/

# random BYTES [SEED]: always the same ones, which nobody can pack
random() {
	openssl enc -aes-128-ctr -nosalt -pass "pass:${2:-1}" -md sha256 </dev/zero 2>/dev/null | head -c "$1"
}

in_large() {
	run kvsync in --no-compat --large --history-bytes 1G "$@"
}

# count_chunks: those that the store holds.
count_chunks() {
	kvsync ls --keys --recursive "$chunks" | wc -l
}

# count_of BYTES
count_of() {
	echo $((($1 + 262143) / 262144))
}

# comes_out KEY FILE NAME [OPTION...]
comes_out() {
	comes_key=$1 comes_file=$2 comes_name=$3
	shift 3
	rm -f "$tmp/.run/given"
	run kvsync out --state-dir "$tmp/states" -k "$comes_key" -f "$tmp/.run/given" "$@"
	status_is 0 "$comes_name: out"
	same_file "$tmp/.run/given" "$comes_file" "$comes_name"
}

# age KEY: its lists were written eleven minutes ago.
age() {
	kvsync ls --keys --recursive "$lists$1/" >"$tmp/.run/lists"
	while read -r age_name; do
		kvsync get "$age_name" | sed "1s/.*/kvsync-list 1 $((($(date +%s) - 660) * 1000))/" |
			kvsync put --quiet "$age_name" -f -
	done <"$tmp/.run/lists"
}

# ---- there and back ----

size=$((limit + 300000))
random $size >one
n=$(count_of $size)
run kvsync in -k big -f one --large
status_is 2 'chunks are not for kvexpress'
err_has 'kvexpress cannot read chunks: give --no-compat' 'words'
run kvsync in -k big -f one --no-compat --max-bytes 1G
status_is 7 'and a value has one'
err_has '--large splits' 'the way out'
in_large -k big -f one
status_is 0 'in chunks'
out_has "big: written, " 'it is told'
is "$(count_chunks)" "$n" 'as many as there must be'
is "$(kvsync get kvexpress/big/checksum)" "$(sha256sum <one | cut -c 1-64)" 'the checksum is the file'\''s'
is "$(kvsync get kvexpress/big/data | head -n 1 | cut -d ' ' -f 1-3)" "kvsync-chunks 1 $size" 'the value is their list'
is "$(kvsync get kvexpress/big/data | sed -n 2p)" "$(head -c 262144 one | sha256sum | cut -c 1-64) 262144" 'of what it says'
comes_out big one 'the file'
in_large -k big -f one
out_has 'big: nothing to do' 'the same again'
in_large -k small -f /etc/passwd
status_is 0 'what is small'
kvsync get kvexpress/small/data >got
same_file got /etc/passwd 'stands there as it is'

# ---- guards ----

in_large -k big -f one --max-bytes 300K
status_is 7 'too big'
printf 'only this line\n' >line
cat one line >two
in_large -k big -f two --require '^nor that line$'
status_is 7 'a line that is missing'
first=$chunks$(kvsync get kvexpress/big/data | sed -n 2p | cut -c 1-64)
first_as_written=$(kvsync get "$first" --output json | sha256sum)
in_large -k big -f two --require 'only this line$' --check "grep -q -a 'only this line$' {}" --min-lines 2
status_is 0 'guards and a check look at all of it'
comes_out big two 'its end is another'
is "$(count_chunks)" $((n + 1)) 'one chunk is another'
is "$(kvsync get "$first" --output json | sha256sum)" "$first_as_written" 'the others were not written again'
rm -f target
run kvsync out -k big -f target --state-dir states --require '^nor that line$'
status_is 7 'a guard of out'
is "$(find . -name '*target*')" '' 'leaves nothing behind'
run kvsync out -k big -f target --state-dir states --max-bytes 300K
status_is 7 'too big to come out'
run kvsync out -k big -f target --state-dir states --check 'cmp {} two'
status_is 0 'a check of out'
head -c 700 one | kvsync in --quiet -k big -f - --max-shrink 10% 2>err.txt
file_has err.txt 'would shrink by 100 %' 'a small file against a large one'

# ---- a pipe, versions, copies, diff ----

# shellcheck disable=SC2002
cat one | kvsync in --quiet --no-compat --large --history-versions 0 -k pipe -f -
comes_out pipe one 'from a pipe'
run kvsync history -k big
out_has "$size bytes" 'history knows how large it was'
run kvsync rollback -k big
status_is 2 'a rollback to chunks'
err_has '--large allows them' 'asks for them'
run kvsync rollback -k big --large --no-compat --history-bytes 1G
status_is 0 'a rollback'
comes_out big one 'is back'
run kvsync history -k big -n 2 -f version
same_file version two 'a version as a file'
run kvsync copy --from big --to copied
status_is 2 'a copy of chunks, which are more than a copy may have'
err_has '--large allows them' 'asks for them'
run kvsync copy --from big --to copied --max-bytes 1G
status_is 2 'a copy of chunks asks for them, too'
run kvsync copy --from big --to copied --large --no-compat --history-bytes 1G
status_is 0 'a copy'
comes_out copied one 'is the same'
is "$(count_chunks)" $((n + 1)) 'and needs no other chunks'
run kvsync diff -k big -f one
status_is 0 'diff: the same'
run kvsync diff -k big -f two
status_is 14 'diff: another'
kvsync keygen --quiet key
in_large -k big -f one --sign key
status_is 0 'signed'
comes_out big one 'verified' --verify key.pub

# ---- what nobody needs goes ----

is "$(kvsync ls --keys --recursive "${lists}big/" | wc -l)" 2 'both files are noted'
kvsync in --quiet -k big -f line --history-versions 1
is "$(count_chunks)" $((n + 1)) 'what is young stays'
age big
kvsync in --quiet -k big -f /etc/passwd --history-versions 1
is "$(kvsync ls --keys --recursive "${lists}big/" | wc -l)" 0 'nobody needs what is old'
is "$(count_chunks)" "$n" 'but for what other keys need'
age pipe
age copied
kvsync in --quiet -k pipe -f line --history-versions 1
is "$(count_chunks)" "$n" 'one of them goes'
kvsync in --quiet -k copied -f line --history-versions 1
is "$(count_chunks)" 0 'and the last one'

# ---- what is missing or damaged ----

in_large -k big -f one
third=$chunks$(kvsync get kvexpress/big/data | sed -n 4p | cut -c 1-64)
kvsync del --quiet "$third"
rm -f target
run kvsync out -k big -f target --state-dir states
status_is 8 'a chunk is missing'
err_has "$third is missing, a chunk of the file; kvsync in --large repairs it" 'words'
in_large -k big -f one
status_is 0 'it is repaired'
out_has 'big: written' 'which is told'
comes_out big one 'the file again'
echo damage | kvsync put --quiet "$third" -f -
run kvsync out -k big -f target --state-dir states
status_is 8 'a chunk is another'
err_has "$third is damaged, a chunk of the file" 'words'
is "$(ls target 2>/dev/null)" '' 'nothing was installed'
in_large -k big -f one
comes_out big one 'repaired'
kvsync get kvexpress/big/data | sed '3d' >list
kvsync put --quiet kvexpress/big/data -f list
run kvsync out -k big -f target --state-dir states
status_is 8 'a list with a hole'
in_large -k big -f one
comes_out big one 'repaired'
{
	kvsync get kvexpress/big/data | sed -n '1p;3p'
	kvsync get kvexpress/big/data | sed -n 2p
	kvsync get kvexpress/big/data | sed 1,3d
} >list
kvsync put --quiet kvexpress/big/data -f list
run kvsync out -k big -f target --state-dir states
status_is 8 'a list in another order'
err_has 'the chunks of kvexpress/big/data do not match its checksum' 'words'
in_large -k big -f one
comes_out big one 'repaired'

# ---- 64 MiB, with a few chunks in memory ----

# lean_in KIB FILE COMMAND...: the command's own peak, which a command of its own reads
lean_in() {
	lean_max=$1
	shift
	rm -f peak
	# shellcheck disable=SC2016
	run "$@" -e "sh -c 'cat /proc/\$PPID/status >$tmp/peak'"
	status_is 0 "$2: 64 MiB"
	lean_kib=$(sed -n 's/^VmHWM:[^0-9]*\([0-9]*\) kB/\1/p' peak)
	if ldd "$builddir/.libs/kvsync" | grep -q 'lib[atu]*san' || [ -n "${KVS_VALGRIND:-}" ]; then
		skip 1 'a sanitizer takes memory of its own'
	elif [ "${lean_kib:-999999}" -le "$lean_max" ]; then
		pass "$2: at most $lean_max KiB of memory: $lean_kib"
	else
		fail "$2: at most $lean_max KiB of memory: $lean_kib"
	fi
}

random 67108864 2 >huge
lean_in "$memory" kvsync in --no-compat --large --history-versions 0 -k huge -f huge --state-dir "$tmp/states"
lean_in "$memory" kvsync out --state-dir "$tmp/states" -k huge -f target
same_file target huge 'and comes out as it was'
