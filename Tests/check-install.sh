#!/usr/bin/env bash
# `make install` puts everything where it belongs, and `make uninstall` takes all of it away.
#
#   Tests/check-install.sh [directory of the programs]
set -euo pipefail
bin=$(realpath "${1:-.build/release}")
cd "$(dirname "$0")/.."
root=$(mktemp -d)
trap 'rm -rf "$root"' EXIT
fail() { echo "check-install: $1" >&2; exit 1; }

make -s install-files DESTDIR="$root" PREFIX=/opt/singer BIN="$bin"
prefix=$root/opt/singer
for program in singer singerd; do
    [ -x "$bin/$program" ] || continue
    "$prefix/bin/$program" --version >/dev/null || fail "$program does not run"
    bash -n "$prefix/share/bash-completion/completions/$program" || fail "the completion of $program for bash"
    ! command -v zsh >/dev/null || zsh -n "$prefix/share/zsh/site-functions/_$program" || fail "the completion of $program for zsh"
    ! command -v fish >/dev/null || fish --no-execute "$prefix/share/fish/vendor_completions.d/$program.fish" || fail "the completion of $program for fish"
    grep -q "^#compdef $program" "$prefix/share/zsh/site-functions/_$program" || fail "zsh would not load the completion of $program"
done
for page in man/*.[1-9]; do
    cmp -s "$page" "$prefix/share/man/man${page##*.}/$(basename "$page")" || fail "$page is not installed"
done
[ -f "$prefix/share/doc/singer/bootstrap.txt" ] || fail "bootstrap.txt is not installed"
grep -q '^ExecStart=/opt/singer/bin/singerd$' "$prefix/share/systemd/user/singerd.service" || fail "the unit starts another singerd"
# What it completes: the words that begin with --g after singerd.
bash -c '. "$1"; COMP_WORDS=(singerd --g); COMP_CWORD=1; COMP_LINE="singerd --g"; COMP_POINT=11; COMP_TYPE=9; COMP_KEY=9
    function=$(complete -p singerd | sed "s/.*-F \([^ ]*\).*/\1/"); "$function" singerd --g singerd; printf "%s\n" "${COMPREPLY[@]}"' \
    - "$prefix/share/bash-completion/completions/singerd" 2>/dev/null | grep -q '^--gateway' || fail "bash does not complete singerd --g"

make -s uninstall DESTDIR="$root" PREFIX=/opt/singer >/dev/null
left=$(find "$root" -type f)
[ -z "$left" ] || fail "uninstall leaves $left"
