#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# kvsync stop and start: a key is frozen, and thawed.
# shellcheck source=tests/lib/cli.sh
. "${0%/*}/../lib/cli.sh"
export KVSYNC_STORE="local:$tmp/s.db"

run kvsync stop hosts 'until noon'
status_is 0 'a stop'
out_is 'hosts: stopped\n' 'is told'
is "$(kvsync get kvexpress/hosts/stop)" 'until noon' 'it is there'
before=$(kvsync index)
run kvsync stop -k hosts -r 'until noon'
status_is 0 'the same by options'
out_is 'hosts: nothing to do, stopped with that reason already\n' 'is nothing to do'
is "$(kvsync index)" "$before" 'and nothing was written'
run kvsync stop -k hosts 'until one'
status_is 0 'another reason'
is "$(kvsync get kvexpress/hosts/stop)" 'until one' 'replaces it'
run kvsync stop hosts --reason 'until two' --output json
out_is '{"key":"hosts","changed":true}\n' 'as JSON'

run kvsync start hosts
status_is 0 'a start'
out_is 'hosts: started; it was stopped: until two\n' 'tells what it was'
run kvsync get kvexpress/hosts/stop
status_is 5 'the stop is gone'
run kvsync unstop -k hosts
status_is 0 'again, by the other name'
out_is 'hosts: nothing to do, it was not stopped\n' 'is nothing to do'
run kvsync start hosts --output json
out_is '{"key":"hosts","changed":false}\n' 'as JSON'
kvsync --quiet stop hosts "a${tmp:+
}b" >quiet
run kvsync start hosts --output json
out_is '{"key":"hosts","changed":true,"reason":"a\\nb"}\n' 'with the reason'
run cat quiet
out_is '' 'who wants no words gets none'
kvsync put kvexpress/hosts/stop ''
run kvsync start hosts
out_has 'nothing to do' 'an empty stop is none'

run kvsync stop hosts
status_is 2 'a stop without a reason'
err_has 'the reason is missing; usage: kvsync stop KEY REASON' 'in words'
run kvsync stop hosts ''
status_is 2 'an empty reason'
err_has 'the reason is empty' 'in words'
run kvsync stop
status_is 2 'a stop without a key'
err_has 'the key is missing' 'in words'
run kvsync stop hosts until noon
status_is 2 'a reason without quotes'
err_has "unexpected operand 'noon'; a reason of several words needs quotes" 'in words'
run kvsync stop locks/x reason
status_is 2 'a key that no file can have'
run kvsync start
status_is 2 'a start without a key'
err_has 'give one key; usage: kvsync start KEY' 'in words'
run kvsync start a -k b
status_is 2 'a start with two'

done_testing
