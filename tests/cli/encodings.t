#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Compressed values: what kvsync in --compress stores others can read, and kvsync out reads what others
# stored, without being told.
# shellcheck source=tests/lib/cli.sh
. "${0%/*}/../lib/cli.sh"
need gzip base64 brotli zstd
export KVSYNC_STORE="local:$tmp/s.db"
data=$srcdir/tests/data/encodings
sum=$(sha256sum <"$data/text" | cut -c 1-64)

# out ARGUMENT...: runs it with a memory of its own.
out() {
	run kvsync out --state-dir "$tmp/states" "$@"
}

flags_of() {
	kvsync get "kvexpress/$1/data" --output json | sed 's/.*"flags":\([0-9]*\).*/\1/'
}

# ---- what we write ----

# stored KEY FLAGS COMMAND...: the command unpacks what is in the store to the file
stored() {
	stored_key=$1 stored_flags=$2
	shift 2
	kvsync get "kvexpress/$stored_key/data" >value
	"$@" <value >unpacked
	same_file unpacked "$data/text" "$stored_key: $1 unpacks it"
	is "$(flags_of "$stored_key")" "$stored_flags" "$stored_key: its flags"
	is "$(kvsync get "kvexpress/$stored_key/checksum")" "$sum" "$stored_key: the checksum is the file's"
	out -k "$stored_key" -f "target-$stored_key"
	status_is 0 "$stored_key: out"
	same_file "target-$stored_key" "$data/text" "$stored_key: the file"
}

# shellcheck disable=SC2317 # called through stored
gunzip_base64() {
	base64 -d | gzip -dc
}

run kvsync in -k brotli -f "$data/text" --compress
status_is 0 'brotli is the default'
stored brotli 1 brotli -dc
run kvsync in -k letter -f "$data/text" -Sz
status_is 0 'the letter goes with others'
is "$(flags_of letter)" 1 'and means brotli'
run kvsync in -k gzip -f "$data/text" --compress=gzip
status_is 0 'gzip'
stored gzip 0 gunzip_base64
is "$(kvsync get kvexpress/gzip/data | wc -l)" 0 'in one line without its end'
is "$(kvsync get kvexpress/gzip/data | base64 -d | od -An -tx1 -N 10 | tr -d ' ')" \
	1f8b08000000000002ff 'the header that Go writes, but for the mark of best compression'

run kvsync in -k zstd -f "$data/text" --compress=zstd
status_is 2 'zstd is not for kvexpress'
err_has 'kvexpress cannot read zstd: give --no-compat' 'in words'
run kvsync get kvexpress/zstd/data
status_is 5 'and nothing was written'
run kvsync in -k zstd -f "$data/text" --compress=zstd --no-compat
status_is 0 'zstd where kvexpress does not matter'
stored zstd 2 zstd -dcq
echo 'compat: kvsync' >kvsync.yaml
run kvsync --config kvsync.yaml in -k zstd2 -f "$data/text" --compress=zstd
status_is 0 'the configuration can say so'

run kvsync in -k x -f "$data/text" --compress=lzma
status_is 2 'no such encoding'
err_has "--compress: 'lzma' is not one of: plain, brotli, gzip, zstd" 'in words'
run kvsync in -k x -f "$data/text" --compress zstd
status_is 2 'the value is not a word of its own'

# ---- what is there already ----

run kvsync in -k brotli -f "$data/text"
out_has 'brotli: nothing to do' 'who asks for no encoding leaves what is there'
run kvsync in -k brotli -f "$data/text" -z
out_has 'brotli: nothing to do' 'the same again is nothing to do'
kvsync put --flags 1 kvexpress/brotli/data -f "$data/text.br"
run kvsync in -k brotli -f "$data/text" -z
out_has 'brotli: nothing to do' "nor is another compressor's work"
run kvsync in -k brotli -f "$data/text" --compress=gzip
out_has 'brotli: written' 'another encoding is written'
is "$(flags_of brotli)" 0 'with its flags'
out -k brotli -f target-brotli
out_has 'nothing to do' 'which no file has to be changed for'
kvsync put --flags 1 kvexpress/brotli/data damaged
run kvsync in -k brotli -f "$data/text" -z
out_has 'brotli: written' 'what is damaged is repaired'
stored brotli 1 brotli -dc

# ---- what others wrote ----

# written NAME FLAGS: a value and its checksum as another program puts them there
written() {
	kvsync put --flags "$2" "kvexpress/$1/data" -f "$data/$1"
	kvsync put "kvexpress/$1/checksum" "$sum"
}

for case in text=0 text.gz.b64=0 text.gz.lines.b64=0 text.go.b64=0 text.gz=0 text.br=1 text.br=0 text.zst=2; do
	name=${case%=*} flags=${case#*=}
	written "$name" "$flags"
	rm -f target
	out -k "$name" -f target
	status_is 0 "$name with flags $flags"
	same_file target "$data/text" "$name with flags $flags: the file"
done

# ---- what is no good ----

# bad KEY FLAGS FILE STATUS WORDS ARGUMENT...
bad() {
	bad_key=$1 bad_status=$4 bad_words=$5
	kvsync put --flags "$2" "kvexpress/$1/data" -f "$3"
	kvsync put "kvexpress/$1/checksum" "$sum"
	shift 5
	echo old >old
	out -k "$bad_key" -f old "$@"
	status_is "$bad_status" "$bad_key"
	err_has "$bad_words" "$bad_key: words"
	is "$(cat old)" old "$bad_key: nothing on disk changed"
}
head -c 300 "$data/text.br" >cut.br
head -c 600 "$data/text.gz.b64" >cut.gz
head -c 300 "$data/text.zst" >cut.zst
bad cut-brotli 1 cut.br 8 'kvexpress/cut-brotli/data: damaged brotli: it ends too early'
bad cut-gzip 0 cut.gz 8 'damaged gzip: it ends too early'
bad cut-zstd 2 cut.zst 8 'damaged zstd: it ends too early'
bad not-brotli 1 cut.gz 8 'damaged brotli'
bad bomb-brotli 1 "$data/bomb.br" 7 'it comes to more than 1048576 bytes' --max-bytes 1M
bad bomb-gzip 0 "$data/bomb.gz.b64" 7 'it comes to more than 1048576 bytes' --max-bytes 1M
bad bomb-zstd 2 "$data/bomb.zst" 7 'it comes to more than 1048576 bytes' --max-bytes 1M
bad window 2 "$data/window.zst" 7 'to unpack this zstd takes over 8 MiB'
bad later 9 cut.gz 8 'damaged gzip'
bad later 9 old 13 'has the flags 9, which this kvsync does not know'
bad plain 0 "$data/text" 7 'has more than 1000 bytes; --max-bytes raises that' --max-bytes 1000

# ---- a machine without the module ----

mkdir modules
ln -s "$KVS_MODULE_DIR/local.so" modules
export KVS_MODULE_DIR="$tmp/modules"
out -k brotli -f other
status_is 13 'compressed, without the codec module'
err_has 'codec module, needed for compressed values, cannot be loaded' 'in words'
out -k text -f other
status_is 0 'what is plain does not need it'

done_testing
