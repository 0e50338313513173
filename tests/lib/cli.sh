# shellcheck shell=sh
# SPDX-License-Identifier: Apache-2.0
#
# For scenarios in shell: sourced, not run.
#
#	. "${0%/*}/../lib/cli.sh"
#	run kvsync get greeting
#	status_is 5 'no such key'
#	err_has 'greeting' 'the message names it'
#	done_testing
#
# Gives a private folder ($tmp, also the working folder, removed at the end), an environment
# without any store, proxy or state of the user's, the build tree's programs and modules in front,
# and stdin from /dev/null.  Background programs are ended by pid.  Nothing waits a fixed time:
# wait_for polls for what is to become true, with a limit.
set -u

srcdir=${KVS_SRCDIR:-$(CDPATH='' cd -- "$(dirname -- "$0")" && while [ ! -e configure.ac ] && [ "$PWD" != / ]; do
	cd .. || exit 1
done && pwd)}
builddir=${KVS_BUILDDIR:-$PWD}
[ -e "$builddir/config.status" ] || builddir=$srcdir/build
[ -e "$builddir/config.status" ] || {
	echo "Bail out! no build tree: run from one, or set KVS_BUILDDIR"
	exit 1
}

KVS_MODULE_DIR=$builddir/.libs
LD_LIBRARY_PATH=$builddir/.libs${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}
PATH=$builddir/.libs:$builddir:$PATH
export KVS_MODULE_DIR LD_LIBRARY_PATH PATH

# The servers' cache (tests/servers/get) is the user's.
KVS_TEST_CACHE=${KVS_TEST_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/kvsync-tests}
export KVS_TEST_CACHE

for tap_name in $(env | sed -n 's/^\(KVSYNC_[A-Za-z0-9_]*\|CONSUL_[A-Za-z0-9_]*\|ETCD[A-Za-z0-9_]*\|[A-Za-z]*_[pP][rR][oO][xX][yY]\|XDG_[A-Z_]*\)=.*/\1/p'); do
	unset "$tap_name"
done

tmp=$(mktemp -d "${TMPDIR:-/tmp}/kvsync-test.XXXXXX") || {
	echo 'Bail out! no temporary folder'
	exit 1
}
mkdir "$tmp/home" "$tmp/state" "$tmp/.run"
HOME=$tmp/home XDG_STATE_HOME=$tmp/state LC_ALL=C TZ=UTC
export HOME XDG_STATE_HOME LC_ALL TZ
cd "$tmp" || exit 1
exec </dev/null

# KVS_VALGRIND is a command in front of each of our programs; a fault of its own makes status 99.
if [ -n "${KVS_VALGRIND:-}" ]; then
	mkdir "$tmp/.run/bin"
	for tap_name in kvsync kvsyncd; do
		printf '#!/bin/sh\nexec %s "%s" "$@"\n' "$KVS_VALGRIND" \
			"$builddir/.libs/$tap_name" >"$tmp/.run/bin/$tap_name"
		chmod +x "$tmp/.run/bin/$tap_name"
	done
	PATH=$tmp/.run/bin:$PATH
fi

tap_run=0
tap_failed=0
tap_ended=
pids=
out=$tmp/.run/out
err=$tmp/.run/err
status=
: >"$out"
: >"$err"

# Ends what start() left running and removes the folder; keeps the exit status.
at_exit() {
	tap_status=$?
	trap - EXIT INT TERM HUP
	for tap_pid in $pids; do
		kill -CONT "$tap_pid" 2>/dev/null
		kill -TERM "$tap_pid" 2>/dev/null
	done
	for tap_pid in $pids; do
		wait_for 3 gone "$tap_pid" || kill -KILL "$tap_pid" 2>/dev/null
		wait "$tap_pid" 2>/dev/null
	done
	cd / || exit 1
	if [ -n "${KVS_KEEP:-}" ]; then
		echo "# kept: $tmp"
	else
		chmod -R u+rwx "$tmp" 2>/dev/null
		rm -rf "$tmp"
	fi
	# a script that ended before done_testing must not look like a short success
	[ -n "$tap_ended" ] || [ "$tap_status" -ne 0 ] || tap_status=1
	exit "$tap_status"
}
trap at_exit EXIT
trap 'exit 129' HUP
trap 'exit 130' INT
trap 'exit 143' TERM

# ---- TAP ----

# A name or a diagnosis on one line.
one_line() {
	printf '%s' "$*" | tr '\n' ' ' | sed 's/#/\\#/g'
}

diag() {
	printf '%s\n' "$*" | sed 's/^/# /'
}

pass() {
	tap_run=$((tap_run + 1))
	echo "ok $tap_run - $(one_line "$@")"
}

# Fails; what the last run() gave is shown.
fail() {
	tap_run=$((tap_run + 1))
	tap_failed=$((tap_failed + 1))
	echo "not ok $tap_run - $(one_line "$@")"
	return 1
}

show_run() {
	[ -n "$status" ] || return 0
	diag "  last command: $last_command"
	diag "  status: $status"
	head -c 2000 "$out" | cat -v | awk '{ print "#   stdout: " $0 }'
	head -c 2000 "$err" | cat -v | awk '{ print "#   stderr: " $0 }'
}

# skip COUNT REASON
skip() {
	tap_left=$1
	shift
	while [ "$tap_left" -gt 0 ]; do
		tap_run=$((tap_run + 1))
		tap_left=$((tap_left - 1))
		echo "ok $tap_run # SKIP $(one_line "$@")"
	done
}

skip_all() {
	tap_ended=yes
	echo "1..0 # SKIP $(one_line "$@")"
	exit 0
}

bail() {
	echo "Bail out! $(one_line "$@")"
	exit 1
}

