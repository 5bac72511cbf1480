#compdef wherry
# zsh completion for wherry
# Load it with: source <(wherry completion zsh), or keep it as _wherry in a directory of $fpath

_wherry() {
  local -a line answer values shown
  local each
  line=("${(@Q)words[1,CURRENT-1]}" ":${(Q)PREFIX}")
  answer=("${(@f)$(wherry __complete "${(@)line[2,-1]}" 2>/dev/null)}")
  for each in "${(@)answer[2,-1]}"; do
    [[ -n $each ]] || continue
    values+=("${each%%$'\t'*}")
    shown+=("${each/$'\t'/  -- }")
  done
  case $answer[1] in
    files) _files ;;
    directories) _files -/ ;;
    nospace) compadd -S '' -V wherry -d shown -a -- values ;;
    words) compadd -V wherry -l -d shown -a -- values ;;
  esac
}

if [[ $funcstack[1] == _wherry ]]; then
  _wherry "$@"
elif (( $+functions[compdef] )); then
  compdef _wherry wherry
fi
