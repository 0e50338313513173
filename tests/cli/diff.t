#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# kvsync diff: what the store holds, against a file.
# shellcheck source=tests/lib/cli.sh
. "${0%/*}/../lib/cli.sh"
# shellcheck source=tests/lib/engine.sh
. "$srcdir/tests/lib/engine.sh"
export KVSYNC_STORE="local:$tmp/s.db"
engine_differs

# ---- as diff -u has it ----

# same_as_diff NAME: of the files old and new, but for the heads.
same_as_diff() {
	kvsync in --quiet -k k -f old -l 0
	run kvsync diff -k k -f new
	diff -u old new | tail -n +3 >want
	tail -n +3 "$out" >got
	same_file got want "$1"
}

seq 100 >old
sed -e 's/^7$/seven/' -e '/^50$/d' -e '99,100d' old >new
same_as_diff 'some hunks'
printf 'a\nb' >old
printf 'a\nb\n' >new
same_as_diff 'no newline at the end of one'
printf 'a\nb' >old
printf 'a\nc' >new
same_as_diff 'nor of the other'
: >old
printf 'a\n\tb\n' >new
same_as_diff 'against nothing; a tab stays'
printf 'a\n' >old
: >new
same_as_diff 'nothing against something'
seq 20 >old
(seq 20 && echo 21) >new
same_as_diff 'a line more'
printf 'a\n-- b\n' >old
printf '++ c\n' >new
same_as_diff 'lines that look like heads'

# ---- nothing is trusted ----

printf 'a\n\033[31mred\r\n\303\050\n\\x41\n' >old
printf 'a\n' >new
kvsync in --quiet -k k -f old
run kvsync diff -k k -f new
out_is '--- kvexpress/k\n+++ new\n@@ -1,4 +1 @@\n a\n-\\x1b[31mred\\x0d\n-\\xc3(\n-\\x5cx41\n' 'control bytes and broken text are shown, not sent'
touch "$(printf 'esc\033')"
run kvsync diff -k k -f "$(printf 'esc\033')"
out_has '+++ esc\x1b' 'in names, too'
printf 'a\000b\n' >old
kvsync in --quiet -k k -f old
run kvsync diff -k k -f new
status_is 14 'what is no text'
out_is 'kvexpress/k and new differ: not text\n' 'is not shown'
run kvsync diff -k k -f old
status_is 0 'nor when it is the same'
out_is '' 'is anything said'

yes a | head -n 1100000 >long
printf 'a\n' >old
kvsync in --quiet -k k -f old
run kvsync diff -k k -f long
status_is 14 'more lines than can be shown'
out_is 'kvexpress/k and long differ; they have too many lines to be shown\n' 'are not'

# ---- colours ----

printf 'a\nb\n' >old
printf 'a\nc\n' >new
kvsync in --quiet -k k -f old
if command -v script >/dev/null 2>&1; then
	TERM=xterm run script -qec 'kvsync diff -k k -f new' typescript
	status_is 14 'on a terminal'
	tr -d '\r' <"$out" >got
	bytes_are got '\033[1m--- kvexpress/k\033[m\n\033[1m+++ new\033[m\n\033[36m@@ -1,2 +1,2 @@\033[m\n a\n\033[31m-b\033[m\n\033[32m+c\033[m\n' 'there are colours'
	TERM=xterm NO_COLOR=1 run script -qec 'kvsync diff -k k -f new' typescript
	refuses 'unless nobody wants them' grep -q "$(printf '\033')" "$out"
	TERM=dumb run script -qec 'kvsync diff -k k -f new' typescript
	refuses 'or they cannot be shown' grep -q "$(printf '\033')" "$out"
else
	skip 4 'script(1) is not installed'
fi

# ---- other forms ----

run kvsync diff --quiet -k k -f new
status_is 14 'only the status'
out_is '' 'without a word'
run kvsync diff -k k -f new --output json
status_is 14 'as JSON'
out_is "{\"key\":\"k\",\"file\":\"new\",\"same\":false,\"binary\":false,\"removed\":1,\"added\":1,\"checksum\":\"$(sha256sum <old | cut -c 1-64)\",\"file_checksum\":\"$(sha256sum <new | cut -c 1-64)\"}\n" 'with the numbers'
run kvsync diff -k k -f old --output json
out_has '"same":true' 'the same as JSON'
printf 'b\n\na\n' >new
run kvsync diff -k k -f new -S
status_is 0 'sorted first'
run sh -c 'kvsync diff -k k -f - <old'
status_is 0 'standard input'
kvsync stop --quiet k why
run kvsync diff -k k -f old
status_is 0 'a stopped key'
kvsync start --quiet k
seq 100000 >long
run sh -c 'kvsync diff -k k -f long | head -n 1'
out_is '--- kvexpress/k\n' 'a reader that goes away'
err_is '' 'is no error'

# ---- bad input ----

run kvsync diff -k k -f none
status_is 1 'a missing file'
err_has 'open none: No such file' 'in words'
run kvsync diff -k k -f old --max-bytes 3
status_is 7 'a file that is too big'
kvsync in --quiet -k big -f long
run kvsync diff -k big -f old --max-bytes 100
status_is 7 'a value that is too big'
kvsync put kvexpress/k/data damaged
run kvsync diff -k k -f old
status_is 8 'damaged data'
run kvsync diff -k k
status_is 2 'no file'
run kvsync diff -f old
status_is 2 'no key'
run kvsync diff -k /k -f old
status_is 2 'no such key can be'
done_testing
