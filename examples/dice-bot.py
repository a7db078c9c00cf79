#!/usr/bin/env python3
"""A bot made with the python irc library (Debian: python3-irc), as for any IRC network: rolls a die for whoever mentions it and says roll.

    SINGER_PASSPHRASE=… examples/dice-bot.py

It joins &mentions, where the posts that mention it appear, whoever wrote them, and answers by a line in &home that begins with a dot.

    SINGER_PASSPHRASE, or SINGER_PASSPHRASE_FILE (mode 0600)
    SINGER_USER          the bot's name (dicebot); register it once: printf 'REGISTER dicebot passphrase\\n' | nc -N 127.0.0.1 6667
    SINGER_HOST, SINGER_PORT
"""

import os
import random
import re
import sys

import irc.client

from singerbot import address, passphrase

NAME = os.environ.get("SINGER_USER", "dicebot")
# The id stands at the end of a post: [m2wd5], or [bb3xy>k7f3q] in a reply.
ID = re.compile(r"\[([a-z2-7]+)(?:>[a-z2-7]+)?\]$")


class DiceBot(irc.client.SimpleIRCClient):
    def on_welcome(self, connection, event):
        connection.join("&mentions")

    def on_join(self, connection, event):
        if event.target == "&mentions":
            print("ready", flush=True)

    def on_pubmsg(self, connection, event):
        text = event.arguments[0]
        found = ID.search(text)
        if event.target == "&mentions" and found and f"@{NAME} roll".lower() in text.lower():
            connection.privmsg("&home", f".reply {found[1]} you rolled {random.randint(1, 6)}")

    def on_passwdmismatch(self, connection, event):
        sys.exit(f"dice-bot: {event.arguments[-1]}")

    def on_disconnect(self, connection, event):
        sys.exit("dice-bot: the peer has gone")


def main():
    bot = DiceBot()
    host, port = address()
    # One bad byte of somebody else's must not end the bot.
    irc.client.ServerConnection.buffer_class.errors = "replace"
    try:
        bot.connect(host, port, NAME, password=f"{NAME}:{passphrase()}")
    except irc.client.ServerConnectionError as error:
        sys.exit(f"dice-bot: {error}")
    bot.start()


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        pass
