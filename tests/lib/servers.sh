# shellcheck shell=sh disable=SC2154
# SPDX-License-Identifier: Apache-2.0
#
# Real servers for scenarios: sourced after cli.sh.
#
#	etcd_start NAME old|new [--tls|--mtls] [--auth] [ETCD-OPTION...]
#	consul_start NAME old|new [--tls|--mtls] [--acl] [--session-ttl-min 1s]
#	etcd_cluster NAME old|new, consul_cluster NAME old|new      three members NAME1 NAME2 NAME3
#	server_stop NAME, server_kill NAME, server_freeze NAME, server_thaw NAME, server_reload NAME,
#	server_restart NAME
#
# A start returns when the server answers and sets $NAME_url (http://127.0.0.1:PORT), $NAME_port,
# $NAME_pid; a cluster $NAME_endpoints (comma-separated URLs).  Everything listens on 127.0.0.1 only,
# keeps its data in $tmp/NAME, and is ended by its pid.  Its log is $tmp/.run/NAME.out and .err.
# --tls: a server certificate; --mtls: clients need one too; the files are those of tls_make.  With
# certificates of its own a scenario says in $server_curl how curl reaches the server.  etcdctl and
# consul of the server's version are in PATH.
# --auth (etcd): user root, password rootpw.  --acl (consul): $server_token is the management token,
# all else is denied; files in $tmp/NAME.d, if it is there, are more configuration, which server_reload
# makes it read again.  A restart keeps ports and data.  What is not in the cache is lacking.

server_token=7d2bd4a6-64e8-4f26-9be7-0f5e4a9f2d11

# ---- programs, ports, certificates ----

# server_dir KIND-AGE: sets $server_bin, puts it into PATH and says which version runs.
server_dir() {
	server_bin=$("$srcdir/tests/servers/get" --cached "$1" 2>&1) || lacking "$server_bin"
	PATH=$server_bin:$PATH
	export PATH ETCDCTL_API=3
	case $1 in
	etcd-*) diag "$1: $("$server_bin/etcd" --version | head -n 1)" ;;
	consul-*) diag "$1: $("$server_bin/consul" version | head -n 1)" ;;
	esac
}

# free_port: one below the range that the system gives to clients, not in use now and not given
# before.  Whoever starts a server tries again with others if somebody was faster.
ports_given=' '
free_port() {
	while :; do
		free_port=$((10000 + $(od -An -N4 -tu4 /dev/urandom) % 20000))
		case $ports_given in
		*" $free_port "*) continue ;;
		esac
		grep -qi ":$(printf %04x "$free_port") " /proc/net/tcp /proc/net/tcp6 && continue
		ports_given="$ports_given$free_port "
		return 0
	done
}

# tls_make: once, in $tmp/tls: ca.pem, server.pem and .key (127.0.0.1, localhost), client.pem and .key,
# expired.pem and .key (a server's of yesterday), other-ca.pem and other.pem, .key (a client's).
tls_make() {
	[ ! -d "$tmp/tls" ] || return 0
	need openssl
	mkdir "$tmp/tls"
	tls_authority ca
	tls_authority other-ca
	tls_leaf ca server serverAuth,clientAuth 'IP:127.0.0.1,DNS:localhost,DNS:server.dc1.consul' 30
	tls_leaf ca client clientAuth 'DNS:client' 30
	tls_leaf other-ca other clientAuth 'DNS:client' 30
	tls_leaf ca expired serverAuth 'IP:127.0.0.1,DNS:localhost' -1
}

tls_authority() {
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 30 \
		-subj "/CN=kvsync test $1" -keyout "$tmp/tls/$1.key" -out "$tmp/tls/$1.pem" \
		2>/dev/null || bail 'openssl makes no authority'
}

