#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# kvsync out that checks, backs up and goes back, killed or refused at every call that changes a file:
# the target is the old file or the new one, whole; what was not accepted does not stay; nothing lies
# about; and what was there before comes back, be it by the next run.
# shellcheck disable=SC2317 # before and after are called by sweep
# shellcheck source=tests/lib/cli.sh
. "${0%/*}/../lib/cli.sh"
# shellcheck source=tests/faults/lib.sh
. "$srcdir/tests/faults/lib.sh"
export KVSYNC_STORE="local:$tmp/s.db"

seq -f 'old%g' 30 >old
seq -f 'new%g' 90 >new
kvsync in -k f -f new --quiet

# Each tells what it was run on; what they refuse is in the file "refused".
for what in check reload; do
	cat >$what <<-END
		#!/bin/sh
		cp d/t ${what}ed
		! cmp -s d/t refused-by-$what
	END
	chmod +x $what
done

# the job, as words
job="kvsync out -k f -f d/t --state-dir $tmp/states --backup=.bak --check-installed --check ./check
	-e ./reload --rollback-on-failure"

before() {
	rm -rf states checked reloaded d
	mkdir d
	install -m 0604 old d/t
}

whole() {
	cmp -s d/t old || cmp -s d/t new || echo 'the target is neither the old nor the new file'
	[ "$(stat -c %a d/t)" = 604 ] || echo "its mode is $(stat -c %a d/t)"
}

# Nothing but the target and its backup, which is the old file.
tidy() {
	[ -z "$(find d states -name '.*')" ] || echo "left behind: $(find d states -name '.*')"
	cmp -s d/t.bak old || echo 'the backup is not the old file'
	! grep -q '^previous=' states/*.state || echo 'something is still kept'
}

# ---- all goes well in the end ----

finished() {
	run $job
	[ "$status" -eq 0 ] || echo "the next run failed: $(cat "$err")"
	cmp -s d/t new || echo 'the next run did not install'
	cmp -s checked new || echo 'it has not been checked'
	cmp -s reloaded new || echo 'the command has not run on it'
	tidy
}

after() {
	whole
	finished
}
# shellcheck disable=SC2086 # words
sweep change KILL '' $job

after() {
	case $status in
	0) cmp -s d/t new || echo 'done, but not installed' ;;
	1) cmp -s d/t old || echo 'failed, but the old file is gone' ;;
	*) echo "status $status" ;;
	esac
	[ "$status" -eq 0 ] || grep -q "d/" "$err" || echo "the path is not named: $(cat "$err")"
	[ -z "$(find d -name '.*')" ] || [ "${fired%% *}" = unlinkat ] || echo "left behind: $(find d -name '.*')"
	whole
	finished
}
for error in EIO EACCES; do
	# shellcheck disable=SC2086 # words
	sweep write,fsync,renameat,linkat,unlinkat $error /d/ $job
	# shellcheck disable=SC2086 # words
	sweep open,renameat $error .t.kvsync- $job
done
for error in ENOSPC EROFS; do
	# shellcheck disable=SC2086 # words
	sweep linkat,renameat $error /d/ $job
done

# a file system without hard links
after() {
	[ "$status" -eq 0 ] || echo "it failed: $(cat "$err")"
	finished
}
# shellcheck disable=SC2086 # words
sweep linkat EPERM '' $job

# ---- the check refuses it ----

refused() {
	run $job
	[ "$status" -eq 9 ] || echo "the next run: $status, $(cat "$err")"
	cmp -s d/t old || echo 'the old file is not back'
	tidy
}

after() {
	whole
	refused
}
cp new refused-by-check
# shellcheck disable=SC2086 # words
sweep change KILL '' $job

after() {
	[ "$status" -ne 0 ] || echo 'no failure'
	whole
	[ ! -s reloaded ] || echo 'the command has run'
	refused
}
# shellcheck disable=SC2086 # words
sweep write,fsync,renameat,linkat,unlinkat EIO /d/ $job
rm refused-by-check

# ---- the command fails on it ----

rolled_back() {
	refused
	cmp -s reloaded old || echo 'the command has not run on the old file again'
}

after() {
	whole
	rolled_back
}
cp new refused-by-reload
# shellcheck disable=SC2086 # words
sweep change KILL '' $job

after() {
	[ "$status" -ne 0 ] || echo 'no failure'
	whole
	rolled_back
}
# shellcheck disable=SC2086 # words
sweep write,fsync,renameat,linkat,unlinkat EIO /d/ $job

# ---- every allocation ----

after() {
	[ "$status" -eq 0 ] || [ -s "$err" ] || echo 'failed without a word'
	whole
	rolled_back
}
# shellcheck disable=SC2086 # words
sweep alloc ENOMEM '' $job

done_testing
