#!/usr/bin/env python3
"""Fills the data directory of a stopped singerd with posts of authors whom its first account follows.

    Tests/fill_store.py DATA_DIR POSTS AUTHORS

The rows are those that the store itself writes, but for hashes, headers and signatures, which are random: good for measuring what is
read, of no use to other peers. One post in ten answers another; one account in all gets a like on every hundredth post.
"""
import os
import random
import sqlite3
import sys
import time

folder, posts, authors = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
random.seed(1)
words = [f"word{n}" for n in range(5000)]
weights = [1 / (n + 1) for n in range(5000)]
db = sqlite3.connect(folder + "/singer.db", isolation_level=None)
db.executescript("PRAGMA foreign_keys=OFF; PRAGMA synchronous=OFF; PRAGMA cache_size=-200000; BEGIN")
me = db.execute("SELECT account_id FROM local_account").fetchone()[0]
now = int(time.time() * 1000)
devices = []
for n in range(authors):
    name = f"author{n}"
    account = db.execute("INSERT INTO account (key, name, folded, certified, pinned) VALUES (?, ?, ?, 1, 1)", (os.urandom(32), name, name)).lastrowid
    device = db.execute("INSERT INTO device (account_id, key, certificate, signature) VALUES (?, ?, ?, ?)",
                        (account, os.urandom(32), os.urandom(120), os.urandom(64))).lastrowid
    devices.append([account, device, 0])
entry = db.execute("SELECT coalesce(max(id), 0) FROM entry").fetchone()[0]
hashes = []
texts = random.choices(words, weights, k=12 * 20000)
for n in range(posts):
    author = devices[n % authors]
    author[2] += 1
    entry += 1
    digest = os.urandom(32)
    created = now - (posts - n) * 1000
    start = random.randrange(len(texts) - 12)
    text = " ".join(texts[start:start + 12]) + f" post{n}"
    reply = random.choice(hashes) if hashes and n % 10 == 0 else None
    db.execute("INSERT INTO entry (id, hash, device_id, account_id, seq, previous, created, kind, header, signature, body) VALUES (?,?,?,?,?,?,?,1,?,?,?)",
               (entry, digest, author[1], author[0], author[2], None if author[2] == 1 else os.urandom(32), created, os.urandom(180), os.urandom(64), text.encode()))
    db.execute("INSERT INTO post (entry_id, hash, account_id, device_id, seq, created, text, reply_to, forward, deleted, withheld) VALUES (?,?,?,?,?,?,?,?,NULL,0,0)",
               (entry, digest, author[0], author[1], author[2], created, text, reply))
    hashes.append(digest)
    if len(hashes) > 1000:
        hashes.pop(0)
for account, device, count in devices:
    if count:
        db.execute("INSERT INTO held (device_id, first, last) VALUES (?, 1, ?)", (device, count))
    db.execute("INSERT INTO follow (follower_id, followee_id, following, created, entry_id) VALUES (?, ?, 1, ?, 1)", (me, account, now - posts * 1000))
db.execute("COMMIT")
db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
db.close()
print(f"{posts} posts of {authors} authors: {os.path.getsize(folder + '/singer.db') >> 20} MiB")
