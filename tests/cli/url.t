#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# kvsync in --url: what a web server has goes into the store, if it is all right and all there.
# shellcheck disable=SC2154 # what servers set
# shellcheck source=tests/lib/cli.sh
. "${0%/*}/../lib/cli.sh"
# shellcheck source=tests/lib/servers.sh
. "$srcdir/tests/lib/servers.sh"
need python3
[ -e "$builddir/.libs/libkvsfetch.so" ] || lacking 'a build with libcurl'
export KVSYNC_STORE="local:$tmp/s.db"

# web NAME [CERTIFICATE KEY]: $NAME_port
web() {
	start "$1" "$srcdir/tests/lib/web" "$tmp/$1.port" "$tmp/$1.log" ${2:+"$2" "$3"}
	wait_for 20 test -e "$tmp/$1.port" || bail "the server $1 does not start"
	eval "${1}_port=\$(cat '$tmp/$1.port')"
}
web plain
url=http://127.0.0.1:$plain_port
printf 'one\ntwo\n' >want

# ---- the way in ----

run kvsync in -k k --url "$url/file"
status_is 0 'a URL'
out_has 'k: written, 2 lines, 8 bytes' 'what happened'
kvsync get kvexpress/k/data >got
same_file got want 'it is there'
run kvsync in -k k -u "$url/file"
out_has 'nothing to do' 'again'
run kvsync in -k k -u "$url/moved" --output json
status_is 0 'a redirect is followed'
out_has '"written":false' 'to the same'
# shellcheck disable=SC2016
run kvsync in -k large -u "$url/file" --large --no-compat --check 'grep -q two {}' \
	--exec-shell 'echo "$KVSYNC_FILE" >told'
status_is 0 'by way of a temporary'
kvsync get kvexpress/large/data >got
same_file got want 'it is the same'
is "$(cat told)" "$url/file" 'its name is the URL'
run kvsync in -k sorted -u "$url/file" -S -z
status_is 0 'sorted and packed'
run kvsync in -k k -u "http://me:secret@127.0.0.1:$plain_port/file?token=secret"
status_is 0 'with a name and a password'
file_has plain.log "/file?token=secret Basic $(printf me:secret | base64)" 'which reach the server'
err_is '' 'and no other machine, so that nobody is warned'
# an address that is nobody's
run kvsync in -k none -u http://me:secret@192.0.2.1/file --timeout 200ms
err_has 'warning: the password for http://192.0.2.1/file goes there without TLS: others may read it' \
	'a password that others may read on its way'
run kvsync in -k none -u http://192.0.2.1/@file --timeout 200ms
refuses 'none: nothing is said' grep -q TLS "$err"
http_proxy=http://127.0.0.1:1 run kvsync in -k k -u "$url/file"
status_is 0 'a proxy of the environment is not asked'

# ---- what stays out ----

index=$(kvsync index)

# refused STATUS WORDS NAME ARGUMENT...: in words that hold no secret
refused() {
	refused_status=$1 refused_words=$2 refused_name=$3
	shift 3
	run kvsync in -k new "$@"
	status_is "$refused_status" "$refused_name"
	err_is "kvsync: in: $refused_words\n" "$refused_name: words"
}

refused 1 "$url/status/404: the server answered with status 404" 'no such page' -u "$url/status/404"
refused 1 "$url/status/404: the server answered with status 404" 'nor by way of a temporary' \
	-u "$url/status/404" --large --no-compat
refused 1 "$url/status/403: the server answered with status 403" 'a page that is not for us' \
	-u "http://me:secret@127.0.0.1:$plain_port/status/403?token=secret#secret"
refused 1 "$url/status/204: the server answered with status 204" 'another success' -u "$url/status/204"
refused 3 "$url/status/503: the server answered with status 503" 'a server that cannot' -u "$url/status/503"
refused 7 "$url/empty has 0 lines, fewer than the 1 asked for; --min-lines lowers that" 'nothing' -u "$url/empty"
refused 7 "$url/file has 2 lines, fewer than the 3 asked for; --min-lines lowers that" 'too short' -u "$url/file" -l 3
refused 7 "$url/file has more than 7 bytes; --max-bytes raises that" 'too big' -u "$url/file" --max-bytes 7
refused 7 "$url/endless has more than 1048576 bytes; --max-bytes raises that" 'without an end' \
	-u "$url/endless" --max-bytes 1M
wait_for 10 grep -q left plain.log
pass 'which is not read any further'
refused 3 "$url/slow: the server took too long" 'without an end in time' --timeout 500ms -u "$url/slow"
run kvsync in -k new -u "$url/cut"
status_is 3 'an answer that is cut'
err_has "$url/cut: " 'in words'
run kvsync in -k new -u "$url/circle"
status_is 1 'redirects in a circle'
err_has "$url/circle: Maximum (5) redirects followed" 'in words'
run kvsync in -k new -u "$url/ftp"
status_is 1 'a redirect to another scheme'
err_has "$url/ftp: " 'in words'
run kvsync in -k new -u 'http://me:secret@127.0.0.1:1/x'
status_is 3 'nobody there'
err_has 'http://127.0.0.1:1/x: ' 'in words'
refuses 'without the secret' grep -q secret "$err"
for wrong in ftp://h/x file:///etc/passwd /etc/passwd https:// ''; do
	refused 2 "\"$wrong\" is not a URL that begins with http:// or https:// and a host" "'$wrong'" -u "$wrong"
done
run kvsync in -k new -u "$url/file" -f want
status_is 2 'a URL and a file'
err_has 'give only one of --file and --url' 'in words'
is "$(kvsync index)" "$index" 'nothing was written'

# ---- certificates ----

tls_make
web tls "$tmp/tls/server.pem" "$tmp/tls/server.key"
url=https://127.0.0.1:$tls_port
run kvsync in -k new -u "$url/file"
status_is 2 'a certificate that nobody we know vouches for'
err_has "$url/file: the server's certificate is not accepted" 'in words'
run kvsync in -k tls -u "$url/file" --url-ca-file "$tmp/tls/ca.pem"
status_is 0 'one of an authority that was named'
run kvsync in -k new -u "$url/file" --url-ca-file "$tmp/none.pem"
status_is 2 'a missing file of authorities'

# ---- without the module ----

mkdir modules
ln -s "$builddir"/.libs/local.so modules
KVS_MODULE_DIR=$tmp/modules run kvsync in -k new -u "$url/file"
status_is 13 'a build or an installation without the module'
err_has 'fetch module' 'in words'
run kvsync get kvexpress/new/checksum
status_is 5 'nothing of all that was stored'
done_testing
