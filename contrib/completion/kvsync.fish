# SPDX-License-Identifier: Apache-2.0
# fish completion for kvsync

function __kvsync_complete
    set -l words (commandline -opc) (commandline -ct)
    for line in ($words[1] help --complete -- $words[2..-1] 2>/dev/null)
        if test "$line" = :files
            __fish_complete_path (commandline -ct | string replace -r '^--[^=]*=' '')
        else
            echo $line
        end
    end
end

complete -c kvsync -f -a '(__kvsync_complete)'
