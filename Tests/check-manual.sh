#!/usr/bin/env bash
# Every page of the manual is clean under `mandoc -T lint` and `man --warnings`, each where the program is there.
#
#   Tests/check-manual.sh [directory of the pages]
set -euo pipefail
pages=${1:-$(dirname "$0")/../man}
status=0
if command -v mandoc >/dev/null; then
    # Other pages are looked for where manuals are installed; ours need not be.
    said=$(mandoc -T lint "$pages"/*.[1-9] 2>&1 | grep -v -e 'referenced manual not found' -e 'mandoc\.db' || true)
    [ -z "$said" ] || { echo "$said" >&2; status=1; }
else
    echo "mandoc is not installed: the manual was not checked with it" >&2
fi
if man --version 2>/dev/null | grep -q '^man '; then
    for page in "$pages"/*.[1-9]; do
        said=$(LC_ALL=C.UTF-8 MANWIDTH=80 man --warnings -l "$page" 2>&1 >/dev/null || true)
        [ -z "$said" ] || { echo "${page##*/}: $said" >&2; status=1; }
    done
fi
exit $status
