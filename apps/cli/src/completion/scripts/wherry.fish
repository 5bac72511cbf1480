# fish completion for wherry
# Load it with: wherry completion fish | source

function __wherry_complete
    set -l words (commandline -opc)
    set -l current (commandline -ct)
    set -q current[1]; or set current ''
    set -l answer (wherry __complete $words[2..-1] ":$current" 2>/dev/null)
    switch "$answer[1]"
        case files
            __fish_complete_path $current
        case directories
            __fish_complete_directories $current
        case '*'
            printf '%s\n' $answer[2..-1]
    end
end

complete -c wherry -k -f -a '(__wherry_complete)'
