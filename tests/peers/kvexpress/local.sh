# shellcheck shell=sh disable=SC2154
# SPDX-License-Identifier: Apache-2.0
#
# The embedded store for scenarios of kvexpress: sourced after cli.sh.

# shellcheck disable=SC2034
store_kind=local
export KVSYNC_STORE="local:$tmp/store.db"

kx() {
	# shellcheck disable=SC2086 # a list of words
	run $kx_program "$@"
}

# stored KEY; store KEY FILE [FLAGS]; erase KEY; everything: what another program does with the store
stored() {
	kvsync get "$1" 2>/dev/null
}

store() {
	kvsync put --quiet "$1" --file "$2"
}

erase() {
	kvsync del --quiet "$1"
}

everything() {
	kvsync ls --recursive
}
