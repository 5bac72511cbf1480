# bash completion for wherry
# Load it with: source <(wherry completion bash)

_wherry() {
  local rest=${COMP_LINE:0:COMP_POINT} words=() last=-1 i part gap tail breaks value mode
  # bash takes a word apart at each of COMP_WORDBREAKS, so also at a name's colon: what touches in the line is one.
  for ((i = 0; i <= COMP_CWORD; i++)); do
    gap=${rest%%[![:space:]]*}
    rest=${rest#"$gap"}
    part=${COMP_WORDS[i]}
    [[ $rest == "$part"* ]] || part=$rest
    rest=${rest#"$part"}
    if ((i == 0)) || [[ -n $gap ]]; then
      last=$((last + 1))
      words[last]=
    fi
    words[last]+=${part//[\"\'\\]/}
  done
  breaks=
  for part in : = @; do
    [[ $COMP_WORDBREAKS == *"$part"* ]] && breaks+=$part
  done
  tail=${words[last]}
  [[ -n $breaks ]] && tail=${tail##*[$breaks]}
  local done=${words[last]%"$tail"}
  words[last]=:${words[last]}
  COMPREPLY=()
  {
    IFS= read -r mode
    while IFS=$'\t' read -r value _; do
      COMPREPLY+=("${value#"$done"}")
    done
  } < <(wherry __complete "${words[@]:1}" 2>/dev/null)
  case $mode in
    nospace) compopt -o nospace 2>/dev/null ;;
    files) compopt -o default 2>/dev/null ;;
    directories) compopt -o default -o dirnames 2>/dev/null ;;
  esac
}

complete -o nosort -F _wherry wherry 2>/dev/null || complete -F _wherry wherry
