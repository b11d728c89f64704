# SPDX-License-Identifier: Apache-2.0
#
# fish completion for kedge; what there is to complete is read from its help texts

# lines "COMMAND<tab>what it does"
function __kedge_commands
    kedge $argv --help 2>/dev/null | string replace -rf '^  ([a-z]+)  +(.*)' '$1\t$2'
end

# lines "--bundle<tab>directory of config.json"
function __kedge_options
    kedge $argv --help 2>/dev/null | string replace -rf '^  (?:-., |    )(--[a-z-]+)(?: [^ ]+)? *(.*)' '$1\t$2'
end

# __kedge_value OPTION [COMMAND...]: what the option takes, if anything
function __kedge_value
    kedge $argv[2..] --help 2>/dev/null |
        string replace -rf "^ +(?:-., )?"(string escape --style=regex -- $argv[1])"(?:, --[a-z-]+)? ([^ ]+).*" '$1'
end

function __kedge
    set -l words (commandline -opc)[2..]
    set -l command
    for word in $words
        __kedge_commands $command | string match -q -- "$word"\t'*'; and set -a command $word
    end
    set -l value
    string match -q -- '-*' "$words[-1]"; and set value (__kedge_value $words[-1] $command)
    if string match -q '*|*' "$value"
        string split '|' $value
    else if test -n "$value"
        __fish_complete_path (commandline -ct)
    else if string match -q -- '-*' (commandline -ct)
        __kedge_options $command
    else if set -l found (__kedge_commands $command); and test -n "$found"
        printf '%s\n' $found
    else if not string match -qr '^(run|create|.*restore)$' "$command"
        and kedge $command --help 2>/dev/null | string match -qr '^Usage:.* ID'
        kedge list -q 2>/dev/null
    else
        __fish_complete_path (commandline -ct)
    end
end

complete -c kedge -f -a '(__kedge)'