# tls_leaf AUTHORITY NAME USAGE SUBJECT-ALT-NAMES DAYS (negative: over since then)
tls_leaf() {
	openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj "/CN=$2" \
		-keyout "$tmp/tls/$2.key" -out "$tmp/tls/$2.csr" 2>/dev/null || bail 'no key'
	printf 'extendedKeyUsage=%s\nsubjectAltName=%s\n' "$3" "$4" >"$tmp/tls/$2.ext"
	# x509 takes no date in the past, but a negative number of days
	openssl x509 -req -in "$tmp/tls/$2.csr" -CA "$tmp/tls/$1.pem" -CAkey "$tmp/tls/$1.key" \
		-set_serial "0x$(openssl rand -hex 8)" -days "$5" -extfile "$tmp/tls/$2.ext" \
		-out "$tmp/tls/$2.pem" 2>/dev/null || bail "openssl signs no certificate for $2"
}

# answers NAME PATH: what the server says to a GET.
answers() {
	eval "server_url=\$$1_url"
	set -- "$server_url$2"
	[ ! -d "$tmp/tls" ] ||
		set -- --cacert "$tmp/tls/ca.pem" --cert "$tmp/tls/client.pem" --key "$tmp/tls/client.key" "$@"
	# shellcheck disable=SC2086
	curl -sf -m 2 ${server_curl:-} "$@" 2>/dev/null
}

# ---- life and death ----

# launch NAME COMMAND...: starts it and remembers how.
launch() {
	launch_name=$1
	shift
	: >"$tmp/.run/$launch_name.command"
	for launch_word in "$@"; do
		printf '%s\n' "$launch_word" >>"$tmp/.run/$launch_name.command"
	done
	start "$launch_name" "$@"
}

# until_ready NAME READY-FUNCTION: false if the server ended instead.  One that was ready once may have no
# room for a second question.
until_ready() {
	eval "server_pid=\$$1_pid"
	ready_name=$1 ready_fn=$2 ready_seen=
	wait_for 60 settled
	[ "$ready_seen" ]
}

settled() {
	! gone "$server_pid" || return 0
	"$ready_fn" "$ready_name" && ready_seen=yes
}

server_stop() {
	stop_started "$1" TERM
}

server_kill() {
	stop_started "$1" KILL
}

# Returns when it stands still: a signal takes its time to reach each thread.
server_freeze() {
	eval "server_frozen=\$$1_pid"
	kill -STOP "$server_frozen"
	wait_for 10 server_stands_still
}

