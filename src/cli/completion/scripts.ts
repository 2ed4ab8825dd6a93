/**
 * What teaches a shell to complete our command lines. Each script asks the program itself (`__complete`, in the form of cobra,
 * which is what kubectl asks of its plugins), so that a script never has to be made anew.
 */

export const shells = ['bash', 'zsh', 'fish', 'kubectl'] as const;
/** `kubectl`: not a shell, but the program of kubectl's own completion that asks a plugin. */
export type Shell = (typeof shells)[number];

/** Each line of an answer but the last is a word, with what it is behind a tab; the last is `:4`, no file names, or `:0`. */
export function completionScript(shell: Shell): string {
  switch (shell) {
    case 'bash':
      return bash;
    case 'zsh':
      return zsh;
    case 'fish':
      return fish;
    case 'kubectl':
      return kubectl;
  }
}

const bash = `# bash completion of rtvm
_rtvm() {
  local words answer directive
  words=("\${COMP_WORDS[@]:1:COMP_CWORD}")
  COMPREPLY=()
  # A word of its own is made of "=" by COMP_WORDBREAKS; options are completed with a space instead.
  answer=$(rtvm __complete -- "\${words[@]}" 2>/dev/null) || return
  directive=\${answer##*:}
  answer=\${answer%:*}
  while IFS=$'\\t' read -r word _; do
    [ -n "$word" ] && COMPREPLY+=("$word")
  done <<<"$answer"
  [ "$directive" = 4 ] || [ \${#COMPREPLY[@]} -gt 0 ] || compopt -o default 2>/dev/null
}
complete -F _rtvm rtvm
`;

const zsh = `#compdef rtvm
# zsh completion of rtvm
_rtvm() {
  local answer directive line
  local -a found
  answer=$(rtvm __complete -- "\${(@)words[2,CURRENT]}" 2>/dev/null) || return 1
  directive=\${answer##*:}
  for line in "\${(@f)\${answer%:*}}"; do
    [[ -n $line ]] || continue
    found+=("\${\${line%%$'\\t'*}//:/\\\\:}:\${line#*$'\\t'}")
  done
  if (( $#found )); then _describe -V rtvm found; elif [[ $directive != 4 ]]; then _files; fi
}
if [[ $funcstack[1] = _rtvm ]]; then _rtvm "$@"; else compdef _rtvm rtvm; fi
`;

const fish = `# fish completion of rtvm
function __rtvm_complete
    set -l words (commandline -opc) (commandline -ct)
    rtvm __complete -- $words[2..-1] 2>/dev/null | string match -v -r '^:[0-9]+$'
end
function __rtvm_wants_files
    set -l words (commandline -opc) (commandline -ct)
    rtvm __complete -- $words[2..-1] 2>/dev/null | string match -q ':0'
end
complete -c rtvm -f -a '(__rtvm_complete)'
complete -c rtvm -n __rtvm_wants_files -F
`;

const kubectl = `#!/bin/sh
# kubectl asks this program, on PATH as kubectl_complete-rtvm, to complete "kubectl rtvm".
exec kubectl rtvm __complete -- "$@"
`;
