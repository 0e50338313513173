#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The manual says what the tables of the program say: commands, options, exit statuses.
# shellcheck source=tests/lib/cli.sh
. "${0%/*}/../lib/cli.sh"
man=$srcdir/man
kvsync help --tables >tables || bail 'kvsync help --tables'

# same FILE-EXPECTED FILE-GOT NAME
same() {
	sort "$1" >expected.sorted
	sort "$2" >got.sorted
	same_file got.sorted expected.sorted "$3"
}

# ---- commands ----

commands=$(awk -F '\t' '$1 == "command" { print $2 }' tables)
personalities=$(awk -F '\t' '$1 == "personality" { print $2 }' tables)
printf '%s\n' "$commands" >want
sed -n 's/^\.It Cm \([a-z]*\).*/\1/p' "$man/kvsync.1" >got
same want got 'kvsync(1) has every command, and no others'
for name in $commands; do
	succeeds "kvsync-$name(1) is there" test -e "$man/kvsync-$name.1"
	file_has "$srcdir/man/Makemodule.am" "man/kvsync-$name.1 " "kvsync-$name(1) is installed"
done
for page in "$man"/kvsync-*.1; do
	name=${page##*/kvsync-}
	printf '%s\n' "${name%.1}"
done >got
same want got 'every kvsync-*(1) belongs to a command'

# ---- options ----

# What the .It lines of a page must be: kvsync.1 for "-", else the command's own.
option_lines() {
	awk -F '\t' -v owner="$1" '$1 == "option" && $2 == owner {
		line = ".It Fl "
		if ($5 != "-")
			line = line $5 " , "
		line = line "-" $3
		if ($4 != "-")
			line = line " , -" $4
		if ($7 ~ /^\[=/)
			line = line " Ns Op = Ns Ar " substr($7, 3, length($7) - 3)
		else if ($7 != "-")
			line = line " Ar " $7
		print line
	}' tables
}

# shown NAME: what --help of it is
shown() {
	case " $(echo "$personalities" | tr '\n' ' ')" in
	*" $1 "*)
		ln -sf "$builddir/.libs/kvsync" "$1"
		run "./$1" --help
		cat "$out" >help
		for shown_command in $(sed -n '/^Commands/,/^$/s/^  \([a-z]*\) .*/\1/p' help); do
			"./$1" "$shown_command" --help
		done >>help
		cp help "$out"
		;;
	*)
		if [ "$1" = - ]; then run kvsync --help; else run kvsync "$1" --help; fi
		;;
	esac
}

for name in - $commands $personalities; do
	case $name in
	-) page=kvsync.1 ;;
	*) page=kvsync-$name.1 ;;
	esac
	[ -e "$man/$page" ] || page=$name.1
	option_lines "$name" >want
	grep '^\.It Fl' "$man/$page" >got
	same want got "$page has every option with its letter and value, and no others"
	shown "$name"
	awk -F '\t' -v owner="$name" '$1 == "option" && $2 == owner { print "--" $3 }' tables >want
	while read -r option; do
		out_has " $option" "--help of $name shows $option"
	done <want
done

# Names that scripts rely on must not mean two things, nor a letter two options of one command.
# A personality has the names of its tool.
awk -F '\t' '$1 == "personality" { other[$2] = 1 } $1 == "option" && !($2 in other) { print $3 }' \
	tables tables | grep -vx '[a-z][a-z0-9-]*' >got
: >want
same want got 'names of options are lower-case words with dashes'
for name in $commands; do
	awk -F '\t' -v owner="$name" '$1 == "option" && ($2 == owner || $2 == "-") {
		print "--" $3
		if ($4 != "-") print "--" $4
		if ($5 != "-") print "-" $5
	}' tables | sort | uniq -d >got
	same want got "no option of $name hides a global one"
done

# ---- exit statuses ----

awk -F '\t' '$1 == "exit" { print $2 ": " $3 }' tables >want
awk '/^\.Sh/ { on = 0 } /^\.Sh EXIT STATUS/ { on = 1 } /^\.El/ { on = 0 }
	on && /^\.It/ { if (text) print text; text = $2 ":"; next }
	on && text { text = text " " $0 }
	END { print text }' "$man/kvsync.1" >got
same want got 'the exit statuses of kvsync(1) are those of the program'
awk -F '\t' '$1 == "exit" && $4 != "-" { n = split($4, codes, ","); for (i = 1; i <= n; i++) print codes[i] }' \
	tables | sort >want
sed -n 's/^\tKVS_E_\([A-Z]*\) = .*/\1/p' "$srcdir/include/kvsync/kvsync.h" | sort >got
same_file got want 'every error of the library has one exit status'

# ---- what is reported ----

# entries FROM TO: the words and meanings that stand between two lines of kvsync(1).
entries() {
	sed -n "/$1/,/$2/p" "$man/kvsync.1" | awk '/^\.It Li/ { name = $3; next } name && /^[a-z0-9]/ { print name ": " $0 }
		{ name = "" }'
}
awk -F '\t' '$1 == "location" { print $2 ": " $3 }' tables >want
entries '^\.Sh REPORTING' '^\.Ss Metrics' >got
same want got 'the ways in which a run ends are those of the program'
awk -F '\t' '$1 == "metric" { print $2 ": " $3 ": " $4 }' tables >want
entries '^\.Ss Metrics' '^\.Ss A text file' >got
same want got 'so are the metrics'
awk -F '\t' '$1 == "series" { print $2 ": " $3 }' tables >want
entries '^\.Ss A text file' '^\.Ss Events' >got
same want got 'and the series'

# ---- the first example ----

awk '/^\.Sh EXAMPLES/ { on = 1 } on && /^\.Ed/ { exit } literal { print } on && /^\.Bd -literal/ { literal = 1 }' \
	"$man/kvsync.1" | sed "s|/tmp/|$tmp/|" >example.sh
run sh -e example.sh
status_is 0 'the first example of kvsync(1) runs'
out_has 'hello world' 'and shows what it put there'

# ---- form ----

for page in "$man"/*.[1-8]; do
	name=${page##*/}
	sed -n 's/^\.Xr \([^ ]*\) \([0-9]\).*/\1.\2/p' "$page" | sort -u >refs
	while read -r ref; do
		[ -e "$man/$ref" ] || case $ref in kvsync* | libkvsync*) echo "$ref" ;; esac
	done <refs >missing
	is "$(cat missing)" '' "$name refers to pages that there are"
	if command -v mandoc >/dev/null 2>&1; then
		words=$(mandoc -T lint "$page" 2>&1 |
			grep -v -e 'referenced manual not found' -e 'mandoc\.db')
		is "$words" '' "$name is well-formed"
	else
		skip 1 'mandoc is not installed'
	fi
done
done_testing
