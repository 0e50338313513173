# bash completion for kvsync                                -*- shell-script -*-
# SPDX-License-Identifier: Apache-2.0

_kvsync() {
	local word meaning
	COMPREPLY=()
	while IFS=$'\t' read -r word meaning; do
		if [[ $word == :files ]]; then
			compopt -o default
		else
			# what stands before an "=" is a word of its own here
			[[ ${COMP_WORDS[COMP_CWORD]} == *=* ]] || word=${word##*=}
			COMPREPLY+=("$word")
		fi
	done < <("${COMP_WORDS[0]}" help --complete -- "${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null)
} && complete -F _kvsync kvsync
