# SPDX-License-Identifier: Apache-2.0
# What the benchmarks share.  $build is the build tree, $work a private folder, $rounds how often.

# Measures commands against each other; same arguments as bench/measure, without ROUNDS.
# Leaves the lines in $work/last and prints them as a table.
measure() {
	"$build/bench/measure" "$rounds" "$@" >"$work/last" || return 1
	printf '  %-34s %9s %7s %9s %10s\n' '' 'wall ms' 'ratio' 'CPU ms' 'peak MiB'
	awk -F'\t' '{ printf "  %-34s %9.2f %7.2f %9.2f %10.1f\n", $1, $2, $3, $4, $5 / 1024 }' \
		"$work/last"
}

# ratio NAME OTHER: median of NAME over median of OTHER in the last measure.
ratio() {
	awk -F'\t' -v a="$1" -v b="$2" '$1 == a { x = $2 } $1 == b { y = $2 }
		END { printf "%.2f", x / y }' "$work/last"
}

# peak NAME: MiB.
peak() {
	awk -F'\t' -v a="$1" '$1 == a { printf "%.1f", $5 / 1024 }' "$work/last"
}

# told NAME COMMAND...: a program that tells of a change to many watches; its figures become a line of
# $work/told.
told() {
	told_name=$1
	shift
	"$@" >"$work/told.out" || return 1
	awk -v name="$told_name" '$1 == "median" { m = $2 } $1 == "max" { x = $2 }
		END { printf "%s\t%s\t%s\n", name, m, x }' "$work/told.out" >>"$work/told"
}

# told_middle NAME COLUMN: of what the five runs of NAME told.
told_middle() {
	awk -F'\t' -v a="$1" -v c="$2" '$1 == a { print $c }' "$work/told" | sort -n | sed -n 3p
}

# told_in_turn FUNCTION BARE: FUNCTION runs `told` for kvsync and for BARE; five times, since what else the
# machine does is long against a change.  Prints the medians; $told_ratio is that of kvsync to BARE.
told_in_turn() {
	: >"$work/told"
	for _ in 1 2 3 4 5; do
		"$1" || return 1
	done
	for told_name in kvsync "$2"; do
		printf '  %-34s %9.2f ms until the last knew (at worst %.2f)\n' "$told_name" \
			"$(told_middle "$told_name" 2)" "$(told_middle "$told_name" 3)"
	done
	told_ratio=$(awk -v k="$(told_middle kvsync 2)" -v b="$(told_middle "$2" 2)" \
		'BEGIN { printf "%.2f", k / b }')
}

# at_most / at_least WHAT VALUE BOUND: says whether the bound is kept; a missed one is counted.
at_most() {
	verdict "$1" "$2" '<=' "$3" "$(awk -v v="$2" -v b="$3" 'BEGIN { print (v <= b) }')"
}

at_least() {
	verdict "$1" "$2" '>=' "$3" "$(awk -v v="$2" -v b="$3" 'BEGIN { print (v >= b) }')"
}

verdict() {
	if [ "$5" = 1 ]; then
		printf '  kept:   %s: %s (%s %s)\n' "$1" "$2" "$3" "$4"
	else
		printf '  MISSED: %s: %s (%s %s)\n' "$1" "$2" "$3" "$4"
		missed=$((missed + 1))
	fi
}
