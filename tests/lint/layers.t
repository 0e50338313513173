#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The include graph: arrows never point up, and each third-party header is known in one folder.
# shellcheck source=tests/lib/cli.sh
. "${0%/*}/../lib/cli.sh"
cd "$srcdir" || bail "no $srcdir"

# FILE<tab>"NAME" or <NAME> of every include in src.
find src -name '*.[ch]' -exec grep -H '^[[:space:]]*#[[:space:]]*include' {} + |
	sed 's/:[[:space:]]*#[[:space:]]*include[[:space:]]*/\t/; s/[[:space:]]*\/\*.*//' >"$tmp/includes"
succeeds 'there are includes' test "$(wc -l <"$tmp/includes")" -gt 300

# ---- our own ----

# What a folder may include beside itself, <kvsync/*.h> and the configured config.h.
cat >"$tmp/layers" <<END
base
http base
core base
backends/mem base
backends/local base
backends/consul base http
backends/etcd base
backends/fault base
fetch base http
transfer base fetch
report base fetch
template base
config base core
cli base core config transfer fetch report
agent base core config transfer template
END

# Every include of ours as FOLDER-OF-FILE<tab>FOLDER-OF-HEADER<tab>FILE.
awk -F '\t' '
	function folder(path) {
		if (path ~ /^backends\//)
			return "backends/" substr(path, 10, index(substr(path, 10), "/") - 1)
		return substr(path, 1, index(path, "/") - 1)
	}
	$2 ~ /^"/ {
		file = substr($1, 5)
		gsub("\"", "", $2)
		print folder(file) "\t" folder($2) "\t" $1
	}' "$tmp/includes" >"$tmp/own"

awk -F '\t' '
	NR == FNR {
		n = split($0, word, " ")
		known[word[1]] = 1
		for (i = 2; i <= n; i++)
			allowed[word[1], word[i]] = 1
		next
	}
	!($1 in known) { print $3 ": its folder " $1 " is not in this table"; next }
	$2 == "" || $2 == $1 || (($1, $2) in allowed) { next }
	{ print $3 ": " $1 " must not know " $2 }' "$tmp/layers" "$tmp/own" >"$tmp/wrong"
is "$(cat "$tmp/wrong")" '' 'arrows never point up'
awk -F '\t' '$2 ~ /^"[^\/]*"$/ && $2 != "\"config.h\"" { print $1 ": " $2 }' "$tmp/includes" >"$tmp/wrong"
is "$(cat "$tmp/wrong")" '' 'our own headers are named with their folder'

# Above the core, only its option tables are known, and how a program brings a backend of its own.
awk -F '\t' '$2 ~ /^"core\// && $1 !~ /^src\/core\// && $2 != "\"core/common_opts.h\"" && $2 != "\"core/of_program.h\"" { print $1 ": " $2 }' \
	"$tmp/includes" >"$tmp/wrong"
is "$(cat "$tmp/wrong")" '' 'of the core others know its tables of options and its registry only'

# ---- third parties' ----

# HEADER-PATTERN FILE-PATTERN, as awk has them.  uthash and utlist are for everybody.
cat >"$tmp/third" <<'END'
^json-c/ ^src/(base/json\.h|backends/consul/)
^openssl/ ^src/base/
^curl/ ^src/http/
^sqlite3\.h$ ^src/backends/local/
^(grpc|google|protobuf-c)/ ^src/backends/etcd/
^yaml\.h$ ^src/config/
^(mruby|oniguruma) ^src/template/
^(brotli|zstd|zlib) ^src/transfer/codec/
^(archive|expat) ^src/deploy/
^event2?/ ^src/agent/
^ut(hash|list)\.h$ ^src/
^kvsync/ ^src/
END

# What libc and the kernel have.
system='^(sys|linux|net|netinet|arpa)/|^(assert|ctype|dirent|dlfcn|err|errno|fcntl|grp|ifaddrs|inttypes|limits|link|locale|malloc|math|netdb|poll|pthread|pwd|regex|resolv|sched|semaphore|setjmp|signal|spawn|stdalign|stdarg|stdatomic|stdbool|stddef|stdint|stdio|stdlib|stdnoreturn|string|strings|syslog|termios|threads|time|uchar|unistd|wchar)\.h$'
awk -F '\t' -v system_headers="$system" -v table="$tmp/third" '
	BEGIN {
		while ((getline line < table) > 0) {
			n++
			split(line, pair, " ")
			header[n] = pair[1]
			file[n] = pair[2]
		}
	}
	$2 !~ /^</ { next }
	{
		name = substr($2, 2, length($2) - 2)
		if (name ~ system_headers)
			next
		for (i = 1; i <= n; i++) {
			if (name !~ header[i])
				continue
			if ($1 !~ file[i])
				print $1 ": " $2 " belongs to " file[i]
			next
		}
		print $1 ": " $2 " is in no table of this test"
	}' "$tmp/includes" >"$tmp/wrong"
is "$(cat "$tmp/wrong")" '' 'each third-party header is known in its own folder only'

# ---- manners of a library ----

# Programs print and exit; a library never does.
find src -name '*.[ch]' -not -path 'src/cli/*' -exec \
	grep -nE '\b(printf|puts|putchar|exit|abort|system|popen)\(' {} + |
	grep -vE '^[^:]*:[0-9]+:[[:space:]]*/?\*' >"$tmp/wrong"
is "$(cat "$tmp/wrong")" '' 'no library code prints, exits or runs a shell'
done_testing
