#!/usr/bin/env python3
"""Measures a built singer on loopback: start-up to the first prompt, lines a second shown while somebody types, memory.

    Tests/measure_client.py .build/release/singerd .build/release/singer [posts]

The client runs in a pseudo-terminal that is read as fast as it writes. Timings of one machine in one hour: compare runs.
"""
import os
import pty
import re
import select
import socket
import statistics
import subprocess
import sys
import tempfile
import time

SINGERD, SINGER = sys.argv[1], sys.argv[2]
POSTS = int(sys.argv[3]) if len(sys.argv) > 3 else 5000


class Session:
    def __init__(self, port):
        self.socket = socket.create_connection(("127.0.0.1", port))
        self.file = self.socket.makefile("rb")

    def ask(self, line):
        self.socket.sendall(line.encode() + b"\n")
        while True:
            reply = self.file.readline().decode()
            if reply.startswith(("OK", "ERR")):
                assert reply.startswith("OK"), reply
                return reply


class Terminal:
    def __init__(self, port, home, arguments=()):
        self.text = b""
        self.start = time.monotonic()
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            os.environ.update(TERM="xterm-256color", LANG="C.UTF-8", XDG_STATE_HOME=home, SINGER_PASSPHRASE="correct-horse")
            os.execv(SINGER, [SINGER, "--port", str(port), *arguments])

    def read(self, seconds):
        if select.select([self.fd], [], [], seconds)[0]:
            try:
                self.text += os.read(self.fd, 1 << 16)
            except OSError:
                return False
        return True

    def wait(self, wanted, seconds=60):
        deadline = time.monotonic() + seconds
        while wanted not in self.text:
            assert time.monotonic() < deadline, f"no {wanted!r} in {self.text[-500:]!r}"
            self.read(deadline - time.monotonic())
        return time.monotonic() - self.start

    def memory_kib(self, field="VmRSS"):
        with open(f"/proc/{self.pid}/status") as file:
            return int(re.search(field + r":\s+(\d+)", file.read())[1])

    def cpu_seconds(self):
        with open(f"/proc/{self.pid}/stat") as file:
            fields = file.read().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def leave(self):
        os.write(self.fd, b"\x15\x04")
        while self.read(5):
            pass
        os.waitpid(self.pid, 0)
        os.close(self.fd)


def row(name, value):
    print(f"{name:<56} {value}", flush=True)


def main():
    with tempfile.TemporaryDirectory() as base:
        peer = subprocess.Popen(
            [SINGERD, "--data-dir", base + "/a", "--gateway", "127.0.0.1:0", "--listen", "127.0.0.1:0", "--no-discovery",
             "--network", f"measure-{os.getpid()}"], stdout=subprocess.PIPE, text=True,
            env={**os.environ, "SINGER_SCRYPT_WORK_LOG2": "10"})
        port = int(re.match(r"singerd ready gateway=\S+:(\d+) ", peer.stdout.readline())[1])
        author, reader = Session(port), Session(port)
        author.ask("REGISTER diogo correct-horse")
        reader.ask("REGISTER andre correct-horse")
        reader.ask("FOLLOW diogo")
        reader.ask("QUIT")

        times = []
        for _ in range(20):
            terminal = Terminal(port, base)
            times.append(terminal.wait(b"Your name") * 1000)
            terminal.leave()
        row("start to the first prompt, 20 runs", f"median {statistics.median(times):.0f} ms, worst {max(times):.0f} ms")
        times = []
        for _ in range(20):
            start = time.monotonic()
            subprocess.run([SINGER, "--port", str(port), "-e", "PING"], check=True, stdout=subprocess.DEVNULL)
            times.append((time.monotonic() - start) * 1000)
        row("singer -e PING, 20 runs", f"median {statistics.median(times):.0f} ms, worst {max(times):.0f} ms")

        terminal = Terminal(port, base, ["--user", "andre"])
        terminal.wait(b"> ")
        row("memory at the prompt", f"{terminal.memory_kib() / 1024:.1f} MiB")
        # A flood, and somebody who types a key every 50 ms all the while.
        cpu = terminal.cpu_seconds()
        terminal.text = b""
        author.socket.sendall("".join(f"POST flood {number} of a measurement\n" for number in range(1, POSTS + 1)).encode())
        echoes, typed = [], 0
        begin = time.monotonic()
        next_key = begin
        last = f"flood {POSTS} of".encode()
        while last not in terminal.text[-100_000:]:
            if time.monotonic() >= next_key:
                # A letter that is nowhere else on the screen.
                key = chr(0x400 + typed % 250).encode()
                position = len(terminal.text)
                os.write(terminal.fd, key)
                pressed = time.monotonic()
                while True:
                    terminal.read(1)
                    if key in terminal.text[position:]:
                        break
                echoes.append((time.monotonic() - pressed) * 1000)
                typed += 1
                next_key = pressed + 0.05
            terminal.read(max(0, next_key - time.monotonic()))
            assert time.monotonic() - begin < 120
        took = time.monotonic() - begin
        used = terminal.cpu_seconds() - cpu
        echoes.sort()
        row(f"{POSTS} posts shown as the peer commits them, while typing", f"{POSTS / took:.0f} lines a second")
        row("CPU of the client for a line", f"{used / POSTS * 1e6:.0f} us: at most {POSTS / max(used, 1e-9):.0f} lines a second")
        row(f"a key to its echo meanwhile, {typed} keys", f"median {statistics.median(echoes):.1f} ms, worst {echoes[-1]:.1f} ms")
        row("memory after that; at most", f"{terminal.memory_kib() / 1024:.1f} MiB; {terminal.memory_kib('VmHWM') / 1024:.1f} MiB")
        terminal.leave()
        peer.terminate()
        peer.wait(20)


main()