# What this scenario needs is missing: left out, or with KVS_NO_SKIP=1 a failure.
lacking() {
	[ "${KVS_NO_SKIP:-}" != 1 ] || bail "missing: $*"
	skip_all "$@"
}

# need PROGRAM...
need() {
	for tap_name in "$@"; do
		command -v "$tap_name" >/dev/null 2>&1 || lacking "$tap_name is not installed"
	done
}

done_testing() {
	tap_ended=yes
	echo "1..$tap_run"
	[ "$tap_run" -gt 0 ] && [ "$tap_failed" -eq 0 ]
	exit
}

# ---- running ----

# run COMMAND...: sets $status; $out and $err are files with what it wrote.
run() {
	last_command=$*
	status=0
	"$@" >"$out" 2>"$err" || status=$?
}

# as_nobody COMMAND...: without root's rights when the tests run as root.
as_nobody() {
	if [ "$(id -u)" -eq 0 ]; then
		chmod 0711 "$tmp"
		setpriv --reuid=65534 --regid=65534 --clear-groups -- "$@"
	else
		"$@"
	fi
}

# start NAME COMMAND...: in the background; $NAME_pid is its pid, $tmp/.run/NAME.out and .err hold what
# it writes.  Returns once it can be signalled: a shell that has just forked still has our traps.
start() {
	tap_name=$1
	shift
	rm -f "$tmp/.run/$tap_name.started"
	{
		: >"$tmp/.run/$tap_name.started"
		case $(command -v -- "$1") in
		*/*) exec "$@" ;;
		*) "$@" ;;
		esac
	} >"$tmp/.run/$tap_name.out" 2>"$tmp/.run/$tap_name.err" &
	eval "${tap_name}_pid=$!"
	pids="$pids $!"
	wait_for 10 test -e "$tmp/.run/$tap_name.started"
}

# Has the process ended (a zombie has)?
gone() {
	case $(sed -n 's/^State:[[:space:]]*//p' "/proc/$1/status" 2>/dev/null) in
	'' | Z* | X*) return 0 ;;
	esac
	return 1
}

# finish NAME SECONDS: waits for the end of a started program and sets $status, $out and $err;
# fails if it is still running then.
finish() {
	tap_name=$1
	eval "tap_pid=\$${tap_name}_pid"
	last_command="$tap_name (pid $tap_pid)"
	wait_for "$2" gone "$tap_pid" || return 1
	status=0
	wait "$tap_pid" || status=$?
	cp "$tmp/.run/$tap_name.out" "$out"
	cp "$tmp/.run/$tap_name.err" "$err"
	forget "$tap_pid"
}

forget() {
	tap_pids=
	for tap_pid in $pids; do
		[ "$tap_pid" = "$1" ] || tap_pids="$tap_pids $tap_pid"
	done
	pids=$tap_pids
}

# stop_started NAME [SIGNAL]: ends a started program by its pid.
stop_started() {
	eval "tap_pid=\$${1}_pid"
	kill -"${2:-TERM}" "$tap_pid" 2>/dev/null
	finish "$1" 10
}

now_ms() {
	date +%s%3N
}

# wait_for SECONDS COMMAND...: until the command succeeds, or fails when the time is over.
wait_for() {
	tap_limit=$(($(now_ms) + $1 * 1000))
	shift
	until "$@"; do
		[ "$(now_ms)" -lt "$tap_limit" ] || return 1
		sleep 0.02
	done
}

# ---- assertions: the last argument is the name ----

# succeeds NAME COMMAND...; refuses NAME COMMAND...
succeeds() {
	tap_name=$1
	shift
	if "$@"; then pass "$tap_name"; else
		fail "$tap_name"
		diag "  failed: $*"
		return 1
	fi
}

refuses() {
	tap_name=$1
	shift
	if "$@"; then
		fail "$tap_name"
		diag "  succeeded: $*"
		return 1
	else pass "$tap_name"; fi
}

# is GOT EXPECTED NAME
is() {
	if [ "$1" = "$2" ]; then pass "$3"; else
		fail "$3"
		printf '%s\n' "$1" | cat -v | sed 's/^/#   got:      /'
		printf '%s\n' "$2" | cat -v | sed 's/^/#   expected: /'
		return 1
	fi
}

# status_is NUMBER NAME
status_is() {
	if [ "$status" -eq "$1" ]; then pass "$2"; else
		fail "$2"
		diag "  expected status: $1"
		show_run
		return 1
	fi
}

# bytes_are FILE TEXT NAME: exactly the text, as printf %b expands it.
bytes_are() {
	printf '%b' "$2" >"$tmp/.run/expected"
	same_file "$1" "$tmp/.run/expected" "$3"
}

out_is() {
	bytes_are "$out" "$1" "$2" || { show_run; return 1; }
}

err_is() {
	bytes_are "$err" "$1" "$2" || { show_run; return 1; }
}

# file_has FILE TEXT NAME
file_has() {
	if grep -qF -- "$2" "$1" 2>/dev/null; then pass "$3"; else
		fail "$3"
		diag "  not in $1: $2"
		return 1
	fi
}

out_has() {
	file_has "$out" "$1" "$2" || { show_run; return 1; }
}

err_has() {
	file_has "$err" "$1" "$2" || { show_run; return 1; }
}

# same_file GOT EXPECTED NAME
same_file() {
	if cmp -s "$1" "$2"; then pass "$3"; else
		fail "$3"
		diag "  differ (< got $1, > expected):"
		diff "$1" "$2" 2>&1 | head -n 20 | cat -v | sed 's/^/#   /'
		return 1
	fi
}

# mode_is FILE MODE NAME (octal, as stat prints it)
mode_is() {
	is "$(stat -c %a -- "$1" 2>&1)" "$2" "$3"
}
