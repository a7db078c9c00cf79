#!/usr/bin/env python3
"""Posts the new items of an RSS or Atom feed, each once and never twice, whenever it is stopped.

    SINGER_PASSPHRASE=… examples/feed-bot.py https://example.org/feed.xml

The feed is a URL or a file. The environment says the rest:

    SINGER_PASSPHRASE, or SINGER_PASSPHRASE_FILE (mode 0600)
    SINGER_USER          the bot's name (feedbot); it is registered if there is no such account
    SINGER_HOST, SINGER_PORT
    SINGER_BOT_STATE     where it notes what it has posted (~/.local/state/singer/feed-bot.json)
    SINGER_BOT_INTERVAL  seconds between two looks at the feed (900); 0: look once, then end
    SINGER_BOT_BACKLOG   how many items of a feed that is new to it are posted (10); older ones count as seen

How it keeps from posting twice: what it is about to post is on the disk before it is sent, and what it has posted after. When it starts
and finds something that was about to be posted, it looks into its own feed for it. Standard library only.
"""

import hashlib
import json
import os
import sys
import tempfile
import time
import unicodedata
import urllib.request
import xml.etree.ElementTree as ET

from singerbot import Peer, Refused, passphrase

ATOM = "{http://www.w3.org/2005/Atom}"
# A feed is a page, not a library; and what comes from the network must not fill the memory.
FEED_BYTES_MAX = 4 << 20
# Singer's own limit for a post.
TEXT_BYTES_MAX = 2000


def read(source):
    if source.startswith(("http://", "https://")):
        request = urllib.request.Request(source, headers={"User-Agent": "singer-feed-bot"})
        with urllib.request.urlopen(request, timeout=30) as response:
            data = response.read(FEED_BYTES_MAX + 1)
    else:
        with open(source, "rb") as file:
            data = file.read(FEED_BYTES_MAX + 1)
    if len(data) > FEED_BYTES_MAX:
        raise ValueError("the feed is too long")
    # Entities are declared there, and those can expand without bound.
    if b"<!DOCTYPE" in data or b"<!ENTITY" in data:
        raise ValueError("the feed has a document type, which no feed needs")
    return data


def clean(text):
    """One line, without control characters, in the form that Singer keeps texts in."""
    text = "".join(" " if unicodedata.category(c) in ("Cc", "Zl", "Zp") else c for c in text or "")
    return unicodedata.normalize("NFC", " ".join(text.split()))


def items(data):
    """(key, text) of each item, oldest first."""
    root = ET.fromstring(data)
    found = []
    if root.tag == ATOM + "feed":
        for entry in root.iter(ATOM + "entry"):
            links = [link.get("href", "") for link in entry.findall(ATOM + "link") if link.get("rel", "alternate") == "alternate"]
            link = clean(links[0] if links else "")
            found.append((entry.findtext(ATOM + "id") or link, entry.findtext(ATOM + "title"), link))
    else:
        for item in root.iter("item"):
            link = clean(item.findtext("link"))
            found.append((item.findtext("guid") or link, item.findtext("title"), link))
    result = []
    for key, title, link in reversed(found):
        title = clean(title)
        room = TEXT_BYTES_MAX - len(link.encode()) - 1
        if len(title.encode()) > room:
            title = title.encode()[: max(0, room - 3)].decode(errors="ignore").rstrip() + "…"
        text = f"{title} {link}".strip()
        if text and len(text.encode()) <= TEXT_BYTES_MAX:
            result.append((hashlib.sha256((key or text).encode()).hexdigest(), text))
    return result


class State:
    """What has been posted, and what is about to be. Every change is on the disk when it returns."""

    def __init__(self, path):
        self.path = path
        self.done, self.pending, self.is_new = {}, None, True
        if os.path.exists(path):
            with open(path, encoding="utf-8") as file:
                values = json.load(file)
            self.done, self.pending, self.is_new = values["done"], values["pending"], False

    def save(self):
        folder = os.path.dirname(os.path.abspath(self.path))
        os.makedirs(folder, mode=0o700, exist_ok=True)
        with tempfile.NamedTemporaryFile("w", dir=folder, delete=False, encoding="utf-8") as file:
            json.dump({"done": self.done, "pending": self.pending}, file)
            file.flush()
            os.fsync(file.fileno())
        os.replace(file.name, self.path)
        descriptor = os.open(folder, os.O_RDONLY)
        os.fsync(descriptor)
        os.close(descriptor)
        self.is_new = False


def post(peer, state, key, text):
    state.pending = {"key": key, "text": text}
    state.save()
    # For the tests: the moment in which a bot that is killed could forget or repeat.
    if os.environ.get("SINGER_BOT_CRASH") == "before":
        os._exit(9)
    try:
        _, reply = peer.ask(f"POST {text}")
        outcome = reply["hash"]
        print(f"posted {reply['id']} {text}", flush=True)
    except Refused as refused:
        if refused.code in ("RATE_LIMITED", "STORAGE_FULL", "UNAVAILABLE", "INTERNAL"):
            raise
        outcome = refused.code
        print(f"not posted: {refused}: {text}", file=sys.stderr, flush=True)
    if os.environ.get("SINGER_BOT_CRASH") == "after":
        os._exit(9)
    state.done[key] = outcome
    state.pending = None
    state.save()


def look(peer, state, source, name):
    fresh = items(read(source))
    if state.is_new:
        # Perhaps the state was lost: what stands in the bot's own feed was posted.
        posted = {post["text"] for post in peer.posts(f"FEED {name} 200")}
        skipped = max(0, len(fresh) - int(os.environ.get("SINGER_BOT_BACKLOG", "10")))
        for index, (key, text) in enumerate(fresh):
            if index < skipped or text in posted:
                state.done[key] = "seen"
        state.save()
    for key, text in fresh:
        if key not in state.done:
            post(peer, state, key, text)


def main():
    if len(sys.argv) != 2:
        sys.exit("usage: feed-bot.py FILE|URL")
    name = os.environ.get("SINGER_USER", "feedbot")
    interval = float(os.environ.get("SINGER_BOT_INTERVAL", "900"))
    standard = os.path.expanduser("~/.local/state/singer/feed-bot.json")
    state = State(os.environ.get("SINGER_BOT_STATE", standard))
    secret = passphrase()
    peer = Peer()
    peer.login(name, secret)
    if state.pending:
        posted = {post["text"]: post["hash"] for post in peer.posts(f"FEED {name} 200")}
        if state.pending["text"] in posted:
            state.done[state.pending["key"]] = posted[state.pending["text"]]
        state.pending = None
        state.save()
    while True:
        try:
            look(peer, state, sys.argv[1], name)
        except (OSError, ValueError, ET.ParseError) as error:
            if isinstance(error, ConnectionError) or interval == 0:
                raise
            print(f"cannot read the feed: {error}", file=sys.stderr, flush=True)
        if interval == 0:
            return
        deadline = time.monotonic() + interval
        # Reading on keeps the connection from filling up with pushes.
        while (left := deadline - time.monotonic()) > 0:
            peer.push(timeout=left)


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        pass
    except (Refused, OSError, ValueError, ET.ParseError) as error:
        sys.exit(f"feed-bot: {error}")
