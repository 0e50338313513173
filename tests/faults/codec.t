#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Compressed and signed files without memory: each allocation fails once, those of the compressors too.
# shellcheck source=tests/lib/cli.sh
. "${0%/*}/../lib/cli.sh"
# shellcheck source=tests/faults/lib.sh
. "$srcdir/tests/faults/lib.sh"
export KVSYNC_STORE="local:$tmp/s.db"

kvsync keygen --quiet key
seq 1 50 >old
seq 1 60 >new

# refused: what failed said so
# shellcheck disable=SC2317 # called by sweep
refused() {
	case $status in
	0 | 1) ;;
	*) echo "unexpected status: $(tail -n 1 "$err")" ;;
	esac
	[ "$status" -eq 0 ] || [ -s "$err" ] || echo 'failed without a word'
}

# ---- in ----

# shellcheck disable=SC2317 # called by sweep
before() {
	kvsync del kvexpress/ --recursive --yes --quiet
	kvsync in --quiet -k k -f old --sign key
}

# shellcheck disable=SC2317 # called by sweep
after() {
	refused
	rm -rf target states
	kvsync out --quiet -k k -f target --verify key.pub --state-dir states || echo 'the store is damaged'
	cmp -s target new || { [ "$status" -ne 0 ] && cmp -s target old; } || echo 'neither file'
}

for encoding in brotli gzip zstd; do
	sweep alloc ENOMEM '' kvsync in --quiet -k k -f new --sign key --compress=$encoding --no-compat
done

# ---- out ----

# shellcheck disable=SC2317 # called by sweep
before() {
	rm -rf target states
	cp old target
}

# shellcheck disable=SC2317 # called by sweep
after() {
	refused
	cmp -s target new || { [ "$status" -ne 0 ] && cmp -s target old; } || echo 'neither file'
}

for encoding in brotli gzip zstd; do
	kvsync in --quiet -k $encoding -f new --sign key --compress=$encoding --no-compat
	sweep alloc ENOMEM '' kvsync out --quiet -k $encoding -f target --verify key.pub --state-dir states
done

# ---- copy ----

# shellcheck disable=SC2317 # called by sweep
before() {
	kvsync in --quiet -k k -f old
}

# shellcheck disable=SC2317 # called by sweep
after() {
	refused
	rm -rf target
	kvsync out --quiet -k k -f target --state-dir states || echo 'the store is damaged'
	cmp -s target new || { [ "$status" -ne 0 ] && cmp -s target old; } || echo 'neither file'
}

sweep alloc ENOMEM '' kvsync copy --quiet --from zstd --to k --sign key --verify key.pub --compress=gzip

# ---- keygen ----

# shellcheck disable=SC2317 # called by sweep
before() {
	rm -f pair pair.pub
}

# shellcheck disable=SC2317 # called by sweep
after() {
	refused
	if [ "$status" -eq 0 ]; then
		[ -e pair ] && [ -e pair.pub ] || echo 'made, but not there'
	elif [ -e pair ]; then
		[ -e pair.pub ] || echo 'half a pair'
	fi
}
sweep alloc ENOMEM '' kvsync keygen --quiet pair

done_testing
