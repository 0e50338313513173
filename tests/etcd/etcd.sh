# shellcheck shell=sh disable=SC2034,SC2154
# SPDX-License-Identifier: Apache-2.0
#
# Real etcd servers for scenarios: sourced after cli.sh.
#
#	etcd_start NAME [ARGUMENT...]     one server; $NAME_port, $NAME_pid, $NAME_peer_port
#	etcd_again NAME [ARGUMENT...]     the same server after its end
#	etcd_cluster NAME...              several that form a cluster
#	etcdctl ...                       of the same release, on $ETCDCTL_ENDPOINTS
#
# KVS_ETCD names a folder with etcd and etcdctl; else those of tests/servers/get, else of PATH.

etcd_programs() {
	if [ -z "${KVS_ETCD:-}" ]; then
		KVS_ETCD=$("$srcdir/tests/servers/get" --cached etcd-old 2>/dev/null) || KVS_ETCD=
	fi
	[ -z "$KVS_ETCD" ] || PATH=$KVS_ETCD:$PATH
	need etcd etcdctl curl python3
	export PATH ETCDCTL_API=3
	unset ETCD_UNSUPPORTED_ARCH
}

# free_ports N: that many, on one line.
free_ports() {
	python3 -c '
import socket, sys
held = [socket.socket() for _ in range(int(sys.argv[1]))]
for s in held:
    s.bind(("127.0.0.1", 0))
print(*[s.getsockname()[1] for s in held])' "$1"
}

# etcd_names NAME: gives it ports and a URL scheme for clients (etcd_scheme, default http).
etcd_names() {
	# shellcheck disable=SC2046
	set -- "$1" $(free_ports 2)
	eval "$1_port=$2 $1_peer_port=$3"
}

etcd_urls() {
	eval "etcd_port=\$$1_port etcd_peer=\$$1_peer_port"
	etcd_client=${etcd_scheme:-http}://127.0.0.1:$etcd_port
}

# etcd_run NAME CLUSTER [ARGUMENT...]
etcd_run() {
	etcd_urls "$1"
	etcd_name=$1
	etcd_members=$2
	shift 2
	start "$etcd_name" etcd --name "$etcd_name" --data-dir "$tmp/etcd-$etcd_name" \
		--listen-client-urls "$etcd_client" --advertise-client-urls "$etcd_client" \
		--listen-peer-urls "http://127.0.0.1:$etcd_peer" \
		--initial-advertise-peer-urls "http://127.0.0.1:$etcd_peer" \
		--initial-cluster "$etcd_members" "$@"
}

etcd_ready() {
	etcd_urls "$1"
	# shellcheck disable=SC2086
	curl -s -m 2 ${etcd_curl:-} "$etcd_client/health" | grep -q '"health": *"true"'
}

etcd_wait() {
	wait_for 30 etcd_ready "$1" || {
		tail -n 5 "$tmp/.run/$1.err" | sed 's/^/# /'
		bail "etcd $1 does not get ready"
	}
}

etcd_start() {
	etcd_names "$1"
	etcd_again "$@"
}

etcd_again() {
	etcd_urls "$1"
	etcd_one=$1
	shift
	etcd_run "$etcd_one" "$etcd_one=http://127.0.0.1:$etcd_peer" "$@"
	etcd_wait "$etcd_one"
}

etcd_cluster() {
	etcd_list=
	for etcd_one in "$@"; do
		etcd_names "$etcd_one"
		etcd_urls "$etcd_one"
		etcd_list=$etcd_list${etcd_list:+,}$etcd_one=http://127.0.0.1:$etcd_peer
	done
	for etcd_one in "$@"; do
		etcd_member "$etcd_one"
	done
	for etcd_one in "$@"; do
		etcd_wait "$etcd_one"
	done
}

# etcd_member NAME: (re)starts a member of the cluster, without waiting for it.
etcd_member() {
	etcd_run "$1" "$etcd_list" --heartbeat-interval 50 --election-timeout 500
}

etcd_programs
