#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The form of the sources: licence line, format, length, nothing left to do.
# shellcheck source=tests/lib/cli.sh
. "${0%/*}/../lib/cli.sh"
cd "$srcdir" || bail "no $srcdir"

# What is ours, without what bootstrap and builds make.
find include src tests man bench contrib doc m4 fuzz -type f 2>/dev/null |
	grep -vE '^m4/(libtool|lt[a-z~]*|pkg)\.m4$|\.(o|lo|la|log|trs|Po|Plo)$|/\.(libs|deps|dirstamp)' |
	sort >"$tmp/files"
for file in configure.ac Makefile.am bootstrap; do echo "$file"; done >>"$tmp/files"
grep -E '\.[ch]$' "$tmp/files" >"$tmp/c"
succeeds 'there are sources' test "$(wc -l <"$tmp/c")" -gt 100

# none NAME: the file $tmp/wrong, which lists what is wrong, is empty.
none() {
	is "$(cat "$tmp/wrong")" '' "$1"
}

grep -E '\.([ch]|am|ac|m4|t|sh|map|in|proto|erb|[1-8])$|/run$|bootstrap$' "$tmp/files" |
	while read -r file; do
		head -n 4 "$file" | grep -q 'SPDX-License-Identifier: Apache-2.0' || echo "$file"
	done >"$tmp/wrong"
none 'every file says its licence'

while read -r file; do
	[ "$(wc -l <"$file")" -le 640 ] || echo "$file"
done <"$tmp/c" >"$tmp/wrong"
none 'no source has many more than 600 lines'

grep -v '^tests/lint/style\.t$' "$tmp/files" | xargs grep -nE '\b(TODO|FIXME|XXX)\b' >"$tmp/wrong"
none 'nothing is left to do'

grep -E '\.([ch]|am|ac|t|sh|[1-8])$' "$tmp/files" | xargs grep -nE '[[:blank:]]$' >"$tmp/wrong"
none 'no line ends in blanks'

# A return between the two would release what nobody has set.
grep '^src/.*\.c$' "$tmp/files" | xargs awk '
	FNR == 1 || /^}/ { name = "" }
	/KVS_AUTO_BUF/ && /;$/ && !/=/ {
		name = $0
		sub(/.*struct kvs_buf /, "", name)
		sub(/[ ,;].*/, "", name)
	}
	name != "" && index($0, "kvs_buf_init(&" name ",") { name = "" }
	name != "" && /return/ { print FILENAME ":" FNR ": " name; name = "" }
' >"$tmp/wrong"
none 'no buffer is released before it is set'

if clang-format --version 2>/dev/null | grep -q ' version 14\.'; then
	# the public headers are set by hand, for their readers
	grep -v '^include/' "$tmp/c" | xargs clang-format --dry-run -Werror 2>&1 |
		sed -n 's/^\([^:]*\):[0-9]*:.*Wclang-format.*/\1/p' | sort -u >"$tmp/wrong"
	none 'clang-format has nothing to change'
else
	skip 1 'clang-format 14 is not installed'
fi

if command -v shellcheck >/dev/null 2>&1; then
	while read -r file; do
		head -n 1 "$file" | grep -qE '^#!.*/(ba)?sh|^# shellcheck shell=' && echo "$file"
	done <"$tmp/files" | xargs shellcheck -x -S warning -f gcc >"$tmp/wrong" 2>&1
	none 'shellcheck has no warning'
else
	skip 1 'shellcheck is not installed'
fi
done_testing
