# shellcheck shell=sh disable=SC2154
# SPDX-License-Identifier: Apache-2.0
#
# tests/lib/proxy.c for scenarios: sourced after cli.sh.
#
#	proxy_start NAME PORT    sets $NAME_port: what comes there goes to PORT
#	proxy_do NAME ORDER...   returns once the order holds; its answer is in $proxy_answer

proxy_start() {
	mkfifo "$tmp/.run/$1.orders"
	: >"$tmp/.run/$1.answers"
	"$builddir/tests/lib/proxy" "$2" <>"$tmp/.run/$1.orders" >"$tmp/.run/$1.answers" &
	pids="$pids $!"
	eval "$1_pid=\$!"
	wait_for 5 grep -q '^port ' "$tmp/.run/$1.answers" || bail "the proxy does not start"
	eval "$1_port=$(sed -n 's/^port //p' "$tmp/.run/$1.answers")"
}

proxy_do() {
	proxy_name=$1
	shift
	proxy_before=$(grep -c '^ok ' "$tmp/.run/$proxy_name.answers")
	echo "$*" >"$tmp/.run/$proxy_name.orders"
	wait_for 5 proxy_answered || bail "the proxy does not obey: $*"
	# shellcheck disable=SC2034 # for the caller
	proxy_answer=$(tail -n 1 "$tmp/.run/$proxy_name.answers")
}

proxy_answered() {
	[ "$(grep -c '^ok ' "$tmp/.run/$proxy_name.answers")" -gt "$proxy_before" ]
}
