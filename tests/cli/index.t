#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# kvsync index, status, backends: what stores say of themselves.
# shellcheck source=tests/lib/cli.sh
. "${0%/*}/../lib/cli.sh"
export KVSYNC_STORE="local:$tmp/s.db"

kvsync put a 1
run kvsync index
status_is 0 'the index'
before=$(cat "$out")
kvsync put a 2
run kvsync index
is "$(cat "$out")" $((before + 1)) 'rises with every write'
run kvsync index --output json
out_is "{\"index\":$((before + 1))}\n" 'as JSON'
run kvsync index x
status_is 2 'it takes no operand'

run kvsync status
status_is 0 'the status'
out_has "store: local:$tmp/s.db" 'which store'
out_has 'keys: 1' 'what it says'
run kvsync status --output json
out_has "{\"name\":\"store\",\"value\":\"local:$tmp/s.db\"}" 'as JSON lines'
out_has '{"name":"keys","value":"1"}' 'a pair a line'

run kvsync backends
status_is 0 'what is installed'
out_has 'local' 'the embedded store'
run kvsync backends --output json
out_has '{"name":"local","description":"' 'as JSON lines'
out_has '"usable":true}' 'that can be used'
mkdir modules
echo nonsense >modules/broken.so
run env KVS_MODULE_DIR="$tmp/modules" kvsync backends
status_is 0 'a module that is none'
out_has 'not usable: ' 'is said to be so'
run env KVS_MODULE_DIR="$tmp/modules" kvsync backends --output json
out_has '"usable":false,"reason":"' 'also as JSON'
run env KVS_MODULE_DIR="$tmp/modules" kvsync index
status_is 13 'a store whose backend is not installed'
err_has 'local support is not installed' 'with the remedy'
run kvsync backends --store mem:
status_is 2 'an option for commands with a store'
err_has '--store has no meaning here: the command backends opens no store' 'in words'
done_testing
