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

# told NAME COMMAND...: a program that tells of a change to many watches; its median goes to $work/told.
told() {
	told_name=$1
	shift
	"$@" >"$work/told.out" || return 1
	[ "$told_name" != kvsync ] || : >"$work/told"
	printf '%s\t%s\n' "$told_name" "$(awk '$1 == "median" { print $2 }' "$work/told.out")" >>"$work/told"
	printf '  %-34s %9.2f ms until the last knew (at worst %.2f)\n' "$told_name" \
		"$(awk '$1 == "median" { print $2 }' "$work/told.out")" \
		"$(awk '$1 == "max" { print $2 }' "$work/told.out")"
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
