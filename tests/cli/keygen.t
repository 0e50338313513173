#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Key pairs: what stands in the files, who may read them, and that OpenSSL takes them for keys.
# shellcheck source=tests/lib/cli.sh
. "${0%/*}/../lib/cli.sh"
need openssl

umask 000
run kvsync keygen release
status_is 0 'a pair is made'
mode_is release 600 'the private key is for its owner only, whatever the umask'
mode_is release.pub 644 'the public key is for everybody'
out_has 'release.pub: the public key' 'the files are named'
is "$(find . -maxdepth 1 -name 'release*' | wc -l)" 2 'there are no others'

# the id, by other means: the last 32 bytes of the public key in DER
id=$(openssl pkey -pubin -in release.pub -outform DER | tail -c 32 | sha256sum | cut -c 1-16)
out_has "the key's id is $id" 'with the id'

run openssl pkey -in release -noout -text
out_has 'ED25519 Private-Key' 'OpenSSL reads the private key'
openssl pkey -in release -pubout >its.pub
same_file its.pub release.pub 'and the public key is its other half'
printf 'message' >message
openssl pkeyutl -sign -inkey release -rawin -in message -out signature
run openssl pkeyutl -verify -pubin -inkey release.pub -rawin -in message -sigfile signature
status_is 0 'they sign and verify'

cp release before
run kvsync keygen release
status_is 2 'a key is not overwritten'
err_has 'release is there already' 'in words'
same_file release before 'it is as it was'
rm release
run kvsync keygen release
status_is 2 'nor is a public key'
refuses 'then no half of a pair is made' test -e release

run kvsync --output json keygen other
status_is 0 'as JSON'
out_has '"private":"other","public":"other.pub","id":"' 'its members'
refuses 'another pair is another pair' cmp -s other before
run kvsync --quiet keygen third
out_is '' 'quietly'

run kvsync keygen
status_is 2 'without a file'
run kvsync keygen none/key
status_is 1 'in a folder that is not there'
err_has 'none' 'named'
if [ "$(id -u)" -eq 0 ]; then
	mkdir closed && chmod 755 closed
	run as_nobody kvsync keygen closed/key
	status_is 1 'where nothing may be written'
	is "$(ls closed)" '' 'nothing is'
else
	skip 2 'not started by root'
fi
done_testing
