"""What it costs two peers to find that little has changed: bytes on the wire of a link that is made again."""
import re
import shutil
import subprocess
import time

from harness.peer import PASSPHRASE, Session
from harness.report import Column

COLUMNS = [Column("link_b", "bytes, both ways"), Column("level_ms", "from ready to level, ms")]
# What was said and heard of feeds is written to the disk this often, and at a clean end.
SAVED_SECONDS = 65


def link_bytes(peer):
    """Of all links to a peer's port: TCP's payload, TLS and its handshake included, as the kernel counts it."""
    said = subprocess.run(["ss", "-tinH", "state", "established", "sport", "=", f":{peer.dht}"], capture_output=True, text=True).stdout
    return sum(int(count) for count in re.findall(r"bytes_(?:sent|received):(\d+)", said))


def settled_bytes(peer):
    """Once nothing has been sent for two seconds."""
    last, since = link_bytes(peer), time.monotonic()
    while time.monotonic() - since < 2:
        time.sleep(0.1)
        if (now := link_bytes(peer)) != last:
            last, since = now, time.monotonic()
    return last


def run(bench):
    feeds = bench.full(1_000, 20)
    bench.report.section(
        "Reconnect",
        f"One peer follows {feeds:,} feeds that another writes, and was away for a moment. A link is made again, and stands; nothing new, or one new post in each of "
        "ten feeds. After SIGKILL the peer knows what it knew a minute before.")
    if not shutil.which("ss"):
        bench.report.write("\nNo `ss` (iproute2) here.")
        return
    names = [f"author{number}" for number in range(feeds)]
    author = bench.peer("author")
    author.register(names)
    follower = bench.peer("follower", [author.dht])
    follower.register(["diogo"])
    diogo = follower.login("diogo")
    for name in names:
        follow(diogo, name)
    diogo.close()
    writers, posts = [author.login(name) for name in names[:10]], 0

    def write():
        nonlocal posts
        for writer in writers:
            writer.ask("POST while nobody was there")
            posts += 1

    write()
    follower.wait("posts", lambda count: count == posts)
    settled_bytes(author)

    def again(end, change=lambda: None):
        def measure():
            nonlocal follower
            end()
            change()
            begin = time.monotonic()
            follower = bench.peer("follower", [author.dht])
            follower.wait("links", lambda count: count > 0)
            level = follower.wait("posts", lambda count: count == posts)
            return {"link_b": settled_bytes(author), "level_ms": (level - begin) * 1e3}
        return measure

    def kill():
        time.sleep(bench.full(SAVED_SECONDS, 1))
        follower.kill()

    cases = {
        "nothing new": again(lambda: follower.stop()), "10 posts": again(lambda: follower.stop(), write),
        "nothing new, after SIGKILL": again(kill), "10 posts, after SIGKILL": again(kill, write),
    }
    bench.report.table(f"**{feeds:,} feeds**", bench.interleave(cases, 2), COLUMNS)


def follow(session, name, tries=5):
    """A get of a DHT of two nodes may come back empty under load."""
    for left in reversed(range(tries)):
        try:
            return session.ask(f"FOLLOW {name}")
        except AssertionError:
            if not left:
                raise
            time.sleep(1)
