#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# What cannot be reported is a warning: no memory or no room for it never undoes the work, and a text file
# is the old one or the new one.
# shellcheck source=tests/lib/cli.sh
. "${0%/*}/../lib/cli.sh"
# shellcheck source=tests/faults/lib.sh
. "$srcdir/tests/faults/lib.sh"
export KVSYNC_STORE="local:$tmp/s.db"
export KVSYNC_CONFIG="$tmp/kvsync.yaml"
cat >kvsync.yaml <<END
dogstatsd: true
dogstatsd-address: 127.0.0.1:9
datadog-events: true
datadog-host: http://127.0.0.1:9
textfile: $tmp/prom
END
export DATADOG_API_KEY=secret
mkdir prom

# is_whole: the one text file begins and ends as it must.
is_whole() {
	set -- prom/*.prom
	[ -e "$1" ] || return 0
	head -n 1 "$1" | grep -q '^# HELP kvsync_last_run_timestamp_seconds ' &&
		tail -n 1 "$1" | grep -q '^kvsync_[a-z_]*{.*} [0-9.]*$' && [ $# -eq 1 ]
}

# shellcheck disable=SC2317 # called by sweep
before() {
	env -u KVSYNC_CONFIG kvsync start --quiet k
}

# shellcheck disable=SC2317 # called by sweep
after() {
	case $status in
	0 | 1) ;;
	*) echo "unexpected status: $(tail -n 1 "$err")" ;;
	esac
	[ "$status" -eq 0 ] || [ -s "$err" ] || echo 'failed without a word'
	[ "$status" -ne 0 ] || [ "$(kvsync get kvexpress/k/stop)" = why ] || echo 'not stopped'
	is_whole || echo "half a text file: $(cat prom/*)"
	! grep -q secret "$err" || echo 'the key is told'
}

sweep alloc ENOMEM '' kvsync stop --quiet k why

# shellcheck disable=SC2317 # called by sweep
after() {
	[ "$status" -eq 0 ] || echo "the work failed: $(tail -n 1 "$err")"
	is_whole || echo "half a text file: $(cat prom/*)"
	[ -z "$(find prom -name '.*')" ] || echo "left behind: $(find prom -name '.*')"
}

sweep open,renameat ENOSPC .prom.kvsync- kvsync stop k why
sweep write ENOSPC prom kvsync stop k why

done_testing
