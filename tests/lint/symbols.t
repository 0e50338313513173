#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# What was linked: who needs what, what is exported, and that the manual names it.
# shellcheck source=tests/lib/cli.sh
. "${0%/*}/../lib/cli.sh"
need readelf nm
libs=$builddir/.libs
map=$srcdir/src/core/kvsync.map

needed() {
	readelf -d "$1" | sed -n 's/.*(NEEDED).*\[\(.*\)\]/\1/p'
}

# needs FILE PATTERN: nothing but that, libc, and what sanitizers and coverage bring.
needs() {
	base='^(libc|libm|ld-linux[^.]*|libresolv|lib[a-z]*san|libgcc_s|libstdc\+\+)\.so'
	needed "$1" | grep -vE -e "$base" -e "^($2)\\.so"
}

# ---- what is needed ----

program=$libs/kvsync
[ -e "$program" ] || program=$builddir/kvsync
if ! grep -q '^KVS_LDFLAGS = .*as-needed' "$builddir/Makefile"; then
	skip 3 'this build (sanitizers, coverage) links what is not used, too'
else
	is "$(needs "$program" 'libkvsync|libjson-c|libyaml[^.]*|libcrypto')" '' \
		'the program: no gRPC, no SQLite, no mruby, no libarchive, no libcurl'
	if grep -q '^#define KVS_BUILTIN_BACKENDS X(mem)$' "$builddir/config.h"; then
		is "$(needs "$libs/libkvsync.so" none)" '' 'the library needs nothing but libc'
	else
		skip 1 'a backend was built into the library'
	fi
	for module in local consul etcd; do
		[ -e "$libs/$module.so" ] || continue
		case $module in
		local) its=libsqlite3 ;;
		consul) its='libcurl|libjson-c|libcrypto' ;;
		etcd) its='libgrpc[^.]*|libgpr|libprotobuf-c|libcrypto|libssl' ;;
		esac
		is "$(needs "$libs/$module.so" "libkvsync|$its")" '' "the $module module needs its own library only"
	done
	[ ! -e "$libs/libkvsfetch.so" ] ||
		is "$(needs "$libs/libkvsfetch.so" 'libkvsync|libcurl')" '' 'the fetch module needs libcurl only'
fi

# ---- what is exported ----

# The functions of a version node of the map.
node() {
	awk -v node="$1" '$1 == node { on = 1 } /^}/ { on = 0 } on && /;$/ { sub(";", ""); print $1 }' "$map" |
		grep -v '^\*$' | sort
}
# What the library defines under a version.
exported() {
	nm -D --defined-only --with-symbol-versions "$libs/libkvsync.so" |
		sed -n "s/^[0-9a-f]* [TDBR] \([^@]*\)@@$1\$/\1/p" | sort
}
# The functions that a header declares.
declared() {
	sed -e 's@/\*.*\*/@@' -e '/\/\*/,/\*\//d' "$srcdir/include/kvsync/$1" |
		grep -v '^typedef' | grep -o '\bkvs_[a-z_]*(' | tr -d '(' | sort -u
}

node KVSYNC_0.1 >map.public
exported KVSYNC_0.1 >got
same_file got map.public 'the library exports what the map says'
declared kvsync.h >got
same_file got map.public 'the public header declares what the map says'
node KVSYNC_BACKEND_1 >map.backend
exported KVSYNC_BACKEND_1 >got
same_file got map.backend 'so for backends'
declared backend.h >got
same_file got map.backend 'the contract header declares what the map says'
exported KVSYNC_PRIVATE | grep -v '^kvsi_' >got
is "$(cat got)" '' 'what is private is named so'
nm -D --defined-only "$libs/libkvsync.so" | awk '{ print $3 }' | grep -v '@' | grep -v '^KVSYNC_' >got
is "$(cat got)" '' 'nothing is exported without a version'

while read -r function; do
	grep -hq "^\\.F[no] $function\\>\\|Fn $function\\>" "$srcdir"/man/*.3 || echo "$function"
done <map.public >missing
is "$(cat missing)" '' 'the manual names every function'
grep -ho 'F[no] kvs_[a-z_]*' "$srcdir"/man/*.3 | sed 's/.* //' | sort -u >got
comm -23 got map.public >missing
is "$(cat missing)" '' 'and none that there is not'

for module in local consul etcd fault; do
	[ -e "$libs/$module.so" ] || continue
	is "$(nm -D --defined-only "$libs/$module.so" | awk '{ print $3 }')" kvs_module \
		"the $module module exports one symbol"
done

for pair in codec:codec fetch:fetch_table; do
	module=$libs/libkvs${pair%:*}.so
	[ -e "$module" ] || continue
	is "$(nm -D --defined-only "$module" | awk '{ print $3 }')" "kvs_${pair#*:}" \
		"the ${pair%:*} module exports one symbol"
done

# ---- binding ----

# A module is loaded lazily for the sake of the libraries behind it, never itself.
for module in local consul etcd fault libkvscodec libkvsfetch; do
	[ -e "$libs/$module.so" ] || continue
	succeeds "$module.so: what it calls is found when it is loaded" \
		sh -c 'readelf -d "$1" | grep -q "FLAGS.*NOW"' - "$libs/$module.so"
done

# ---- hardening ----

if grep -q '^KVS_CFLAGS = .*FORTIFY_SOURCE' "$builddir/Makefile"; then
	for file in "$program" "$libs"/libkvsync.so "$libs"/local.so; do
		[ -e "$file" ] || continue
		succeeds "${file##*/}: everything is bound before it runs" \
			sh -c 'readelf -d "$1" | grep -q "FLAGS.*NOW"' - "$file"
		succeeds "${file##*/}: its tables are read-only then" \
			sh -c 'readelf -lW "$1" | grep -q GNU_RELRO' - "$file"
		refuses "${file##*/}: no executable stack" \
			sh -c 'readelf -lW "$1" | grep "GNU_STACK" | grep -q "RWE"' - "$file"
	done
else
	skip 1 'built without hardening'
fi
done_testing
