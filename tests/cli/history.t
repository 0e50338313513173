#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# kvsync history and rollback on the embedded store.
# shellcheck source=tests/lib/cli.sh
. "${0%/*}/../lib/cli.sh"
export KVSYNC_STORE="local:$tmp/s.db"

# shellcheck source=tests/lib/history.sh
. "$srcdir/tests/lib/history.sh"

run kvsync history
status_is 2 'no key'
run kvsync history -k hosts -n 1
status_is 2 'a version without a file'
err_has '--number and --file go together' 'words'
run kvsync history -k locks/x
status_is 2 'a key that cannot be'
run kvsync rollback
status_is 2 'no key'

# A reason of somebody else's, with bytes that a terminal would obey.
put 40 -r "$(printf 'red \033[31m')"
run kvsync history -k hosts
out_has 'in: red \x1b[31m' 'is shown, not obeyed'

kvsync keygen --quiet key
put 41 --sign key
run kvsync rollback -k hosts
err_has 'was signed and is not any more' 'a rollback takes the signature away'
run kvsync rollback -k hosts --sign key
out_has ', signed' 'or signs'

done_testing
