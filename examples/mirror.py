#!/usr/bin/env python3
"""A bridge out of Singer: keeps a file with one account's posts, one JSON object a line, oldest first, as they come.

    SINGER_PASSPHRASE=… examples/mirror.py diogo diogo.jsonl

Started again, it goes on where the file ends: what was posted meanwhile is added, and nothing twice. A post that its author deletes stays in
the file, followed by a line {"deleted": hash}. It follows the account, as anybody who wants to hear of new posts does.

    SINGER_PASSPHRASE, or SINGER_PASSPHRASE_FILE (mode 0600)
    SINGER_USER          who reads (mirror); registered if there is no such account
    SINGER_HOST, SINGER_PORT
"""

import json
import os
import sys

from singerbot import Peer, Refused, passphrase


class Mirror:
    def __init__(self, path):
        self.file = open(path, "a+b")
        self.hashes, self.deleted = set(), set()
        self.file.seek(0)
        end = 0
        for line in self.file:
            # A line that was cut off by a crash is written again.
            if not line.endswith(b"\n"):
                break
            values = json.loads(line)
            if "deleted" in values and "hash" not in values:
                self.deleted.add(values["deleted"])
            else:
                self.hashes.add(values["hash"])
            end += len(line)
        self.file.truncate(end)

    def write(self, values):
        self.file.write(json.dumps(values, ensure_ascii=False).encode() + b"\n")
        self.file.flush()
        os.fsync(self.file.fileno())

    def add(self, post):
        if post["hash"] in self.hashes:
            if post["deleted"]:
                self.delete(post["hash"])
        elif not post["deleted"]:
            self.hashes.add(post["hash"])
            self.write({key: post[key] for key in ("hash", "author", "key", "time", "text", "reply_to", "forward")})

    def delete(self, hash):
        if hash in self.hashes and hash not in self.deleted:
            self.deleted.add(hash)
            self.write({"deleted": hash})


def missed(peer, name, mirror):
    """What the file lacks, oldest first: pages back until one is in the file already."""
    posts = []
    before = ""
    while True:
        page = peer.posts(f"FEED {name} 200{before}")
        posts += page
        if len(page) < 200 or any(post["hash"] in mirror.hashes for post in page):
            return reversed(posts)
        before = f" BEFORE {page[-1]['hash']}"


def main():
    if len(sys.argv) != 3:
        sys.exit("usage: mirror.py NAME FILE")
    name = sys.argv[1]
    mirror = Mirror(sys.argv[2])
    peer = Peer()
    peer.login(os.environ.get("SINGER_USER", "mirror"), passphrase())
    try:
        peer.ask(f"FOLLOW {name}")
    except Refused as refused:
        if refused.code != "ALREADY_FOLLOWING":
            raise
    for post in missed(peer, name, mirror):
        mirror.add(post)
    print(f"mirroring {name}: {len(mirror.hashes)} posts", flush=True)
    while True:
        push = peer.push()
        if push["event"] == "post" and push["post"]["author"].lower() == name.lower():
            mirror.add(push["post"])
        elif push["event"] == "deleted":
            mirror.delete(push["hash"])


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        pass
    except (Refused, OSError, ValueError) as error:
        sys.exit(f"mirror: {error}")
