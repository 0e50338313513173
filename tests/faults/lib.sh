# shellcheck shell=sh disable=SC2154
# SPDX-License-Identifier: Apache-2.0
#
# For fault scenarios: sourced after tests/lib/cli.sh.
#
#	with_fault CALLS:N:ACTION[:PATH] COMMAND...   one run under a fault
#	sweep CALLS ACTION PATH COMMAND...            N = 1, 2, ... until the fault no longer fires
#
# A sweep calls the shell functions `before` (makes the same start each time) and `after` (checks
# what must hold; prints what does not hold, nothing when all does) around each run.
shim=$builddir/.libs/faultshim.so
[ -f "$shim" ] || lacking "$shim is not built"
# A sanitizer's runtime must come first in a process; these tests run without one.
if ldd "$builddir/.libs/kvsync" 2>/dev/null | grep -q 'lib[atu]*san'; then
	skip_all 'a build with sanitizers cannot be preloaded'
fi

# Sets $status, $out, $err like run, and $fired to what the shim says (empty: it did not happen).
with_fault() {
	fault_spec=$1
	shift
	rm -f "$tmp/.run/fault"
	run env KVS_FAULT="$fault_spec" KVS_FAULT_REPORT="$tmp/.run/fault" LD_PRELOAD="$shim" "$@"
	fired=$(sed -n 's/^fired //p' "$tmp/.run/fault" 2>/dev/null)
}

# Every step from $1, at most $sweep_max runs: the number of faults that fired is in $swept, and
# the sweep is one TAP line.
sweep_max=${KVS_SWEEP_MAX:-400}
sweep() {
	sweep_name="$1 $2${3:+ on $3}"
	sweep_calls=$1 sweep_action=$2 sweep_path=$3
	shift 3
	swept=0
	sweep_bad=
	while [ "$swept" -lt "$sweep_max" ]; do
		before
		with_fault "$sweep_calls:$((swept + 1)):$sweep_action${sweep_path:+:$sweep_path}" "$@"
		[ -n "$fired" ] || break
		swept=$((swept + 1))
		sweep_why=$(after)
		[ -z "$sweep_why" ] || sweep_bad="$sweep_bad
at call $swept ($fired), status $status: $sweep_why"
	done
	if [ "$swept" -eq 0 ]; then
		fail "$sweep_name: the fault never fired"
		show_run
	elif [ "$swept" -eq "$sweep_max" ]; then
		fail "$sweep_name: no end after $swept faults"
	elif [ -n "$sweep_bad" ]; then
		fail "$sweep_name: $swept faults"
		diag "$sweep_bad"
	else
		pass "$sweep_name: $swept faults"
	fi
}
