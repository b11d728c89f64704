# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
#
# bash completion for kedge; what there is to complete is read from its help texts

# _kedge_commands [COMMAND]: those that may follow
_kedge_commands() { kedge "$@" --help 2>/dev/null | sed -n 's/^  \([a-z]\+\)  .*/\1/p'; }

# _kedge_options [COMMAND...]: lines like "-b, --bundle DIR"
_kedge_options() {
	kedge "$@" --help 2>/dev/null | sed -n 's/^  \(-., \|    \)\(--[a-z-]\+\( [^ ]\+\)\?\).*/\1\2/p'
}

# _kedge_ids [COMMAND...]: the containers that it may mean; who makes one gives it a new name
_kedge_ids() {
	case $* in
	run | create | *restore) ;;
	*) kedge "$@" --help 2>/dev/null | grep -q '^Usage:.* ID' && kedge list -q 2>/dev/null ;;
	esac
}

_kedge() {
	local cur=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD - 1]}
	local command=() word value=

	for word in "${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
		_kedge_commands "${command[@]}" | grep -qxF -e "$word" && command+=("$word")
	done
	if [[ $previous =~ ^-[a-z-]+$ ]]; then
		value=$(_kedge_options "${command[@]}" | sed -n "s/^ *\(-., \)\?$previous\(, [^ ]*\)\? //p")
	fi
	if [[ $value == *\|* ]]; then
		word=${value//|/ }
	elif [ -n "$value" ]; then
		word= # readline knows files
	elif [[ $cur == -* ]]; then
		word=$(_kedge_options "${command[@]}" | grep -o -e '--[a-z-]*')
	else
		word=$(_kedge_commands "${command[@]}")
		word=${word:-$(_kedge_ids "${command[@]}")}
	fi
	mapfile -t COMPREPLY < <(compgen -W "$word" -- "$cur")
}
complete -o default -F _kedge kedge
