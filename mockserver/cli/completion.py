"""`completion`: scripts with which shells complete commands, options and their values.

The scripts only call `mockserver completion SHELL --suggest WORDS`, so all shells get the same suggestions, made of the
parsers of the commands.
"""

import argparse
from typing import Any

SHELLS = ("bash", "zsh", "fish", "powershell")

_DESCRIPTION = """\
Print a script that completes commands, options, scenarios, providers and operations in a shell. Other words, such as
paths, are completed as files.
"""
_EXAMPLES = """\
examples:
  mockserver completion bash > ~/.local/share/bash-completion/completions/mockserver
  mockserver completion zsh > ~/.zfunc/_mockserver
  mockserver completion fish > ~/.config/fish/completions/mockserver.fish
  mockserver completion powershell | Out-String | Invoke-Expression    in $PROFILE
"""
_BASH = """\
_mockserver() {
    local line IFS=$'\\n'
    COMPREPLY=()
    while read -r line; do
        COMPREPLY+=("${line%%$'\\t'*}")
    done < <(mockserver completion bash --suggest "${COMP_WORDS[@]:0:COMP_CWORD+1}" 2>/dev/null)
}
complete -o bashdefault -o default -F _mockserver mockserver
"""
_ZSH = """\
#compdef mockserver
_mockserver() {
    local line text
    local -a found
    while IFS= read -r line; do
        text=${line#*$'\\t'}
        found+=("${${line%%$'\\t'*}//:/\\\\:}${text:+:$text}")
    done < <(mockserver completion zsh --suggest "${(@)words[1,CURRENT]}" 2>/dev/null)
    if (( ${#found} )); then
        _describe 'mockserver' found
    else
        _files
    fi
}
if [ "$funcstack[1]" = "_mockserver" ]; then
    _mockserver "$@"
else
    compdef _mockserver mockserver
fi
"""
_FISH = """\
function __mockserver_complete
    set -l words (commandline -opc) (commandline -ct)
    set -l found (mockserver completion fish --suggest $words 2>/dev/null)
    if test (count $found) -gt 0
        printf '%s\\n' $found
    else
        __fish_complete_path (commandline -ct)
    end
end
complete -c mockserver -f -a '(__mockserver_complete)'
"""
_POWERSHELL = """\
Register-ArgumentCompleter -Native -CommandName mockserver -ScriptBlock {
    param($word, $tree, $position)
    $words = @($tree.CommandElements | Where-Object { $_.Extent.EndOffset -lt $position } | ForEach-Object { "$_" })
    $words += if ($word) { $word } else { ' ' }
    mockserver completion powershell --suggest @words 2>$null | ForEach-Object {
        $name, $text = $_ -split "`t", 2
        if (-not $text) { $text = $name }
        [System.Management.Automation.CompletionResult]::new($name, $name, 'ParameterValue', $text)
    }
}
"""
SCRIPTS = dict(zip(SHELLS, (_BASH, _ZSH, _FISH, _POWERSHELL), strict=True))


def add(commands: Any) -> None:
    """Add the command."""
    completion = commands.add_parser(
        "completion",
        help="print a script that completes commands in a shell",
        description=_DESCRIPTION,
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    completion.add_argument("shell", metavar="SHELL", choices=SHELLS, help=", ".join(SHELLS))
    completion.add_argument("--suggest", nargs=argparse.REMAINDER, help=argparse.SUPPRESS)
    completion.set_defaults(run=_completion)


def _completion(options: argparse.Namespace) -> int:
    if options.suggest is None:
        print(SCRIPTS[options.shell], end="")
        return 0
    from mockserver.cli.suggest import suggestions

    for word, text in suggestions(options.suggest):
        print(f"{word}\t{text}")
    return 0
