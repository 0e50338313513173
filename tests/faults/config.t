#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The configuration when memory is gone at any moment: a status and words, never a crash and never a
# half-read configuration that looks whole.
# shellcheck disable=SC2317 # before and after are called by sweep
# shellcheck source=tests/lib/cli.sh
. "${0%/*}/../lib/cli.sh"
# shellcheck source=tests/faults/lib.sh
. "$srcdir/tests/faults/lib.sh"

mkdir conf.d
cat >kvsync.yaml <<-END
	stores:
	  main: {backend: local, path: m.db, endpoints: [a, b], expand-env-variables: on, user: \$HOME}
	  other: local:/x
	default-store: main
	prefix: p
END
printf '{"timeout": "3s"}' >conf.d/a.json

before() { :; }

kvsync --config kvsync.yaml config dump >whole || bail 'the configuration is not good'
after() {
	case $status in
	# Without memory for its backend's table a section is shown without that one's defaults.
	0) grep -vF '  # default' "$out" >shown; grep -vF '  # default' whole | cmp -s - shown || echo 'shown in part' ;;
	1) grep -q 'out of memory' "$err" || echo "failed without the reason: $(cat "$err")" ;;
	*) echo "unexpected status: $(cat "$err")" ;;
	esac
}
sweep alloc ENOMEM '' kvsync --config kvsync.yaml config dump

printf 'prefx: a\nstores: {m: {backend: local, usr: b}, n: {backend: nowhere}}\n' >kvsync.yaml
kvsync --config kvsync.yaml config check >whole
after() {
	case $status in
	2) cmp -s "$out" whole || echo 'told in part' ;;
	1) grep -q 'out of memory' "$err" || echo "failed without the reason: $(cat "$err")" ;;
	*) echo "unexpected status: $(cat "$err")" ;;
	esac
}
sweep alloc ENOMEM '' kvsync --config kvsync.yaml config check

done_testing