server_stands_still() {
	! grep -L '^State:.T' /proc/"$server_frozen"/task/*/status 2>/dev/null | grep -q .
}

server_reload() {
	eval "kill -HUP \$$1_pid"
}

server_thaw() {
	eval "kill -CONT \$$1_pid"
}

# server_restart NAME: ends it if it runs, and starts it on the same ports and data.
server_restart() {
	eval "server_pid=\$$1_pid"
	gone "$server_pid" || server_stop "$1"
	server_name=$1
	set --
	while IFS= read -r launch_word; do
		set -- "$@" "$launch_word"
	done <"$tmp/.run/$server_name.command"
	start "$server_name" "$@"
	eval "until_ready $server_name \$${server_name}_ready" || bail "$server_name does not come back"
}

# try_ports NAME COMMAND...: up to five times, with new ports each time.
try_ports() {
	try_name=$1
	shift
	for _ in 1 2 3 4 5; do
		"$@" && return 0
		stop_started "$try_name" KILL
		rm -rf "${tmp:?}/$try_name"
	done
	tail -n 20 "$tmp/.run/$try_name.err" "$tmp/.run/$try_name.out" | cat -v | sed 's/^/# /'
	bail "$try_name does not start"
}

# ---- etcd ----

etcd_is_ready() {
	answers "$1" /health | grep -q '"health":"true"'
}

etcd_start() {
	server_dir "etcd-$2"
	etcd_scheme=http etcd_auth=''
	etcd_name=$1
	shift 2
	for server_option in "$@"; do
		shift
		case $server_option in
		--tls | --mtls)
			tls_make
			set -- "$@" --cert-file "$tmp/tls/server.pem" --key-file "$tmp/tls/server.key"
			etcd_scheme=https
			[ "$server_option" = --tls ] ||
				set -- "$@" --client-cert-auth --trusted-ca-file "$tmp/tls/ca.pem"
			;;
		--auth) etcd_auth=yes ;;
		--cert-file) set -- "$@" --cert-file && etcd_scheme=https ;;
		*) set -- "$@" "$server_option" ;;
		esac
	done
	eval "${etcd_name}_ready=etcd_is_ready"
	try_ports "$etcd_name" etcd_launch_one "$etcd_name" "$@"
	[ -z "$etcd_auth" ] || etcd_enable_auth "$etcd_name"
}

etcd_launch_one() {
	free_port && etcd_client=$free_port
	free_port && etcd_peer=$free_port
	etcd_instance=$1
	shift
	etcd_launch "$etcd_instance" "$etcd_instance=http://127.0.0.1:$etcd_peer" "$@" &&
		until_ready "$etcd_instance" etcd_is_ready
}

# etcd_launch NAME INITIAL-CLUSTER [ETCD-OPTION...]: on the ports $etcd_client and $etcd_peer.
etcd_launch() {
	etcd_instance=$1 etcd_initial=$2
	shift 2
	etcd_url=$etcd_scheme://127.0.0.1:$etcd_client
	eval "${etcd_instance}_port=$etcd_client ${etcd_instance}_url=$etcd_url"
	launch "$etcd_instance" "$server_bin/etcd" --name "$etcd_instance" \
		--data-dir "$tmp/$etcd_instance" --log-level warn --initial-cluster "$etcd_initial" \
		--listen-client-urls "$etcd_url" --advertise-client-urls "$etcd_url" \
		--listen-peer-urls "http://127.0.0.1:$etcd_peer" \
		--initial-advertise-peer-urls "http://127.0.0.1:$etcd_peer" "$@"
}

# etcdctl_of NAME WORD...: the client of the server's own version.
etcdctl_of() {
	eval "etcd_endpoint=\$$1_url"
	shift
	[ ! -d "$tmp/tls" ] || set -- --cacert "$tmp/tls/ca.pem" --cert "$tmp/tls/client.pem" \
		--key "$tmp/tls/client.key" "$@"
	ETCDCTL_API=3 "$server_bin/etcdctl" --endpoints "$etcd_endpoint" "$@"
}

etcd_enable_auth() {
	{
		etcdctl_of "$1" user add root:rootpw &&
			etcdctl_of "$1" user grant-role root root &&
			etcdctl_of "$1" auth enable
	} >"$tmp/.run/auth" 2>&1 || {
		# newer versions want the role to be there first
		etcdctl_of "$1" role add root >>"$tmp/.run/auth" 2>&1
		etcdctl_of "$1" user grant-role root root >>"$tmp/.run/auth" 2>&1
		etcdctl_of "$1" auth enable >>"$tmp/.run/auth" 2>&1 || bail "$(cat "$tmp/.run/auth")"
	}
}

etcd_cluster() {
	server_dir "etcd-$2"
	etcd_scheme=http
	etcd_members=
	for member in 1 2 3; do
		free_port && eval "etcd_client$member=$free_port"
		free_port && eval "etcd_peer$member=$free_port"
		eval "etcd_members=\$etcd_members,$1$member=http://127.0.0.1:\$etcd_peer$member"
	done
	for member in 1 2 3; do
		eval "etcd_client=\$etcd_client$member etcd_peer=\$etcd_peer$member"
		eval "$1${member}_ready=etcd_is_ready"
		etcd_launch "$1$member" "${etcd_members#,}"
	done
	for member in 1 2 3; do
		until_ready "$1$member" etcd_is_ready || bail "member $1$member does not start"
	done
	eval "$1_endpoints=\$${1}1_url,\$${1}2_url,\$${1}3_url"
}

# ---- Consul ----

consul_is_ready() {
	answers "$1" /v1/status/leader | grep -q '[0-9]:[0-9]'
}

consul_start() {
	consul_age=$2
	server_dir "consul-$2"
	consul_tls='' consul_acl='' consul_ttl_min=10s consul_expect=1 consul_join=''
	consul_name=$1
	shift 2
	while [ $# -gt 0 ]; do
		case $1 in
		--tls | --mtls) consul_tls=$1 && tls_make ;;
		--acl) consul_acl=yes ;;
		--session-ttl-min) consul_ttl_min=$2 && shift ;;
		*) bail "consul_start: unknown option $1" ;;
		esac
		shift
	done
	eval "${consul_name}_ready=consul_is_ready"
	try_ports "$consul_name" consul_launch_one "$consul_name"
}

consul_launch_one() {
	free_port && consul_serf=$free_port
	consul_launch "$1" && until_ready "$1" consul_is_ready
}

# consul_launch NAME: on fresh ports but $consul_serf.
consul_launch() {
	free_port && consul_http=$free_port
	free_port && consul_rpc=$free_port
	free_port && consul_wan=$free_port
	consul_scheme=http
	[ -z "$consul_tls" ] || consul_scheme=https
	eval "$1_port=$consul_http $1_url=$consul_scheme://127.0.0.1:$consul_http"
	mkdir -p "$tmp/$1"
	consul_config "$1" >"$tmp/$1/config.json"
	set -- "$1" "$server_bin/consul" agent -config-file "$tmp/$1/config.json"
	[ ! -d "$tmp/$1.d" ] || set -- "$@" -config-dir "$tmp/$1.d"
	launch "$@"
}

consul_config() {
	consul_plain_port=$consul_http consul_tls_port=-1
	[ -z "$consul_tls" ] || consul_plain_port=-1 consul_tls_port=$consul_http
	cat <<END
{
	"server": true, "bootstrap_expect": $consul_expect, "retry_join": [$consul_join],
	"retry_interval": "1s", "node_name": "$1", "datacenter": "dc1", "data_dir": "$tmp/$1/data",
	"bind_addr": "127.0.0.1", "client_addr": "127.0.0.1", "disable_update_check": true,
	"log_level": "WARN", "session_ttl_min": "$consul_ttl_min", "leave_on_terminate": false,
	"performance": {"raft_multiplier": 1},
	"limits": {"http_max_conns_per_client": 8192},
END
	if [ "$consul_acl" ]; then
		consul_token_name=initial_management
		[ "$consul_age" = new ] || consul_token_name=master
		cat <<END
	"acl": {"enabled": true, "default_policy": "deny", "policy_ttl": "1s", "token_ttl": "1s",
		"tokens": {"$consul_token_name": "$server_token", "agent": "$server_token"}},
END
	fi
	if [ "$consul_tls" ]; then
		cat <<END
	"ca_file": "$tmp/tls/ca.pem", "cert_file": "$tmp/tls/server.pem",
	"key_file": "$tmp/tls/server.key", "verify_incoming_https": $([ "$consul_tls" = --mtls ] && echo true || echo false),
END
	fi
	cat <<END
	"ports": {"http": $consul_plain_port, "https": $consul_tls_port, "dns": -1, "grpc": -1,
		$([ "$consul_age" = old ] || echo '"grpc_tls": -1,')
		"server": $consul_rpc, "serf_lan": $consul_serf, "serf_wan": $consul_wan}
}
END
}

consul_has_three() {
	consul_is_ready "$1" && [ "$(answers "$1" /v1/status/peers | grep -o ':[0-9]*"' | wc -l)" -eq 3 ]
}

consul_cluster() {
	consul_age=$2
	server_dir "consul-$2"
	consul_tls='' consul_acl='' consul_ttl_min=10s consul_expect=3 consul_join=
	for member in 1 2 3; do
		free_port && eval "consul_serf$member=$free_port"
		consul_join="$consul_join${consul_join:+, }\"127.0.0.1:$free_port\""
	done
	for member in 1 2 3; do
		eval "consul_serf=\$consul_serf$member"
		eval "$1${member}_ready=consul_is_ready"
		consul_launch "$1$member"
	done
	for member in 1 2 3; do
		until_ready "$1$member" consul_has_three || bail "member $1$member does not join"
	done
	eval "$1_endpoints=\$${1}1_url,\$${1}2_url,\$${1}3_url"
}
