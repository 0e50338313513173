#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# kvsync copy: the file of one key goes under another.
# shellcheck source=tests/lib/cli.sh
. "${0%/*}/../lib/cli.sh"
# shellcheck source=tests/lib/engine.sh
. "$srcdir/tests/lib/engine.sh"
export KVSYNC_STORE="local:$tmp/s.db"
engine_copies

# ---- what is told ----

seq 30 >hosts
sum=$(sha256sum <hosts | cut -c 1-64)
kvsync in --quiet -k canary/hosts -f hosts
run kvsync copy --from canary/hosts --to told
out_is "told: written, 30 lines, $(stat -c %s hosts) bytes, sha256 $(printf %.12s "$sum")\n" 'what happened'
err_is '' 'and nothing else'
run kvsync copy --from canary/hosts --to told
out_has 'told: nothing to do' 'nothing happened'
run kvsync --quiet copy --keyfrom canary/hosts --keyto quiet
status_is 0 'the old names of the options'
out_is '' 'who wants no words gets none'
run kvsync copy --from canary/hosts --to json --output json --history-versions 0
out_is "{\"from\":\"canary/hosts\",\"key\":\"json\",\"written\":true,\"index\":$(kvsync index),\"signed\":false,\"lines\":30,\"bytes\":$(stat -c %s hosts),\"checksum\":\"$sum\"}\n" 'as JSON'

# ---- guards ----

before=$(kvsync index)
run kvsync copy --from canary/hosts --to told2 -l 31
status_is 7 'too few lines'
err_is "kvsync: copy: kvexpress/canary/hosts/data has 30 lines, fewer than the 31 asked for; --min-lines lowers that\n" 'in words'
run kvsync copy --from canary/hosts --to told2 --max-bytes 10
status_is 7 'too many bytes'
seq 900 >big
kvsync in --quiet -k big -f big -z
kvsync in --quiet -k big2 -f big
kvsync in --quiet -k canary/big -f hosts
before=$(kvsync index)
run kvsync copy --from canary/big --to big --max-shrink 50%
status_is 7 'a file that would shrink'
err_has 'big would shrink by' 'in words'
run kvsync copy --from big --to told2 --max-bytes 10
status_is 7 'a packed one that is too big'
is "$(kvsync index)" "$before" 'refused: nothing was written'

# ---- signatures ----

kvsync keygen --quiet key
kvsync in --quiet -k canary/hosts -f hosts --sign key
run kvsync copy --from canary/hosts --to signed --verify key.pub
status_is 0 'a signed file'
err_has 'canary/hosts is signed and signed is not: a signature is for one key only; --sign signs the copy' \
	'loses its signature, with a warning'
run kvsync copy --from canary/hosts --to signed --verify key.pub --sign key
out_has ', signed' 'or gets one of its own'
run kvsync out --quiet -k signed -f got --verify key.pub --state-dir states
status_is 0 'which verifies'
run kvsync copy --from told --to signed --verify key.pub --sign key
status_is 8 'what nobody signed'
err_has 'kvexpress/told is not signed' 'in words'
printf 'require-signature: true\n' >c.yaml
run kvsync --config c.yaml copy --from told --to signed
status_is 2 'signatures that are required, without a key'

# ---- usage ----

run kvsync copy --to b
status_is 2 'no source'
err_has 'the key to copy from is missing: give --from KEY and --to KEY' 'in words'
run kvsync copy --from a
status_is 2 'no destination'
run kvsync copy --from a --to a
status_is 2 'to itself'
run kvsync copy --from a --to locks/a
status_is 2 'to a key that no file can have'
run kvsync copy --from a --to b --compress=rar
status_is 2 'an unknown encoding'
done_testing
