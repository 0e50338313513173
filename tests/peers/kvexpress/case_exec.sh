# shellcheck shell=sh disable=SC2154
# SPDX-License-Identifier: Apache-2.0
# The command of -e, and what it can see.  Sourced by cases.sh.

# ---- -e ----

rm -f o/exec
kx out -k hosts -f o/exec -e "sh -c 'echo \"\$KVSYNC_KEY \$KVSYNC_FILE\" >>ran'"
is "$(cat ran)" "hosts $tmp/o/exec" 'defect 12: words have quotes; the command knows what changed'
kx out -k hosts -f o/exec -e 'touch again'
refuses 'no change, no command' test -e again
rm -f o/exec
kx out -k hosts -f o/exec -e "false it's"
status_is 1 'defect 1: a command that fails is a failure'
same_file o/exec hosts 'the file is there'
kx out -k hosts -f o/exec -e 'touch again > x | y && z' --verbose
status_is 0 'defect 12: it is redone until it succeeds'
succeeds 'operators are words like others, as ever' test -e '&&'
rm -f o/exec
kx out -k hosts -f o/exec -e '  '
status_is 1 'a command of blanks'
refuses 'nothing was installed' test -e o/exec
kx in -k exec -f hosts -e 'touch in-ran'
succeeds 'in runs one after a change' test -e in-ran
rm in-ran
kx in -k exec -f hosts -e 'touch in-ran'
refuses 'and none without' test -e in-ran
kx in -k exec -f other -e false
status_is 1 'one that fails is a failure'
kx in -k exec -f other -e 'touch in-ran'
succeeds 'and is redone' test -e in-ran
rm in-ran
erase kvexpress/exec/data
kx in -k exec -f other -e false
kx in -k exec -f other -e 'touch in-ran'
succeeds 'also after a repair' test -e in-ran
# shellcheck disable=SC2034
kx_program="env PATH=/nowhere $tmp/bin/kvexpress"
kx in -k exec -f hosts
status_is 0 'defect 14: no program diff is needed'
# shellcheck disable=SC2034
kx_program=kvexpress

# ---- what can be seen of secrets ----

kx stop -k secret -r why -a api-secret --datadog_app_key=app-secret -aagain \
	-e "sh -c 'tr \"\\\\000\" \" \" </proc/\$PPID/cmdline >cmdline'"
status_is 0 'keys in the command line'
refuses 'are overwritten at once' grep -qE 'secret [^-r]*(api-secret|app-secret|again)' cmdline
succeeds 'where the rest still stands' grep -q -- 'stop -k secret -r why' cmdline
