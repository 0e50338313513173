#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# kvsync.yaml(5) says of the keys what the program's tables say: names, types, defaults, choices.  Its
# examples load.
# shellcheck source=tests/lib/cli.sh
. "${0%/*}/../lib/cli.sh"

manual=$srcdir/man/kvsync.yaml.5
tab=$(printf '\t')
# the fault backend is for tests and never installed
kvsync help --tables | grep "^config$tab" | grep -v "^config${tab}fault$tab" >tables || bail 'no tables'

# heading KEY TYPE DEFAULT: the line that the manual has for it
heading() {
	printf '.It Cm %s Ns \\&: Ar %s' "$1" "$2"
	[ "$3" = - ] || printf ' , No default Ql %s' "$3"
	echo
}

# ---- every key has its entry ----

while IFS=$tab read -r _ owner key type default choices _; do
	page=$manual
	own=$srcdir/man/kvsync-$owner.7
	[ ! -e "$own" ] || page="$page $own"
	heading "$key" "$type" "$default" >heading
	# shellcheck disable=SC2086 # two pages
	succeeds "$owner $key: the manual has: $(cat heading)" grep -qxFhf heading $page
	[ "$choices" = - ] && continue
	for word in $(echo "$choices" | tr , ' '); do
		succeeds "$key: the manual names $word" grep -q "^\.Cm .*$word" "$manual"
	done
done <tables

# ---- every entry has its key ----

# entries FROM TO: the keys between two lines of the manual
entries() {
	sed -n "/$1/,/$2/s/^\.It Cm \([^ ]*\) Ns .*/\1/p" "$manual" | sort
}

entries '^\.Sh KEYS' '^\.Sh STORES' >documented
awk -F'\t' '$2 == "-" { print $3 }' tables | sort >known
same_file documented known 'the keys at the top are those of the table'
entries '^\.Sh STORES' '^Stores of one kind' >documented
awk -F'\t' '$2 == "store" { print $3 }' tables | sort >known
same_file documented known 'the keys of stores are those of the table'

# ---- the examples are configurations ----

awk '/^\.Bd -literal/ { n++; on = 1; next } /^\.Ed/ { on = 0 } on { print >("example" n ".yaml") }' \
	"$manual"
for example in example*.yaml; do
	run kvsync --config "$example" config check
	status_is 0 "$example of the manual loads"
done

done_testing
