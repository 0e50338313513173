#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Started as kvexpress, on the embedded store.
# shellcheck source=tests/lib/cli.sh
. "${0%/*}/../../lib/cli.sh"

# shellcheck source=tests/peers/kvexpress/local.sh
. "$srcdir/tests/peers/kvexpress/local.sh"
# shellcheck source=tests/peers/kvexpress/cases.sh
. "$srcdir/tests/peers/kvexpress/cases.sh"

if ! command -v python3 >/dev/null || [ ! -e "$builddir/.libs/libkvsfetch.so" ]; then
	skip 1 'no python3, or no libcurl'
	done_testing
fi

# ---- in -u ----

start web "$srcdir/tests/lib/web" "$tmp/web.port" "$tmp/web.log"
wait_for 20 test -e web.port || bail 'the web server does not start'
url=http://127.0.0.1:$(cat web.port)
printf 'one\ntwo\n' >page
mkdir work
cd work || exit 1
TMPDIR=$tmp/work kx in -k url -u "$url/file" -l 2 -e 'touch ../url-ran'
status_is 0 'in -u'
out_is '' 'defect 13: does not print what it put there'
pair_is url ../page 'puts what the server has there'
is "$(ls -A)" got 'defect 13: and leaves no files'
rm ../url-ran
kx in -k url -u "$url/file" -l 2 -e 'touch ../url-ran'
succeeds 'its command runs each time' test -e ../url-ran
for page in status/404 cut empty; do
	kx in -k url -u "$url/$page" -l 0
	status_is 1 "defect 13: $page is a failure"
	err_has "$url/$page" 'with words'
	pair_is url ../page 'and nothing is changed'
done
kx in -k url -u http://127.0.0.1:1/
status_is 1 'so is a server that is not there'
out_is '' 'which is not the store'
cd .. || exit 1

done_testing
