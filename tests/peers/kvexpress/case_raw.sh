# shellcheck shell=sh disable=SC2154
# SPDX-License-Identifier: Apache-2.0
# The value of any key in a file.  Sourced by cases.sh.

printf 'any\\001value' >value
store some/key value
kx raw -k some/key -f o/raw -p ignored -e 'touch raw-ran'
status_is 0 'raw: any key, whatever -p says and however few its lines'
same_file o/raw value 'its value as it is'
mode_is o/raw 640 'with mode 0640'
succeeds 'the command ran' test -e raw-ran
rm raw-ran
kx raw -k some/key -f o/raw -e 'touch raw-ran' --verbose
out_has "'o/raw' has the same checksum. Stopping." 'defect 19: again there is nothing to do'
refuses 'and no command' test -e raw-ran
gzip -c value | base64 -w 0 >packed
store some/key packed
kx raw -k some/key -f o/raw -z
same_file o/raw packed '-z means nothing'
kx raw -k some/none -f o/raw
status_is 0 'a key that is not there'
same_file o/raw packed 'defect 19: does not empty the file'
erase some/key
