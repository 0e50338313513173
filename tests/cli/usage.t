#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The command line as a whole: help, version, global options, words for mistakes, log lines.
# shellcheck source=tests/lib/cli.sh
. "${0%/*}/../lib/cli.sh"

run kvsync
status_is 2 'no command'
err_is 'kvsync: no command given; kvsync help lists them\n' 'in words'
run kvsync frobnicate
status_is 2 'an unknown command'
err_is 'kvsync: unknown command frobnicate; kvsync help lists them\n' 'in words'
run kvsync gte a
err_is 'kvsync: unknown command gte; did you mean get?\n' 'a slip'
run kvsync "$(printf 'a\033[31m')"
err_has 'unknown command a\x1b[31m' 'control bytes are escaped'
run kvsync --storre x get a
status_is 2 'an unknown global option'
err_has 'unknown option --storre; did you mean --store?' 'in words'
run kvsync get a --timeout 3
status_is 2 'a bad value'
err_is "kvsync: get: --timeout: '3' has no unit; expected a duration such as 500ms, 3s or 1h30m\n" \
	'what was expected'
run kvsync --output json get a --timeout 3
err_is "{\"error\":\"ARG\",\"status\":2,\"command\":\"get\",\"message\":\"--timeout: '3' has no unit; expected a duration such as 500ms, 3s or 1h30m\"}\n" \
	'the same as JSON'
run kvsync get a --token secret
status_is 2 'no secret on the command line'
err_has 'unknown option --token; did you mean --token-file?' 'but in a file'
refuses 'and it is not repeated' grep -q secret "$err"
run kvsync get a --password=secret
refuses 'nor in this form' grep -q secret "$err"

for words in help --help -h; do
	run kvsync "$words"
	status_is 0 "kvsync $words"
	out_has 'Usage: kvsync [GLOBAL OPTIONS] COMMAND [OPTIONS]' "kvsync $words: the synopsis"
	out_has '--store NAME|URL' "kvsync $words: the global options"
done
run kvsync help put
is "$(kvsync put --help)" "$(cat "$out")" 'help of a command in both forms'
out_has 'Usage: kvsync put [OPTIONS] KEY [VALUE]' 'its synopsis'
out_has '-f, --file FILE' 'its options'
run kvsync help frobnicate
status_is 2 'help of an unknown command'
run kvsync help help help
status_is 2 'too much help'
run kvsync help --tables get
status_is 2 'the tables are of all commands'
while IFS='	' read -r what name _; do
	[ "$what" = command ] || continue
	run kvsync "$name" --help
	status_is 0 "kvsync $name --help"
	out_has "Usage: kvsync $name" "kvsync $name --help: its synopsis"
done <<END
$(kvsync help --tables)
END

run kvsync version
out_has 'kvsync 0.' 'the version'
is "$(kvsync --version)" "$(cat "$out")" 'in both forms'
run kvsync get --version
out_has 'kvsync 0.' 'also behind a command'
run kvsync version --output json
out_has '{"version":"0.' 'as JSON'

# standard descriptors that are closed
run sh -c 'kvsync version >&-'
status_is 0 'without standard output'
run sh -c 'kvsync put a b --store "local:$0/closed.db" <&- >&- 2>&- && kvsync get a --store "local:$0/closed.db"' "$tmp"
out_is b 'no file of ours is taken for standard output'

# no store
run kvsync get a
status_is 2 'no store'
err_is 'kvsync: get: no store configured; set KVSYNC_STORE, --store or /etc/kvsync/kvsync.yaml (to try it without a server: --backend local)\n' \
	'what to do'
succeeds 'nothing was made' test ! -e "$XDG_STATE_HOME/kvsync"
chmod 0777 "$XDG_STATE_HOME"
run as_nobody kvsync index --backend local
status_is 0 'the embedded store, if asked for'
succeeds 'where its state belongs' test -e "$XDG_STATE_HOME/kvsync/store.db"

# malformed URLs
url() {
	run kvsync get a --store "$1"
	status_is "$2" "the URL $1"
	err_has "$3" "the URL $1: in words"
}
url local:%zz 2 'malformed % escape'
url local:///a 2 'a path stands behind the colon alone'
url local://store.db 2 'the local store has no servers'
url local:%00 2 'malformed % escape'
url :x 2 'not a store URL'
url ::: 2 'not a store URL'
url h:8500 2 'not a store URL'
url "local:/a?x" 2 'is not name=value'
url "local:/a?token=secret" 2 'no secrets here'
url "local:/a?colour=red" 2 'has no option "colour"'
url consul://u:secret@h 2 'no credentials here'
refuses 'what was given as a secret is not repeated' grep -q secret "$err"
url nowhere://h 13 'nowhere support is not installed'
url ../evil:x 2 "is not a backend's name"

# the configuration
cat >kvsync.yaml <<END
stores:
  one: {url: "local:$tmp/one.db"}
  two: {url: "local:$tmp/two.db"}
default-store: two
log-level: info
END
run kvsync -C kvsync.yaml put a in-two
status_is 0 'the default store of a file'
is "$(kvsync get a --store "local:$tmp/two.db")" in-two 'is the one'
KVSYNC_CONFIG=$tmp/kvsync.yaml
export KVSYNC_CONFIG
is "$(kvsync get a)" in-two 'the file by its variable'
run kvsync get a --store one
status_is 5 'a store by name'
run kvsync get a --store three
status_is 2 'one that is not there'
err_has 'kvsync: get: --store: ' 'in words'
run kvsync del x --recursive --yes
err_has 'kvsync: info: deleted 0 keys' 'the log level of the file'
run kvsync del x --recursive --yes --quiet
err_is '' 'a flag beats it'
unset KVSYNC_CONFIG
run kvsync -C none.yaml get a
status_is 2 'a file that is named must be there'
printf 'stores: [\n' >broken.yaml
run kvsync -C broken.yaml get a
status_is 2 'and be YAML'
err_has 'broken.yaml:' 'the place is named'

# log lines
KVSYNC_STORE=mem:
export KVSYNC_STORE
run kvsync txn
err_is 'kvsync: warning: no operation was given: nothing to do\n' 'a warning'
run kvsync txn --quiet
err_is '' 'none with --quiet'
run kvsync del a --recursive --yes
err_is '' 'information is not shown'
run kvsync del a --recursive --yes --verbose
err_is 'kvsync: info: deleted 0 keys\n' 'but with --verbose'
run kvsync del a --recursive --yes --log-level info --log-format json
succeeds 'as JSON, with its time' grep -Eqx \
	'\{"time":"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:]{8}\.[0-9]{3}Z","level":"info","message":"deleted 0 keys"\}' "$err"
run kvsync get a --log-format json
succeeds 'an error is a line of the log then' grep -q '"level":"error","message":"no key a in mem:"' "$err"
run env KVSYNC_TRACE=1 kvsync get a
err_has 'kvsync: debug: mem:: request 1 (get): NOTFOUND' 'requests are traced if asked for'
run env KVSYNC_TRACE=1 kvsync get a --quiet
refuses 'unless a flag says otherwise' grep -q debug "$err"
run env KVSYNC_TRACE='' kvsync get a
refuses 'or it is empty' grep -q debug "$err"
run kvsync get a --log-level loud
status_is 2 'a level that is none'
err_has "'loud' is not one of: error, warning, notice, info, debug" 'which there are'
done_testing
