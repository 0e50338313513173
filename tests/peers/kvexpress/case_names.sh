# shellcheck shell=sh disable=SC2154
# SPDX-License-Identifier: Apache-2.0
# Prefixes and keys as they are.  Sourced by cases.sh.

# named PREFIX KEY STORED-KEY
named() {
	kx in -k "$2" -f hosts -p "$1"
	status_is 0 "prefix \"$1\", key \"$2\""
	is "$(stored "$3/checksum")" "$(hash_of hosts)" "stand under $3"
	rm -f o/named
	kx out -k "$2" -f o/named -p "$1"
	same_file o/named hosts 'and come from there'
}

named /etc/files canary/hosts etc/files/canary/hosts
named '' bare bare
named kvexpress mysql/data kvexpress/mysql/data
# Consul redirects such a path, so that kvexpress could never write there
[ "$store_kind" = consul ] || named kvexpress /hosts kvexpress//hosts
