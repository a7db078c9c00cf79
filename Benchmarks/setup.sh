#!/usr/bin/env bash
# Unpacks the servers that Singer is compared with (Debian, Ubuntu). Nothing is installed, and nothing started: the packages and the
# libraries that they need beyond what is here lie in SINGER_BENCH_HOME, ~/.cache/singer-perf unless it is set. Servers that are installed
# are used where nothing is unpacked.
set -euo pipefail
home=${SINGER_BENCH_HOME:-${XDG_CACHE_HOME:-$HOME/.cache}/singer-perf}
packages="inspircd ngircd redis-server redis-tools mosquitto"
programs="inspircd ngircd redis-server mosquitto"

missing=""
for program in $programs; do
    [ -x "$home/root/usr/sbin/$program" ] || [ -x "$home/root/usr/bin/$program" ] || PATH=$PATH:/usr/sbin command -v "$program" >/dev/null ||
        missing="$missing $program"
done
if [ -n "$missing" ]; then
    command -v apt-get >/dev/null || { echo "install these yourself:$missing" >&2; exit 1; }
    echo "unpacking in $home, as these are missing:$missing"
    mkdir -p "$home/debs" "$home/root"
    if [ -w /var/lib/apt/lists ]; then apt-get update -qq; fi
    # shellcheck disable=SC2086
    libraries=$(apt-cache depends --recurse --no-recommends --no-suggests --no-conflicts --no-breaks --no-replaces --no-enhances $packages |
        grep -E '^(lib|lua)' | sort -u)
    cd "$home/debs"
    for package in $packages $libraries; do
        if dpkg -s "$package" >/dev/null 2>&1; then continue; fi
        # Some names stand for several packages, one of which is here already.
        apt-get download -qq "$package" >/dev/null 2>&1 || true
    done
    for file in ./*.deb; do dpkg -x "$file" "$home/root"; done
fi
for program in $programs; do
    for path in "$home/root/usr/sbin/$program" "$home/root/usr/bin/$program" "$(PATH=$PATH:/usr/sbin command -v "$program" || true)" missing; do
        if [ -x "$path" ] || [ "$path" = missing ]; then break; fi
    done
    echo "$program: $path"
done
