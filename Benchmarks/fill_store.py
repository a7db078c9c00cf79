#!/usr/bin/env python3
"""Fills the data directory of a stopped singerd with posts of authors whom its first account follows.

    fill_store.py DATA_DIR POSTS AUTHORS

The rows are those that the store itself writes, but signatures and keys are random: good for measuring what is read, of no use to other
peers. One post in ten answers another of the last two thousand; words are as common as words are in a language.
"""
import hashlib
import os
import random
import sqlite3
import sys
import time


class Author:
    """An account with one device, and where its log ends."""

    def __init__(self, database, name, now):
        self.key, self.device_key, self.seq, self.last = os.urandom(32), os.urandom(32), 0, None
        self.account = database.execute(
            "INSERT INTO account (key, name, folded, certified, pinned) VALUES (?, ?, ?, 1, 1)", (self.key, name, name)).lastrowid
        certificate = message((1, 1), (2, self.key), (3, self.device_key), (4, name.encode()), (5, now))
        self.device = database.execute(
            "INSERT INTO device (account_id, key, certificate, signature) VALUES (?, ?, ?, ?)",
            (self.account, self.device_key, certificate, os.urandom(64))).lastrowid

    def write(self, database, entry, created, text, reply_to):
        """Adds a post. reply_to: hash and author's key of another, or None. Gives its own."""
        self.seq += 1
        body = message((1, text.encode()), *([(2, message((1, reply_to[0]), (2, reply_to[1])))] if reply_to else []))
        header = message(
            (1, 1), (2, self.key), (3, self.device_key), (4, self.seq), *([(5, self.last)] if self.last else []), (6, created), (7, 1),
            (8, hashlib.sha256(body).digest()), (9, len(body)))
        previous, self.last = self.last, hashlib.sha256(header).digest()
        row = (entry, self.last, self.account, self.device, self.seq, created)
        database.execute(
            "INSERT INTO entry (id, hash, account_id, device_id, seq, created, kind, previous, header, signature, body) "
            "VALUES (?, ?, ?, ?, ?, ?, 1, ?, ?, ?, ?)", (*row, previous, header, os.urandom(64), body))
        database.execute(
            "INSERT INTO post (entry_id, hash, account_id, device_id, seq, created, text, reply_to, deleted, withheld) "
            "VALUES (?, ?, ?, ?, ?, ?, ?, ?, 0, 0)", (*row, text, reply_to[0] if reply_to else None))
        return self.last, self.key


def message(*fields):
    """A protobuf message of numbers and bytes."""
    encoded = bytearray()
    for number, value in fields:
        if isinstance(value, int):
            encoded += varint(number << 3) + varint(value)
        else:
            encoded += varint(number << 3 | 2) + varint(len(value)) + value
    return bytes(encoded)


def varint(value):
    encoded = bytearray()
    while value > 127:
        encoded.append(value & 127 | 128)
        value >>= 7
    encoded.append(value)
    return encoded


def texts():
    """A function that makes a text of thirteen words, the last of them found in no other post."""
    words = [f"word{number}" for number in range(5000)]
    drawn = random.choices(words, [1 / (number + 1) for number in range(5000)], k=200_000)

    def text(number):
        start = random.randrange(len(drawn) - 12)
        return " ".join(drawn[start:start + 12]) + f" post{number}"

    return text


def fill(directory, posts, authors):
    random.seed(1)
    database = sqlite3.connect(directory + "/singer.db", isolation_level=None)
    # Of the texts here, which are ASCII, singerd's own says the same.
    database.create_function("searchable", 1, lambda text: text, deterministic=True)
    database.executescript("PRAGMA foreign_keys = OFF; PRAGMA synchronous = OFF; PRAGMA cache_size = -200000; BEGIN")
    # Made once at the end they cost less than with each row.
    extras = database.execute("SELECT type, name, sql FROM sqlite_master WHERE type IN ('index', 'trigger') AND sql IS NOT NULL").fetchall()
    for kind, name, _ in extras:
        database.execute(f"DROP {kind} {name}")
    start = int(time.time() * 1000) - posts * 1000
    everybody = [Author(database, f"author{number}", start) for number in range(authors)]
    first = database.execute("SELECT coalesce(max(id), 0) FROM entry").fetchone()[0] + 1
    text, recent = texts(), []
    for number in range(posts):
        reply_to = random.choice(recent) if number % 10 == 9 else None
        recent.append(everybody[number % authors].write(database, first + number, start + number * 1000, text(number), reply_to))
        if len(recent) > 2_000:
            recent = recent[1_000:]
    reader = database.execute("SELECT account_id FROM local_account").fetchone()[0]
    for author in everybody:
        database.execute("INSERT INTO follow (follower_id, followee_id, following, created, entry_id) VALUES (?, ?, 1, ?, 1)", (reader, author.account, start))
        if author.seq:
            database.execute("INSERT INTO held (device_id, first, last) VALUES (?, 1, ?)", (author.device, author.seq))
    for _, _, sql in extras:
        database.execute(sql)
    database.execute("INSERT INTO post_text (post_text) VALUES ('rebuild')")
    database.execute("COMMIT")
    database.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
    database.close()


if __name__ == "__main__":
    fill(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))
