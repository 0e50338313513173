# shellcheck shell=sh disable=SC2154
# SPDX-License-Identifier: Apache-2.0
# What in left beside a file goes.  Sourced by cases.sh.

cp hosts cleaned
kx in -k cleaned -f cleaned
succeeds 'in leaves two files' test -e cleaned.compare -a -e cleaned.last
kx clean -f cleaned -e 'touch clean-ran' --verbose
status_is 0 'clean'
out_has 'clean: Removed cleaned.compare' 'tells what it removes'
out_has 'clean: Removed cleaned.last' 'both'
out_has "clean: location='complete', elapsed='" 'and the time'
refuses 'they are gone' test -e cleaned.compare -o -e cleaned.last
same_file cleaned hosts 'defect 21: the file itself stays'
succeeds 'the command runs' test -e clean-ran
rm clean-ran
pair_is cleaned hosts 'the store is as it was'
kx clean -f cleaned -e 'touch clean-ran' --verbose
status_is 0 'again'
refuses 'there is nothing to remove' grep -q Removed "$out"
succeeds 'the command runs, as it always did' test -e clean-ran
kx in -k cleaned -f cleaned --verbose
out_has "in: consul checksum='match' update='false'" 'in goes by the store then'
run kvexpress clean -f "$tmp/cleaned" -s 127.0.0.1:1
status_is 0 'no store is needed'
refuses 'for a whole path either' test -e cleaned.last
mkdir cleaned.last
kx clean -f cleaned
status_is 1 'a directory is not removed'
succeeds 'it is there' test -d cleaned.last
rmdir cleaned.last
kx clean -f cleaned -e false
status_is 1 'defect 1: a command that fails is a failure'
