"""Entries of another peer: fetched or pushed, verified, stored."""
import re
import shutil
import sqlite3
import subprocess
import time

from harness.peer import PASSPHRASE, Session
from harness.report import Column
from harness.rounds import Unsound

CATCH_UP = [
    Column("follower_cpu_us", "follower's CPU, µs a post"),
    Column("author_cpu_us", "author's CPU, µs a post"),
    Column("level_ms", "from ready to level, ms"),
    Column("first_ms", "to the first of them, ms"),
    Column("posts_per_s", "posts a second"),
]
LIVE = CATCH_UP[:2] + [Column("posts_per_s", "posts a second, through both"), Column("behind_ms", "level after the last OK, ms")]
ALONE = [Column("cpu_us", "CPU, µs a signature"), Column("signatures_per_s", "a second, one core")]
SECONDS_MAX = 60


class Stored:
    """How many entries a peer's store holds, read from the file itself."""

    def __init__(self, peer):
        self._file = sqlite3.connect(f"file:{peer.directory}/singer.db?mode=ro", uri=True)
        self._last = self._file.execute("SELECT coalesce(max(id), 0) FROM entry").fetchone()[0]

    def new(self):
        return self._file.execute("SELECT count(*) FROM entry WHERE id > ?", (self._last,)).fetchone()[0]

    def wait(self, count, start):
        """When the first and the last of so many came, in seconds."""
        first = None
        while (new := self.new()) < count:
            now = time.monotonic() - start
            if new and first is None:
                first = now
            if now > SECONDS_MAX:
                raise Unsound(f"{new} of {count} posts after {SECONDS_MAX} s")
            time.sleep(0.01)
        now = time.monotonic() - start
        return first if first is not None else now, now


def write(session, count):
    session.socket.sendall(f"POST {'x' * 100}\n".encode() * count)
    for _ in range(count):
        session.expect_ok()


def run(bench):
    bench.report.section(
        "Ingest: entries of another peer, verified and stored",
        "An author at one peer, a follower at another. *Behind*: the follower's peer is not running while the author posts, then starts. "
        "*Live*: both run, the author posts through one session with everything on its way. Level means that the store holds all.")
    author = bench.peer("author")
    author.register(["andre"])
    follower = bench.peer("follower", [author.dht])
    follower.register(["diogo"], following=["andre"])
    session = Session(author)
    session.ask(f"LOGIN andre {PASSPHRASE}")
    # The link stands, and the follower has the log so far.
    stored = Stored(follower)
    write(session, 1)
    stored.wait(1, time.monotonic())
    follower.stop()

    def catch_up(count):
        stored = Stored(follower)
        write(session, count)
        before = author.cpu_seconds()
        peer = bench.peer("follower", [author.dht])
        try:
            first, level = stored.wait(count, time.monotonic())
            return {
                "follower_cpu_us": peer.cpu_seconds() / count * 1e6, "author_cpu_us": (author.cpu_seconds() - before) / count * 1e6,
                "level_ms": level * 1e3, "first_ms": first * 1e3, "posts_per_s": count / max(level - first, 0.001),
            }
        finally:
            peer.stop()

    for count, rounds in bench.full([(1_000, 5), (10_000, 3), (100_000, 1)], [(50, 1)]):
        start = time.monotonic()
        bench.report.table(f"**{count:,} posts behind**", bench.interleave({"singerd": lambda: catch_up(count)}, rounds), CATCH_UP, size=f"{count:,} posts")
        # Ten times as many take ten times as long, at least.
        if time.monotonic() - start > 60:
            bench.report.write("\nMore posts would take minutes on this machine, and were left out.")
            break

    bench.report.growth()

    follower = bench.peer("follower", [author.dht])
    time.sleep(bench.full(2, 1))

    def live(count):
        stored = Stored(follower)
        author_before, follower_before, start = author.cpu_seconds(), follower.cpu_seconds(), time.monotonic()
        write(session, count)
        acknowledged = time.monotonic() - start
        _, level = stored.wait(count, start)
        return {
            "follower_cpu_us": (follower.cpu_seconds() - follower_before) / count * 1e6,
            "author_cpu_us": (author.cpu_seconds() - author_before) / count * 1e6,
            "posts_per_s": count / level, "behind_ms": (level - acknowledged) * 1e3,
        }

    count = bench.full(5_000, 50)
    bench.report.table(f"**live**, {count:,} posts", bench.interleave({"singerd": lambda: live(count)}), LIVE)
    cases = {"OpenSSL, Ed25519 verification": openssl if shutil.which("openssl") else "no openssl here"}
    bench.report.table("**the signatures alone**", bench.interleave(cases, 3), ALONE)


def openssl():
    said = subprocess.run(["openssl", "speed", "-seconds", "1", "ed25519"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True).stdout
    each = re.search(r"EdDSA \(Ed25519\)\s+([\d.]+)s\s+([\d.]+)s\s+([\d.]+)\s+([\d.]+)", said)
    if not each:
        raise Unsound("openssl speed said nothing of Ed25519")
    return {"cpu_us": 1e6 / float(each[4]), "signatures_per_s": float(each[4])}
