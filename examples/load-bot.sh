#!/usr/bin/env bash
# A bot of nothing but nc: posts the load average, each hour, and answers "@loadbot uptime". It follows whoever follows it, since
# the posts of those whom it follows are what it sees.
#
#   SINGER_PASSPHRASE=… examples/load-bot.sh
#
#   SINGER_PASSPHRASE        the passphrase; or
#   SINGER_PASSPHRASE_FILE   a file that holds it, which nobody else may read (mode 0600)
#   SINGER_USER              the bot's name (loadbot); it is registered if there is no such account
#   SINGER_HOST, SINGER_PORT where the peer is (127.0.0.1, 6667)
#   SINGER_BOT_INTERVAL      seconds between two posts (3600)
set -u
name=${SINGER_USER:-loadbot}
host=${SINGER_HOST:-127.0.0.1}
port=${SINGER_PORT:-6667}
interval=${SINGER_BOT_INTERVAL:-3600}
export LC_ALL=C

die() {
    echo "load-bot: $1" >&2
    exit 1
}

passphrase() {
    local file=${SINGER_PASSPHRASE_FILE:-} mode
    if [ -n "${SINGER_PASSPHRASE:-}" ]; then
        printf '%s' "$SINGER_PASSPHRASE"
    elif [ -n "$file" ]; then
        mode=$(stat -c %a "$file" 2>/dev/null || stat -f %Lp "$file") || die "cannot read $file"
        [[ $mode == *00 ]] || die "others can read $file: chmod 600 it"
        head -n 1 "$file"
    else
        die "SINGER_PASSPHRASE or SINGER_PASSPHRASE_FILE must be set"
    fi
}
secret=$(passphrase) || exit 1
unset SINGER_PASSPHRASE
[[ $interval =~ ^[1-9][0-9]*$ ]] || die "SINGER_BOT_INTERVAL: not a number of seconds: $interval"

coproc peer { exec nc "$host" "$port"; }
# Bash closes its own descriptors of a coprocess that ends; copies stay.
exec {from}<&"${peer[0]}" {to}>&"${peer[1]}"
peer_pid=$!
trap 'kill "$peer_pid" 2>/dev/null' EXIT
trap 'exit 0' TERM INT
trap '' PIPE

say() { printf '%s\n' "$1" >&"$to" 2>/dev/null || die "the peer at $host:$port has gone"; }

# Reads up to the end of a reply; what is pushed meanwhile is dealt with later.
pushes=()
reply() {
    local line
    while true; do
        IFS= read -r -t 30 line <&"$from"
        case $? in
        0) ;;
        1) die "the peer at $host:$port has gone" ;;
        *) die "no answer from the peer at $host:$port; is it one of Singer?" ;;
        esac
        case $line in
        'OK' | 'OK '* | 'ERR '*) answer=$line && return ;;
        '* '*) pushes+=("$line") ;;
        '  '*) rows+=("${line#  }") ;;
        esac
    done
}
ask() {
    rows=()
    say "$1"
    reply
}

ask "LOGIN $name $secret"
[[ $answer == 'ERR BAD_LOGIN '* ]] && ask "REGISTER $name $secret"
[[ $answer == 'OK '* ]] || die "${answer#ERR }"
unset secret
echo "load-bot: $answer"

# Those who began to follow while it was away.
ask FOLLOWERS
for user in "${rows[@]}"; do ask "FOLLOW $user"; done

question="^\\* [0-9-]+ [0-9:]+ <([^>]+)> @$name uptime.* \\[([a-z2-7]+)(>[a-z2-7]+)?\\]\$"
shopt -s nocasematch
take() {
    if [[ $1 =~ ^\*\ follow\ (.+)$ ]]; then
        ask "FOLLOW ${BASH_REMATCH[1]}"
    elif [[ $1 =~ $question ]]; then
        ask "REPLY ${BASH_REMATCH[2]} $(uptime | sed 's/^ *//')"
    fi
}

next=$SECONDS
line=
while true; do
    while ((${#pushes[@]})); do
        push=${pushes[0]}
        pushes=("${pushes[@]:1}")
        take "$push"
    done
    if ((SECONDS >= next)); then
        ask "POST load average: $(uptime | sed 's/.*load averages*: *//')"
        [[ $answer == 'OK '* ]] || echo "load-bot: ${answer#ERR }" >&2
        next=$((SECONDS + interval))
        continue
    fi
    # What comes in pieces is put together again.
    if IFS= read -r -t $((next - SECONDS)) piece <&"$from"; then
        line+=$piece
        [[ $line == '* '* ]] && pushes+=("$line")
        line=
    elif (($? > 128)); then
        line+=$piece
    else
        die "the peer at $host:$port has gone"
    fi
done
