"""The client `singer`, in a terminal that is read as fast as it writes."""
import os
import pty
import select
import statistics
import subprocess
import time

from harness import processes
from harness.peer import PASSPHRASE, Session
from harness.report import Column

STARTS = [Column("cpu_ms", "CPU, ms"), Column("wall_ms", "ms")]
FLOOD = [
    Column("cpu_us", "client's CPU, µs a line"),
    Column("lines_per_s", "lines a second, as the peer commits them"),
    Column("echo_p50_ms", "a key to its echo, p50, ms"),
    Column("echo_max_ms", "longest, ms"),
    Column("resident_kb", "memory after it, MiB", 1 / 1024),
]


class Terminal:
    """The client at a pseudo-terminal."""

    def __init__(self, singer, port, home, *arguments):
        self.text = b""
        self.pid, self._fd = pty.fork()
        if self.pid == 0:
            os.environ.update(TERM="xterm-256color", LANG="C.UTF-8", XDG_STATE_HOME=home, SINGER_PASSPHRASE=PASSPHRASE)
            os.execv(singer, [singer, "--port", str(port), *arguments])

    def read(self, seconds):
        """Whether there may be more."""
        if select.select([self._fd], [], [], max(0, seconds))[0]:
            try:
                self.text += os.read(self._fd, 1 << 16)
            except OSError:
                return False
        return True

    def wait(self, wanted, seconds=60):
        deadline = time.monotonic() + seconds
        while wanted not in self.text[-100_000:]:
            assert time.monotonic() < deadline, f"no {wanted!r} in {self.text[-500:]!r}"
            self.read(deadline - time.monotonic())

    def type(self, key):
        os.write(self._fd, key)

    def leave(self):
        """Ends the client; what it has used."""
        self.type(b"\x15\x04")
        while self.read(5):
            pass
        _, _, usage = os.wait4(self.pid, 0)
        os.close(self._fd)
        return usage.ru_utime + usage.ru_stime


def run(bench):
    bench.report.section("The client", "At the prompt, in a script, and shown a flood of posts while somebody types a key every 50 ms.")
    peer = bench.peer("peer")
    peer.register(["diogo"])
    peer.register(["andre"], following=["diogo"])
    author = Session(peer)
    author.ask(f"LOGIN diogo {PASSPHRASE}")

    def prompt():
        start = time.monotonic()
        terminal = Terminal(bench.singer, peer.port, bench.scratch)
        terminal.wait(b"Your name")
        wall = time.monotonic() - start
        return {"cpu_ms": terminal.leave() * 1e3, "wall_ms": wall * 1e3}

    def script():
        start = time.monotonic()
        process = subprocess.Popen([bench.singer, "--port", str(peer.port), "-e", "PING"], stdout=subprocess.DEVNULL)
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        assert process.returncode == 0, "singer -e PING failed"
        return {"cpu_ms": (usage.ru_utime + usage.ru_stime) * 1e3, "wall_ms": (time.monotonic() - start) * 1e3}

    cases = {"to the first prompt": prompt, "`singer -e PING`, whole": script}
    bench.report.table("**start**", bench.interleave(cases), STARTS)
    posts = bench.full(2_000, 50)
    bench.report.table(f"**a flood**, {posts:,} posts", bench.interleave({"singer": lambda: flood(bench, peer, author, posts)}, 3), FLOOD)


def flood(bench, peer, author, posts):
    terminal = Terminal(bench.singer, peer.port, bench.scratch, "--user", "andre")
    terminal.wait(b"> ")
    terminal.text = b""
    cpu = processes.cpu_seconds(terminal)
    begin = next_key = time.monotonic()
    author.socket.sendall("".join(f"POST flood {number} of a measurement\n" for number in range(1, posts + 1)).encode())
    echoes, last = [], f"flood {posts} of".encode()
    while last not in terminal.text[-100_000:]:
        if time.monotonic() >= next_key:
            # A letter that is nowhere else on the screen.
            key, shown = chr(0x400 + len(echoes) % 250).encode(), len(terminal.text)
            terminal.type(key)
            pressed = time.monotonic()
            while key not in terminal.text[shown:]:
                terminal.read(1)
            echoes.append((time.monotonic() - pressed) * 1e3)
            next_key = pressed + 0.05
        terminal.read(next_key - time.monotonic())
        assert time.monotonic() - begin < 120, "the client is stuck"
    seconds = time.monotonic() - begin
    sample = {
        "cpu_us": (processes.cpu_seconds(terminal) - cpu) / posts * 1e6, "lines_per_s": posts / seconds, "echo_p50_ms": statistics.median(echoes),
        "echo_max_ms": max(echoes), "resident_kb": processes.memory_kib(terminal),
    }
    terminal.leave()
    for _ in range(posts):
        author.expect_ok()
    return sample
