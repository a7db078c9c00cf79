#!/usr/bin/env python3
"""Measures a built singerd under faults: logins with the author's peer dead, a long catch-up, the bytes of a reconnect.

    Tests/measure_faults.py .build/release/singerd [login] [catchup] [reconnect]

Real processes on loopback. Bytes are those of the TCP connection, TLS and its handshake included, both ways, as the kernel counts them
(ss, from iproute2). Timings of one machine in one hour: compare runs, quote ratios.
"""
import concurrent.futures
import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
import time

SINGERD = sys.argv[1]
TRIALS = int(os.environ.get("SINGER_TRIALS", "20"))
POSTS = int(os.environ.get("SINGER_POSTS", "10000"))
FEEDS = int(os.environ.get("SINGER_FEEDS", "1000"))
PASSPHRASE = "correct-horse"
# Cheap logins: what is measured is the network.
os.environ.setdefault("SINGER_SCRYPT_WORK_LOG2", "10")


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Session:
    def __init__(self, peer):
        self.socket = socket.create_connection(("127.0.0.1", peer.gateway))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.socket.settimeout(60)
        self.file = self.socket.makefile("rb")

    def reply(self):
        """The last line of a reply, and its rows."""
        rows = []
        while True:
            line = self.file.readline().decode().rstrip("\n")
            assert line, "closed"
            if line.startswith(("OK", "ERR")):
                return line, rows
            if line.startswith("  "):
                rows.append(line.strip())

    def try_to(self, line):
        self.socket.sendall(line.encode() + b"\n")
        return self.reply()[0].startswith("OK")

    def ask(self, line):
        self.socket.sendall(line.encode() + b"\n")
        last, rows = self.reply()
        assert last.startswith("OK"), f"{line}: {last}"
        return rows


