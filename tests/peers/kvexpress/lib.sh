# shellcheck shell=sh disable=SC2154
# SPDX-License-Identifier: Apache-2.0
#
# What the scenarios of kvexpress share, on whichever store kx, stored and store work: the program under
# its name, files hosts and other, and old_in, pair_is.

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

# receiver NAME KIND: starts one; $NAME_port is its port, NAME.log what it got
receiver() {
	start "$1" "$srcdir/tests/lib/receiver" "$2" "$tmp/$1.port" "$tmp/$1.log"
	wait_for 20 test -e "$tmp/$1.port" || bail "the receiver $1 does not start"
	eval "${1}_port=\$(cat '$tmp/$1.port')"
}

# got COUNT: so many metrics, the time left out
has_lines() {
	[ "$(wc -l <"$1")" -ge "$2" ]
}

got() {
	wait_for 10 has_lines agent.log "$1"
	sed 's/^\(kvexpress\.time\):[0-9]*/\1:N/' agent.log
	: >agent.log
}
