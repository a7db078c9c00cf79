"""Reading from a large store: what a session asks for most, beside the SQL alone."""
import hashlib
import os
import shutil
import sqlite3
import statistics
import time

from fill_store import fill
from harness.peer import PASSPHRASE, Session
from harness.report import Column

AUTHORS = 1_000
COLUMNS = [
    Column("cpu_us", "CPU, µs"),
    Column("reply_p50_us", "p50, ms", 1e-3),
    Column("reply_p99_us", "p99, ms", 1e-3),
]
POST = "SELECT p.hash, p.created, p.text, p.reply_to, a.name FROM post p JOIN account a ON a.id = p.account_id "
# What each command needs at least, for the SQL alone; `:reader`, `:author`, `:post` and `:word` are filled in.
SQL = {
    "TIMELINE 20": POST + "WHERE p.account_id IN (SELECT followee_id FROM follow WHERE follower_id = :reader AND following) ORDER BY p.created DESC LIMIT 20",
    "FEED author7": POST + "WHERE p.account_id = :author ORDER BY p.created DESC LIMIT 20",
    "SHOW": POST + "WHERE p.entry_id = (SELECT id FROM entry WHERE hash = :post)",
    "THREAD": "WITH RECURSIVE down(id, hash) AS (SELECT id, hash FROM entry WHERE hash = :post "
    "UNION SELECT p.entry_id, p.hash FROM down JOIN post p ON p.reply_to = down.hash) "
    + POST + "WHERE p.entry_id IN (SELECT id FROM down) ORDER BY p.created",
    "SEARCH word4000": POST + "WHERE p.entry_id IN (SELECT rowid FROM post_text WHERE post_text MATCH 'word4000') ORDER BY p.created DESC LIMIT 20",
    "SEARCH word0": POST + "WHERE p.entry_id IN (SELECT rowid FROM post_text WHERE post_text MATCH 'word0') ORDER BY p.created DESC LIMIT 20",
}


def run(bench):
    bench.report.section(
        "A large store",
        f"Posts of {AUTHORS:,} authors whom the reader follows. One session, one command at a time. `word0` is in three posts of four, `word4000` in one of "
        "3,000. The SQL alone is the simplest that finds the same posts, on the same file through Python, prepared once; it shows no ids as people see them.")
    for posts in bench.full([10_000, 100_000, 1_000_000], [500]):
        measure_store(bench, posts)
    bench.report.growth()


def measure_store(bench, posts):
    directory = filled(bench, posts)
    peer = bench.peer(directory)
    session = Session(peer)
    session.ask(f"LOGIN reader {PASSPHRASE}")
    # A post that has answers: its id stands at the end of each of them.
    database = sqlite3.connect(f"file:{directory}/singer.db?mode=ro", uri=True)
    post = database.execute("SELECT reply_to FROM post WHERE reply_to IS NOT NULL GROUP BY reply_to ORDER BY count(*) DESC LIMIT 1").fetchone()[0]
    word = database.execute("SELECT text FROM post WHERE entry_id = (SELECT id FROM entry WHERE hash = ?)", (post,)).fetchone()[0].split()[-1]
    post_id = session.rows(f"SEARCH {word}")[0].rsplit("[", 1)[1].split("]")[0].split(">")[0]
    values = {
        "reader": database.execute("SELECT account_id FROM local_account").fetchone()[0],
        "author": database.execute("SELECT id FROM account WHERE name = 'author7'").fetchone()[0], "post": post,
    }
    session.close()

    def ask(command):
        return lambda: bench.tools.run(
            "linebench", "-p", peer.port, "-c", 1, "-d", 1, "-n", 100, "-t", 1, "-x", command, "-M", "OK", "-S", peer.pid, "-A",
            f"LOGIN reader {PASSPHRASE}", "-B", "OK ")

    cases = {}
    for command, sql in SQL.items():
        cases[command] = ask(f"{command} {post_id}" if command in ("SHOW", "THREAD") else command)
        cases[f"{command}, the SQL alone"] = lambda sql=sql: alone(database, sql, values)
    cases["LOGIN"] = lambda: login(peer)
    bench.report.table(
        f"**{posts:,} posts**, {os.path.getsize(directory + '/singer.db') >> 20:,} MiB", bench.interleave(cases, 3), COLUMNS,
        size=f"{posts:,} posts")
    database.close()
    peer.stop()

    def start():
        peer = bench.peer(directory)
        try:
            return {"cpu_us": peer.cpu_seconds() * 1e6, "reply_p50_us": peer.start_seconds * 1e6}
        finally:
            peer.stop()

    bench.report.table(f"**start to ready, {posts:,} posts**", bench.interleave({"singerd": start}), COLUMNS[:2])


def filled(bench, posts):
    """A data directory with that many posts; made once for each schema, and kept."""
    empty = bench.peer("empty")
    empty.register(["reader"])
    empty.stop()
    database = sqlite3.connect(empty.directory + "/singer.db")
    schema = "".join(str(row) for row in database.execute("SELECT sql FROM sqlite_master ORDER BY name"))
    database.close()
    kept = os.path.join(os.path.dirname(bench.scratch), "bench-stores", f"{posts}-{hashlib.sha256(schema.encode()).hexdigest()[:12]}")
    if bench.is_quick:
        kept = os.path.join(bench.scratch, "store")
    if not os.path.exists(kept):
        os.makedirs(os.path.dirname(kept), exist_ok=True)
        fill(empty.directory, posts, AUTHORS)
        os.rename(empty.directory, kept)
    shutil.rmtree(empty.directory, ignore_errors=True)
    return kept


def alone(database, sql, values):
    times, cpu, end = [], time.process_time(), time.monotonic() + 1
    while len(times) < 100 and time.monotonic() < end:
        start = time.monotonic()
        database.execute(sql, values).fetchall()
        times.append((time.monotonic() - start) * 1e6)
    times.sort()
    return {
        "cpu_us": (time.process_time() - cpu) / len(times) * 1e6, "reply_p50_us": statistics.median(times),
        "reply_p99_us": times[round(0.99 * (len(times) - 1))],
    }


def login(peer):
    cpu, times = peer.cpu_seconds(), []
    for _ in range(10):
        session = Session(peer)
        start = time.monotonic()
        session.ask(f"LOGIN reader {PASSPHRASE}")
        times.append((time.monotonic() - start) * 1e6)
        session.close()
    return {"cpu_us": (peer.cpu_seconds() - cpu) / len(times) * 1e6, "reply_p50_us": statistics.median(times), "reply_p99_us": max(times)}