class Peer:
    """A peer that can die and come back at the same ports."""

    def __init__(self, folder):
        self.folder, self.ports = folder, [free_port(), free_port()]
        self.dht = self.ports[1]

    def start(self, *others):
        path = self.folder + ".bootstrap"
        with open(path, "w") as file:
            file.writelines(f"127.0.0.1:{other.dht}\n" for other in others)
        self.process = subprocess.Popen(
            [SINGERD, "--data-dir", self.folder, "--gateway", f"127.0.0.1:{self.ports[0]}", "--listen",
             f"127.0.0.1:{self.ports[1]}", "--no-discovery", "--network", f"measure-{os.getpid()}", "--bootstrap", path],
            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        assert self.process.stdout.readline().startswith("singerd ready ")
        self.gateway = self.ports[0]
        return self

    def kill(self):
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def link_bytes(self):
        """Over all links that are open now."""
        out = subprocess.run(["ss", "-tinH", "state", "established", "sport", "=", f":{self.ports[1]}"], capture_output=True, text=True).stdout
        return sum(int(count) for count in re.findall(r"bytes_(?:sent|received):(\d+)", out))

    def stop(self):
        self.process.terminate()
        assert self.process.wait(60) == 0

    def cpu_seconds(self):
        with open(f"/proc/{self.process.pid}/stat") as file:
            fields = file.read().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def session(self, name=None):
        session = Session(self)
        if name:
            session.ask(f"LOGIN {name} {PASSPHRASE}")
        return session

    def status(self, session, field):
        return next((int(row.split()[1]) for row in session.ask("STATUS") if row.split()[0] == field), 0)

    def wait(self, field, is_wanted, within=120):
        """Until a count of STATUS is as wanted; when that was."""
        session, deadline = self.session(), time.monotonic() + within
        while not is_wanted(self.status(session, field)):
            assert time.monotonic() < deadline, f"{field} is {self.status(session, field)}"
            time.sleep(0.002)
        return time.monotonic()


def settled_bytes(peer):
    """The bytes of the links once nothing has been sent for two seconds."""
    last, since = peer.link_bytes(), time.monotonic()
    while time.monotonic() - since < 2:
        time.sleep(0.1)
        now = peer.link_bytes()
        if now != last:
            last, since = now, time.monotonic()
    return last


def row(name, value):
    print(f"{name:<48} {value}", flush=True)


def percentile(values, share):
    values = sorted(values)
    return values[min(len(values) - 1, int(len(values) * share))]


def login(base):
    author, second, third = (Peer(base + "/" + name) for name in "abc")
    author.start()
    second.start(author)
    third.start(author, second)
    andre = author.session()
    andre.ask(f"REGISTER andre {PASSPHRASE}")
    for peer, name in ((second, "tiago"), (third, "diogo")):
        session = peer.session()
        session.ask(f"REGISTER {name} {PASSPHRASE}")
        session.ask("FOLLOW andre")
    andre.ask("POST 0")
    posts = 1
    for peer in (second, third):
        peer.wait("posts", lambda count: count == posts)
    from_login, from_link = [], []
    for _ in range(TRIALS):
        third.stop()
        for _ in range(10):
            andre.ask(f"POST {posts}")
            posts += 1
        second.wait("posts", lambda count: count == posts)
        author.kill()
        third.start(second)
        begin = time.monotonic()
        third.session("diogo")
        linked = third.wait("links", lambda count: count > 0)
        shown = third.wait("posts", lambda count: count == posts)
        from_login.append(shown - begin)
        from_link.append(max(0, shown - linked))
        author.start(second)
        andre = author.session("andre")
    for name, values in (("LOGIN to missed posts, author dead", from_login), ("link to missed posts", from_link)):
        row(f"{name}, p50 / p99 of {TRIALS}", f"{percentile(values, 0.5) * 1000:.0f} / {percentile(values, 0.99) * 1000:.0f} ms")
    return author, second, third


def catchup(base):
    author, follower = Peer(base + "/a").start(), Peer(base + "/b")
    follower.start(author)
    andre, diogo = author.session(), follower.session()
    andre.ask(f"REGISTER andre {PASSPHRASE}")
    diogo.ask(f"REGISTER diogo {PASSPHRASE}")
    diogo.ask("FOLLOW andre")
    andre.ask("POST the first")
    follower.wait("posts", lambda count: count == 1)
    follower.stop()
    for start in range(0, POSTS, 500):
        count = min(500, POSTS - start)
        andre.socket.sendall("".join(f"POST number {start + n} of a long absence\n" for n in range(count)).encode())
        for _ in range(count):
            assert andre.reply()[0].startswith("OK")
    before = author.cpu_seconds()
    begin = time.monotonic()
    follower.start(author)
    done = follower.wait("posts", lambda count: count == POSTS + 1)
    row(f"start to level, {POSTS} posts behind", f"{done - begin:.2f} s")
    row("CPU of the author's peer / the follower's", f"{author.cpu_seconds() - before:.2f} / {follower.cpu_seconds():.2f} s")
    return author, follower


def reconnect(base):
    author, follower = Peer(base + "/a").start(), Peer(base + "/b")
    follower.start(author)
    names = [f"author{number}" for number in range(FEEDS)]
    sessions = {}

    def register(name):
        session = author.session()
        session.ask(f"REGISTER {name} {PASSPHRASE}")
        session.ask("POST the first")
        session.ask("POST the second")
        sessions[name] = session

    diogo = follower.session()
    diogo.ask(f"REGISTER diogo {PASSPHRASE}")
    begin = time.monotonic()
    with concurrent.futures.ThreadPoolExecutor(16) as pool:
        list(pool.map(register, names))
    row(f"({FEEDS} accounts registered", f"{time.monotonic() - begin:.1f} s)")
    begin = time.monotonic()
    for name in names:
        # A name may be hard to find in a DHT of two peers under load.
        while not diogo.try_to(f"FOLLOW {name}"):
            time.sleep(1)
    posts = 2 * FEEDS
    follower.wait("posts", lambda count: count == posts)
    row(f"({FEEDS} feeds followed", f"{time.monotonic() - begin:.1f} s)")
    # Accounts that are online renew their records; away, nothing changes but what is posted.
    kept = {name: sessions[name] for name in names[:10]}
    for name in names[10:]:
        sessions[name].ask("LOGOUT")
    settled_bytes(author)

    def again(what, end, change=lambda: None):
        nonlocal posts
        end()
        change()
        begin = time.monotonic()
        follower.start(author)
        follower.wait("links", lambda count: count > 0)
        done = follower.wait("posts", lambda count: count == posts)
        row(f"reconnect, {what}", f"{settled_bytes(author)} bytes, level {done - begin:.2f} s after the start")

    def post_ten():
        nonlocal posts
        for session in kept.values():
            session.ask("POST while nobody was there")
            posts += 1

    again("nothing new, after a clean end", follower.stop)
    again("10 posts, after a clean end", follower.stop, post_ten)
    # Until what was said is on the disk.
    time.sleep(float(os.environ.get("SINGER_SAVE_SECONDS", "65")))
    again("nothing new, after a kill -9", follower.kill)
    again("10 posts, after a kill -9", follower.kill, post_ten)

    def both():
        follower.stop()
        author.stop()
        author.start()

    again("nothing new, both ends restarted", both)
    return author, follower


def main():
    wanted = sys.argv[2:] or ["login", "catchup", "reconnect"]
    for what in (login, catchup, reconnect):
        if what.__name__ in wanted:
            with tempfile.TemporaryDirectory() as base:
                for peer in what(base):
                    peer.kill()


if __name__ == "__main__":
    main()
