#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# Makes the files beside it with public tools (gzip, base64, brotli, zstd), so that what kvsync reads
# and writes is compared with somebody else's idea of each format.  Other versions of the tools may
# make other bytes; that is no reason to replace these.
set -eu
cd "$(dirname -- "$0")"

# a hosts file: repetitive, but not only
awk 'BEGIN {
	print "# addresses of the fleet"
	for (i = 1; i <= 120; i++)
		printf "10.%d.%d.%d\tnode-%03d.example.net node-%03d\n", i % 7, i * 37 % 251, i, i, i
}' >text

gzip -9 -n <text >text.gz
base64 -w 0 <text.gz >text.gz.b64
base64 <text.gz >text.gz.lines.b64
# as Go writes it: no best-compression mark, an unknown system
{
	printf '\037\213\010\000\000\000\000\000\000\377'
	gzip -n <text | tail -c +11
} | base64 -w 0 >text.go.b64
{
	head -n 50 text | gzip -9 -n
	tail -n +51 text | gzip -9 -n
} >text.members.gz
brotli --quality=11 --lgwin=22 --stdout text >text.br
zstd -q -19 --no-check --stdout text >text.zst
zstd -q -19 --check <text >text.check.zst

gzip -9 -n </dev/null | base64 -w 0 >empty.gz.b64
brotli --quality=11 --stdout /dev/null >empty.br
zstd -q --stdout </dev/null >empty.zst

# little that unpacks to much: 16 MiB of zeros
head -c 16777216 /dev/zero >zeros
gzip -9 -n <zeros | base64 -w 0 >bomb.gz.b64
brotli --quality=11 --stdout zeros >bomb.br
zstd -q -19 --no-check --stdout zeros >bomb.zst
rm zeros
# little that asks for a window of 128 MiB
head -c 4096 /dev/zero | zstd -q --long=27 --stdout >window.zst

# a list of chunks that are nowhere
{
	echo 'kvsync-chunks 1 9 3'
	printf '%064d 5\n%064d 4\n' 1 2
} >chunks
