# shellcheck shell=sh
# SPDX-License-Identifier: Apache-2.0
#
# What the transfer engine does on every store alike: sourced after cli.sh, run against the store of
# $KVSYNC_STORE, which holds none of these keys yet.

# engine_holds KEY FILE NAME: data and checksum are those of the file, as it is.
engine_holds() {
	kvsync get "kvexpress/$1/data" >"$tmp/.run/data"
	same_file "$tmp/.run/data" "$2" "$3"
	is "$(kvsync get "kvexpress/$1/checksum")" "$(sha256sum <"$2" | cut -c 1-64)" "$3: checksum"
}

# engine_gives KEY FILE NAME: out of it comes the file.
engine_gives() {
	kvsync out --quiet --state-dir "$tmp/states" -k "$1" -f "$tmp/.run/given" -l 0
	same_file "$tmp/.run/given" "$2" "$3"
	rm -f "$tmp/.run/given"
}

engine_copies() {
	seq -f 'host%g' 500 >"$tmp/original"
	kvsync in --quiet -k e/original -f "$tmp/original"
	run kvsync copy --from e/original --to e/copy
	status_is 0 'a copy'
	engine_holds e/copy "$tmp/original" 'the copy'
	engine_holds e/original "$tmp/original" 'the original'
	engine_before=$(kvsync index)
	run kvsync copy --from e/original --to e/copy
	status_is 0 'again'
	is "$(kvsync index)" "$engine_before" 'nothing is written'

	run kvsync history -k e/copy
	out_has 'copy of e/original' 'the history tells where it is from'

	for engine_encoding in brotli gzip zstd; do
		kvsync in --quiet -k "e/$engine_encoding" -f "$tmp/original" --no-compat --compress=$engine_encoding
		run kvsync copy --from "e/$engine_encoding" --to e/packed --no-compat
		status_is 0 "a copy of $engine_encoding"
		kvsync get --output json "kvexpress/e/$engine_encoding/data" | sed 's/.*"value"/"value"/; s/,"index.*"flags"/,"flags"/' >"$tmp/want"
		kvsync get --output json kvexpress/e/packed/data | sed 's/.*"value"/"value"/; s/,"index.*"flags"/,"flags"/' >"$tmp/got"
		same_file "$tmp/got" "$tmp/want" "$engine_encoding: it stands there as the original does"
		engine_gives e/packed "$tmp/original" "$engine_encoding: it comes out right"
	done
	run kvsync copy --from e/zstd --to e/other
	status_is 2 'what kvexpress cannot read is not copied as it is'
	run kvsync copy --from e/zstd --to e/packed --compress=plain
	status_is 0 'but unpacked'
	engine_holds e/packed "$tmp/original" 'unpacked'
	run kvsync copy --from e/original --to e/packed -z
	status_is 0 'packed on the way'
	engine_gives e/packed "$tmp/original" 'packed'

	kvsync stop --quiet e/copy 'until noon'
	run kvsync copy --from e/brotli --to e/copy
	status_is 6 'a stopped destination'
	err_is "kvsync: copy: e/copy is stopped until kvsync start lifts it: until noon\n" 'in words'
	run kvsync copy --from e/copy --to e/other
	status_is 6 'a stopped source'
	run kvsync copy --from e/copy --to e/other --ignore-stop
	status_is 0 'a stopped source that may be copied'
	engine_holds e/other "$tmp/original" 'copied'
	run kvsync copy --from e/none --to e/other
	status_is 5 'no source'
	err_is "kvsync: copy: there is no kvexpress/e/none/checksum; kvsync in puts a file there\n" 'in words'
	kvsync put kvexpress/e/original/data damaged
	run kvsync copy --from e/original --to e/other
	status_is 8 'a damaged source'
	engine_holds e/other "$tmp/original" 'goes nowhere'
}

engine_differs() {
	printf 'one\ntwo\n' >"$tmp/stored"
	printf 'one\n2\n' >"$tmp/other"
	kvsync in --quiet -k e/diff -f "$tmp/stored" -z
	run kvsync diff -k e/diff -f "$tmp/other"
	status_is 14 'a file that differs'
	out_is "--- kvexpress/e/diff\n+++ $tmp/other\n@@ -1,2 +1,2 @@\n one\n-two\n+2\n" 'line by line'
	run kvsync diff -k e/diff -f "$tmp/stored"
	status_is 0 'one that does not'
	out_is '' 'without a word'
	run kvsync diff -k e/none -f "$tmp/stored"
	status_is 5 'nothing to compare with'
}

engine_raw() {
	head -c 5000 /dev/urandom >"$tmp/value"
	kvsync put e/raw -f "$tmp/value"
	run kvsync raw --state-dir "$tmp/states" -k e/raw -f "$tmp/raw"
	status_is 0 'any value'
	same_file "$tmp/raw" "$tmp/value" 'comes into a file'
	engine_inode=$(stat -c %i "$tmp/raw")
	run kvsync raw --state-dir "$tmp/states" -k e/raw -f "$tmp/raw"
	status_is 0 'again'
	is "$(stat -c %i "$tmp/raw")" "$engine_inode" 'it stays'
	kvsync lock --quiet "$tmp/raw" 'hands off'
	kvsync put e/raw other
	run kvsync raw --state-dir "$tmp/states" -k e/raw -f "$tmp/raw"
	status_is 6 'a locked file'
	same_file "$tmp/raw" "$tmp/value" 'is left alone'
	kvsync unlock --quiet "$tmp/raw"
	run kvsync raw --state-dir "$tmp/states" -k e/none -f "$tmp/raw"
	status_is 5 'a key that there is not'
	err_is "kvsync: raw: there is no key e/none; kvsync ls lists those that there are\n" 'in words'
	same_file "$tmp/raw" "$tmp/value" 'removes no file'
}

# All of it, on a real server.
engine_scenario() {
	engine_copies
	engine_differs
	engine_raw
}
