#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Signatures: who controls the store, but not the key, cannot put a byte onto a machine that verifies.
# shellcheck source=tests/lib/cli.sh
. "${0%/*}/../lib/cli.sh"
need openssl
export KVSYNC_STORE="local:$tmp/s.db"

for name in one two; do
	kvsync keygen --quiet $name
done
echo 'first' >first
echo 'second' >second

# out ARGUMENT...: runs it with a memory of its own.
out() {
	run kvsync out --state-dir "$tmp/states" "$@"
}

# good FILE NAME ARGUMENT...: the file is installed, or is there already
good() {
	good_file=$1 good_name=$2
	shift 2
	out "$@" -f target
	status_is 0 "$good_name"
	same_file target "$good_file" "$good_name: the file"
}

# refused WORDS NAME ARGUMENT...: and nothing on disk changes
refused() {
	refused_words=$1 refused_name=$2
	shift 2
	cp target before
	out "$@" -f target
	status_is 8 "$refused_name"
	err_has "$refused_words" "$refused_name: words"
	same_file target before "$refused_name: the file stays"
}

# keep KEY NAME: what is in the store under a key, as whoever controls the store can
keep() {
	for keep_part in data checksum signature; do
		kvsync get "kvexpress/$1/$keep_part" >"$2.$keep_part"
	done
}

# put_back NAME KEY
put_back() {
	for keep_part in data checksum signature; do
		kvsync put "kvexpress/$2/$keep_part" -f "$1.$keep_part"
	done
}

# ---- a signed file ----

run kvsync in -k k -f first --sign one
status_is 0 'in --sign'
out_has ', signed' 'it says so'
good first 'with the key' -k k --verify one.pub
good first 'again' -k k --verify one.pub
good first 'who verifies nothing takes it too' -k k

# the signature by other means
keep k kept
read -r version method id time base64 <kept.signature
is "$version $method $id" "v1 ed25519 $(openssl pkey -pubin -in one.pub -outform DER | tail -c 32 |
	sha256sum | cut -c 1-16)" 'its form and the key it names'
printf '%s' "$base64" | base64 -d >raw.signature
printf 'kvsync-sig-v1\0kvexpress/k\0%s\0%s\0' "$(cat kept.checksum)" "$time" >message
run openssl pkeyutl -verify -pubin -inkey one.pub -rawin -in message -sigfile raw.signature
status_is 0 'OpenSSL verifies it'
is "$(kvsync get kvexpress/k/signature | tail -c 1 | tr -d '=')" '' 'no newline at its end'

run kvsync in -k k -f first --sign one
out_has 'k: nothing to do' 'what is signed is not signed again'
index=$(kvsync index)
run kvsync in -k k -f first --sign two
out_has 'k: written' 'another key signs it'
good first 'which is the one to verify with then' -k k --verify two.pub
refused 'which is none of the keys to verify with' 'the other one is not' -k k --verify one.pub
good first 'one of several does' -k k --verify one.pub --verify two.pub
run kvsync get kvexpress/k/data --output json
refuses 'and nothing but the signature was written' test "$(sed 's/.*"index":\([0-9]*\).*/\1/' "$out")" -gt "$index"

# ---- what somebody without the key can do ----

run kvsync in -k k -f second --sign one
good second 'a change' -k k --verify one.pub
keep k second
put_back kept k
refused 'older than the one of the file that was installed' 'a replay' -k k --verify one.pub
out -k k -f elsewhere --verify one.pub
status_is 0 'a machine that never had the newer one cannot know'
put_back second k
good second 'the newer one put back' -k k --verify one.pub

# the newest signature counts, also if it changed no byte here
echo 'third' >third
run kvsync in -k k -f third --sign one
keep k third
run kvsync in -k k -f second --sign one
out -k k -f target --verify one.pub
out_has 'nothing to do' 'the same bytes, signed later'
put_back third k
refused 'older than the one' 'a replay of what was never installed' -k k --verify one.pub
put_back second k
refused 'older than the one' 'nor of the same bytes' -k k --verify one.pub

