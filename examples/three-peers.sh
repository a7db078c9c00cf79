#!/usr/bin/env bash
# Three peers on free ports of this machine, that know each other through a bootstrap file only; andre, diogo and tiago
# register, follow, post and forward. Shows every line typed (>) and every line that came back.
#
#   examples/three-peers.sh [path of singerd]
set -euo pipefail
singerd=${1:-singerd}
dir=$(mktemp -d)
peers=()
cleanup() {
    for pid in "${peers[@]}"; do kill "$pid" 2>/dev/null || true; done
    wait 2>/dev/null || true
    rm -rf "$dir"
}
trap cleanup EXIT

# start NAME: a peer; its gateway port is then in gateway_NAME, its DHT port in dht_NAME.
start() {
    local name=$1 line=
    mkfifo "$dir/$name.ready"
    "$singerd" --data-dir "$dir/$name" --gateway 127.0.0.1:0 --listen 127.0.0.1:0 --no-discovery \
        --network "demo-$$" --bootstrap "$dir/bootstrap.txt" >"$dir/$name.ready" 2>"$dir/$name.log" &
    peers+=($!)
    read -r -t 20 line <"$dir/$name.ready" || { cat "$dir/$name.log" >&2; exit 1; }
    echo "$line"
    declare -g "gateway_$name=$(sed 's/.*gateway=[^ ]*:\([0-9]*\) .*/\1/' <<<"$line")"
    declare -g "dht_$name=$(sed 's/.*dht=\([0-9]*\) .*/\1/' <<<"$line")"
}

# open NAME PORT: a session, on file descriptor fd_NAME.
open() {
    local fd
    exec {fd}<>"/dev/tcp/127.0.0.1/$2"
    declare -g "fd_$1=$fd"
}

# say NAME COMMAND: types it, shows the reply; the last word of the reply is then in $id.
say() {
    local name=$1 fd="fd_$1" line
    shift
    echo "$name> $*"
    echo "$*" >&"${!fd}"
    while IFS= read -r -t 20 -u "${!fd}" line; do
        echo "$name: $line"
        case $line in OK | OK\ * | ERR\ *) break ;; esac
    done
    id=${line##* }
}

# await NAME TEXT: reads pushed lines until one holds the text.
await() {
    local fd="fd_$1" line
    while IFS= read -r -t 20 -u "${!fd}" line; do
        echo "$1: $line"
        [[ $line == *"$2"* ]] && return
    done
    echo "no \"$2\" came" >&2
    exit 1
}

echo "# no peers to join through: the first one is alone" >"$dir/bootstrap.txt"
start a
echo "127.0.0.1:$dht_a" >>"$dir/bootstrap.txt"
start b
start c
echo
open andre "$gateway_a"
open diogo "$gateway_b"
open tiago "$gateway_c"
say andre "REGISTER andre correct-horse"
say diogo "REGISTER diogo correct-horse"
say tiago "REGISTER tiago correct-horse"
say andre "POST I made a post!"
say andre "FOLLOW diogo"
await diogo "follow andre"
say tiago "FOLLOW andre"
await tiago "I made a post!"
say diogo "POST Hello"
hello=$id
await andre "Hello"
say andre "FORWARD $hello worth reading"
await tiago "worth reading"
say andre "TIMELINE"
say diogo "WHOIS andre"
say tiago "QUIT"
