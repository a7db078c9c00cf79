#!/usr/bin/python3
"""A bot of a few lines: posts what it reads, prints what others post. Needs the Python package irc (Debian: python3-irc).

    SINGER_PASSPHRASE=correct-horse irc-bot.py HOST PORT NAME [--register]

Each line of standard input is said in &home: a post, or a command after a dot (.follow andre, .forward k7f3q). A line after a slash
is sent as it is (/LIKE k7f3q). It ends with its input:  uptime | irc-bot.py 127.0.0.1 6667 uptimes
"""
import os
import sys
import threading

import irc.client

# Newer versions call it Reactor.
Reactor = getattr(irc.client, "Reactor", None) or irc.client.IRC


def show(connection, event):
    print(f"<{event.source.nick}> {event.arguments[0]}", flush=True)


def notice(connection, event):
    print(f"-{event.source.nick}- {event.arguments[0]}", flush=True)


def run(host, port, name, register):
    passphrase = os.environ["SINGER_PASSPHRASE"]
    at_home = threading.Event()

    def welcome(connection, event):
        if register:
            connection.send_raw(f"REGISTER {name} {passphrase}")

    def joined(connection, event):
        print(f"-!- {event.source.nick} has joined {event.target}", flush=True)
        if event.target == "&home":
            at_home.set()

    def type_lines(connection):
        at_home.wait()
        for line in sys.stdin:
            line = line.rstrip("\n")
            if line.startswith("/"):
                connection.send_raw(line[1:])
            elif line:
                connection.privmsg("&home", line)
        connection.quit("end of input")

    reactor = Reactor()
    reactor.add_global_handler("welcome", welcome)
    reactor.add_global_handler("join", joined)
    reactor.add_global_handler("pubmsg", show)
    reactor.add_global_handler("pubnotice", notice)
    reactor.add_global_handler("privnotice", notice)
    reactor.add_global_handler("disconnect", lambda connection, event: os._exit(0))
    # The account's name and passphrase are the server's password.
    password = None if register else f"{name}:{passphrase}"
    connection = reactor.server().connect(host, port, name, password=password)
    threading.Thread(target=type_lines, args=(connection,), daemon=True).start()
    reactor.process_forever(timeout=0.05)


if __name__ == "__main__":
    if len(sys.argv) not in (4, 5) or "SINGER_PASSPHRASE" not in os.environ:
        sys.exit(__doc__)
    run(sys.argv[1], int(sys.argv[2]), sys.argv[3], "--register" in sys.argv)
