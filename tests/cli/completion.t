#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Completion: what the program offers, and that the scripts of the shells show it.
# shellcheck source=tests/lib/cli.sh
. "${0%/*}/../lib/cli.sh"
scripts=$srcdir/contrib/completion

# offers NAME "WORD..." [WORD]...: the words, the last to be completed, give these.
offers() {
	name=$1
	shift
	wanted=$1
	shift
	run kvsync help --complete -- "$@"
	is "$(cut -f 1 "$out" | tr '\n' ' ')" "$wanted" "$name"
}

offers 'commands' 'status ' stat
offers 'several' 'stop start status ' st
offers 'nothing typed: all commands' "$(kvsync help --tables | awk '$1 == "command" { printf "%s ", $2 }')" ''
offers 'none like that' '' zzz
offers 'options of a command and global ones' '--file --flags ' put --f
offers 'global ones before it' '--token-file ' --to
offers 'those that mean something for it' '--quiet ' put k --q
offers 'not a prefix for whole keys' '' put --pre
offers 'a prefix for files' '--prefix ' in --pre
offers 'no store where none is opened' '' version --sto
offers 'a choice' 'plain json ' ls --output ''
offers 'a choice begun' 'json ' ls --output j
offers 'a choice behind =' '--output=json ' ls --output=j
offers 'a choice behind an = of its own' 'plain json ' ls --output = ''
offers 'files' ':files ' put k -f ''
offers 'files behind bundled letters' ':files ' put k -qf ''
offers 'files behind =' ':files ' put k --file=x
offers 'nothing for a free value' '' put k --cas ''
offers 'a value is no command' 'status ' --store get stat
offers 'nothing but operands behind --' '' put -- --f
offers 'commands for help' 'version ' help ver
offers 'words of a command' 'dump ' config d
offers 'nothing for keys' '' get ''
run kvsync help --complete -- put --fi
out_is '--file\tthe value is what FILE holds; - for standard input\n' 'each with what it means'

if command -v bash >/dev/null 2>&1; then
	# the words as bash splits them
	in_bash() {
		bash -c '. "$1"; shift; compopt() { echo "$@"; }
			COMP_WORDS=("$@") COMP_CWORD=$(($# - 1)); _kvsync; echo "${COMPREPLY[*]}"' - \
			"$scripts/kvsync.bash" "$@"
	}
	is "$(in_bash kvsync put --f)" '--file --flags' 'bash: options'
	is "$(in_bash kvsync ls --output = j)" 'json' 'bash: a value behind ='
	is "$(in_bash kvsync ls --output j)" 'json' 'bash: a value'
	is "$(in_bash kvsync put k -f '')" '-o default' 'bash: files'
else
	skip 4 'bash is not installed'
fi
if command -v fish >/dev/null 2>&1; then
	in_fish() {
		fish --no-config -c 'source $argv[1]; complete -C $argv[2]' "$scripts/kvsync.fish" "$1" | cut -f 1
	}
	is "$(in_fish 'kvsync put --fl')" '--flags' 'fish: options'
	is "$(in_fish 'kvsync ls --output=j')" '--output=json' 'fish: a value behind ='
	: >some-file
	is "$(in_fish 'kvsync put k -f some-')" some-file 'fish: files'
else
	skip 3 'fish is not installed'
fi
if command -v zsh >/dev/null 2>&1; then
	in_zsh() {
		zsh -f -c 'script=$1; shift; words=("$@") CURRENT=$#
			_describe() { print -l -- "${(@P)argv[-1]}"; }; _files() { print files; }; compset() { :; }
			complete_it() { source $script; }; complete_it' - "$scripts/_kvsync" "$@"
	}
	is "$(in_zsh kvsync put --fl)" '--flags:a number of your own to keep with the value' 'zsh: options'
	is "$(in_zsh kvsync put k -f '')" files 'zsh: files'
else
	skip 2 'zsh is not installed'
fi
done_testing
