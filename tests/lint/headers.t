#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Each header compiles alone: the public ones in C11 and C++, pedantically.
# shellcheck source=tests/lib/cli.sh
. "${0%/*}/../lib/cli.sh"

# A variable of the Makefile.
make_var() {
	sed -n "s/^$1 = //p" "$builddir/Makefile" | head -n 1
}
cc=$(make_var CC)
cxx=$(make_var CXX)
flags=$(make_var JSONC_CFLAGS)\ $(make_var YAML_CFLAGS)\ $(make_var SQLITE_CFLAGS)\ $(make_var CURL_CFLAGS)

public="-I$srcdir/include -I$builddir/include -Wall -Wextra -pedantic -Werror -fsyntax-only"
for header in "$srcdir"/include/kvsync/*.h "$builddir"/include/kvsync/*.h; do
	[ -e "$header" ] || continue
	name=kvsync/${header##*/}
	printf '#include <%s>\ntypedef int probe;\n' "$name" >probe.c
	# shellcheck disable=SC2086 # lists of words
	{
		succeeds "<$name> in C11" $cc -std=c11 $public -x c probe.c
		succeeds "<$name> in C++" $cxx -std=c++11 $public -x c++ probe.c
	}
done

private="-std=gnu11 -D_GNU_SOURCE $flags -I$srcdir/include -I$builddir/include -I$srcdir/src -I$builddir -Wall -Wextra -Werror -Wno-unused-function -fsyntax-only"
find "$srcdir/src" -name '*.h' | sort >headers
guardless=
while read -r header; do
	grep -q '^#ifndef KVS_[A-Z_0-9]*_H$' "$header" || guardless="$guardless $header"
	# the libraries of these may be missing where a backend is left out
	case $header in */backends/etcd/* | */backends/consul/* | */http/*) continue ;; esac
	# shellcheck disable=SC2086
	succeeds "${header#"$srcdir/src/"} alone" $cc $private -x c "$header"
done <headers
is "$guardless" '' 'each has its guard'
done_testing