put_back kept moved
refused 'is not that of this content under this name' 'moved to another key' -k moved --verify one.pub
for part in data checksum signature; do
	kvsync put "other/k/$part" -f "third.$part"
done
refused 'other/k' 'moved to another prefix' -p other -k k --verify one.pub
printf 'evil' >evil
kvsync put kvexpress/k/data -f evil
kvsync put kvexpress/k/checksum "$(sha256sum <evil | cut -c 1-64)"
refused 'is not that of this content under this name' 'another content' -k k --verify one.pub
kvsync put kvexpress/k/data -f third
refused 'is not that of this content' 'and its old data' -k k --verify one.pub
kvsync put kvexpress/k/signature 'v1 ed25519'
refused 'kvexpress/k: the signature does not begin with' 'a signature that is none' -k k --verify one.pub
kvsync del kvexpress/k/signature
refused 'kvexpress/k is not signed' 'the signature taken away' -k k --verify one.pub
out -k k -f elsewhere
status_is 8 'data that is not that of the checksum is refused with no key too'
run kvsync in -k k -f third --sign one
good third 'in --sign repairs it all' -k k --verify one.pub

# ---- without --sign ----

run kvsync in -k k -f second
status_is 0 'in without --sign'
err_has 'k was signed and is not any more; --sign signs it' 'a warning'
run kvsync get kvexpress/k/signature
status_is 5 'the old signature is gone'
refused 'is not signed' 'which is refused' -k k --verify one.pub
run kvsync in -k k -f second --sign one
good second 'until it is signed' -k k --verify one.pub
run kvsync in -k k -f second
err_is '' 'who changes nothing takes nothing away'
good second 'so it is still signed' -k k --verify one.pub

run kvsync in -k packed -f second --sign one -z
good second 'a compressed file' -k packed --verify one.pub

# ---- the configuration ----

mkdir etc
cp one.pub etc
cat >etc/kvsync.yaml <<END
verify-keys: [one.pub, $tmp/two.pub]
require-signature: true
END
run kvsync --config etc/kvsync.yaml config dump
out_has "$tmp/two.pub" 'the keys are in the configuration in force'
good second 'its keys' --config etc/kvsync.yaml -k k
refused 'none of the keys' '--verify goes before them' --config etc/kvsync.yaml -k k --verify two.pub
echo 'require-signature: true' >etc/kvsync.yaml
out --config etc/kvsync.yaml -k k -f target
status_is 2 'signatures required and no key'
err_has 'there is no key to verify them with: set verify-keys there, or give --verify' 'in words'
good second 'unless one is given' --config etc/kvsync.yaml -k k --verify one.pub
echo 'verify-keys: one.pub' >etc/kvsync.yaml
good second 'a single one is no list' --config etc/kvsync.yaml -k k
echo 'verify-keys: []' >etc/kvsync.yaml
out --config etc/kvsync.yaml -k k -f target
status_is 2 'an empty list'
err_has 'kvsync.yaml:1:14: "verify-keys" is an empty list' 'has its place'

# ---- keys that are none ----

chmod 640 one
run kvsync in -k k -f first --sign one
status_is 2 'a private key that others may read'
err_has 'one is a private key that others may read or change (mode 0640): chmod 600 it' 'in words'
chmod 600 one
run kvsync in -k k -f first --sign one.pub
status_is 2 'a public key signs nothing'
run kvsync in -k k -f first --sign none
status_is 1 'a missing key'
chmod 666 two.pub
out -k k -f target --verify two.pub
status_is 2 'a public key that others may change'
out -k k -f target --verify one
status_is 2 'a private key is not to be spread'
err_has 'one holds no Ed25519 public key' 'in words'
good second 'after all this the store is as it was' -k k --verify one.pub

done_testing
