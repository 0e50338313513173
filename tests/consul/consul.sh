# shellcheck shell=sh disable=SC2154
# SPDX-License-Identifier: Apache-2.0
#
# What the scenarios on a real Consul share: sourced after cli.sh and servers.sh.
#
#	for age in $(consul_ages); do ...     the releases at hand: "old", "old new"
#	api METHOD PATH [CURL-ARGUMENT...]    of $server_url, with the management token

consul_ages() {
	"$srcdir/tests/servers/get" --cached consul-old >/dev/null 2>&1 || lacking 'no Consul'
	echo old
	! "$srcdir/tests/servers/get" --cached consul-new >/dev/null 2>&1 || echo new
}

api() {
	api_method=$1 api_path=$2
	shift 2
	curl -sf -X "$api_method" -H "X-Consul-Token: $server_token" "$@" "$server_url$api_path"
}

# acl_policy NAME RULES, acl_token SECRET POLICY
acl_policy() {
	api PUT /v1/acl/policy -d "{\"Name\": \"$1\", \"Rules\": \"$(printf '%s' "$2" | sed 's/"/\\"/g')\"}" \
		>"$tmp/.run/policy" || bail "no policy $1"
	sed -n 's/.*"ID": *"\([^"]*\)".*/\1/p' "$tmp/.run/policy" | head -n 1 >"$tmp/.run/policy-$1"
}

acl_change() {
	api PUT "/v1/acl/policy/$(cat "$tmp/.run/policy-$1")" \
		-d "{\"Name\": \"$1\", \"Rules\": \"$(printf '%s' "$2" | sed 's/"/\\"/g')\"}" >/dev/null ||
		bail "policy $1 does not change"
}

acl_token() {
	api PUT /v1/acl/token -d "{\"SecretID\": \"$1\", \"Policies\": [{\"Name\": \"$2\"}]}" >/dev/null ||
		bail "no token for $2"
}
