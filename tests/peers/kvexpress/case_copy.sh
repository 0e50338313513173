# shellcheck shell=sh disable=SC2154
# SPDX-License-Identifier: Apache-2.0
# A file of one key under another.  Sourced by cases.sh.

# copied to what out needs: the same file, in whichever encoding
for encoding in '' -z -Z; do
	old_in canary/copy other $encoding
	kx copy --keyfrom canary/copy --keyto "copy$encoding" --verbose
	status_is 0 "a copy of what was written with \"$encoding\""
	out_has "copy='true' keyFrom='canary/copy' keyTo='copy$encoding'" 'is told'
	out_has "copy: consul KeyData='kvexpress/copy$encoding/data' saved='true' size='$(stored "kvexpress/copy$encoding/data" | wc -c)'" \
		'with its size'
	stored kvexpress/canary/copy/data | head -c 4 >want
	stored "kvexpress/copy$encoding/data" | head -c 4 >got
	same_file got want 'it stands as it stood there'
	is "$(stored "kvexpress/copy$encoding/checksum")" "$(hash_of other)" 'with its checksum'
done
kx copy --keyfrom copy --keyto packed -z -e 'touch copied'
stored kvexpress/packed/data | brotli -d >got 2>/dev/null
same_file got other '-z compresses it'
succeeds 'and the command runs' test -e copied
kx copy --keyfrom copy --keyto short-copy -l 31 --verbose
status_is 0 'too few lines are no failure'
out_has "copy: longEnough='false' checksumMatch='true'" 'they are told'
kx copy --keyfrom none --keyto short-copy
status_is 0 'nor is a key that is not there'
printf %s "$(hash_of hosts)" >sum
store kvexpress/canary/copy/checksum sum
kx copy --keyfrom canary/copy --keyto short-copy --verbose
status_is 0 'nor is a checksum that does not match'
out_has "copy: longEnough='true' checksumMatch='false'" 'it is told'
is "$(stored kvexpress/short-copy/data)" '' 'nothing was written'
kx stop -k copy -r why
kx copy --keyfrom packed --keyto copy --verbose
status_is 1 'defect 22: the other key is stopped'
out_has 'Stop Key is present - stopping. Reason: why' 'it says why'
kx copy --keyfrom copy --keyto packed
status_is 0 'a stop of the key that is copied does not count'
