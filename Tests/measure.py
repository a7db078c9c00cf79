#!/usr/bin/env python3
"""Measures a built singerd on loopback: start-up, push latency between two peers, durable posts a second, idle memory.

    Tests/measure.py .build/release/singerd [posts]

Timings of one machine in one hour: compare runs, quote ratios. Beside the durable posts stands what the disk itself
gives: commits of one small file with fsync.
"""
import os
import re
import socket
import statistics
import subprocess
import sys
import tempfile
import time

SINGERD = sys.argv[1]
POSTS = int(sys.argv[2]) if len(sys.argv) > 2 and sys.argv[2].isdigit() else 1000


class Peer:
    def __init__(self, folder, bootstrap=()):
        self.folder = folder
        path = folder + ".bootstrap"
        with open(path, "w") as file:
            file.writelines(f"127.0.0.1:{port}\n" for port in bootstrap)
        start = time.monotonic()
        self.process = subprocess.Popen(
            [SINGERD, "--data-dir", folder, "--gateway", "127.0.0.1:0", "--listen", "127.0.0.1:0", "--no-discovery",
             "--network", f"measure-{os.getpid()}", "--bootstrap", path], stdout=subprocess.PIPE, text=True)
        line = self.process.stdout.readline()
        self.start_seconds = time.monotonic() - start
        match = re.match(r"singerd ready gateway=\S+:(\d+) peer=\S+ dht=(\d+)", line)
        self.gateway, self.dht = int(match[1]), int(match[2])

    def stop(self):
        self.process.terminate()
        assert self.process.wait(20) == 0

    def memory_kib(self):
        with open(f"/proc/{self.process.pid}/status") as file:
            return int(re.search(r"VmRSS:\s+(\d+)", file.read())[1])

    def cpu_seconds(self):
        with open(f"/proc/{self.process.pid}/stat") as file:
            fields = file.read().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


class Session:
    def __init__(self, peer):
        self.socket = socket.create_connection(("127.0.0.1", peer.gateway))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.socket.settimeout(30)
        self.file = self.socket.makefile("rb")

    def send(self, line):
        self.socket.sendall(line.encode() + b"\n")

    def reply(self):
        while True:
            line = self.file.readline().decode().rstrip("\n")
            if line.startswith(("OK", "ERR")):
                return line

    def ask(self, line):
        self.send(line)
        reply = self.reply()
        assert reply.startswith("OK"), f"{line}: {reply}"
        return reply

    def push(self, text):
        while True:
            line = self.file.readline().decode()
            if text in line:
                return line


def row(name, value):
    print(f"{name:<48} {value}", flush=True)


def main():
    with tempfile.TemporaryDirectory() as base:
        first = Peer(base + "/a")
        row("start to ready, new data directory", f"{first.start_seconds * 1000:.0f} ms")
        second = Peer(base + "/b", [first.dht])
        author, reader = Session(first), Session(second)
        author.ask("REGISTER andre correct-horse")
        reader.ask("REGISTER diogo correct-horse")
        reader.ask("FOLLOW andre")
        author.push("follow diogo")

        latencies, acknowledged = [], []
        for number in range(POSTS):
            start = time.monotonic()
            author.send(f"POST number {number} of a paced run")
            author.reply()
            acknowledged.append((time.monotonic() - start) * 1000)
            reader.push(f"number {number} of")
            latencies.append((time.monotonic() - start) * 1000)
            time.sleep(0.005)
        latencies.sort()
        acknowledged.sort()
        row(f"one post acknowledged, {POSTS} paced", f"p50 {statistics.median(acknowledged):.2f} ms, p99 {acknowledged[int(POSTS * 0.99)]:.2f} ms")
        row(f"typed at one peer to a line at the other, {POSTS} paced", f"p50 {statistics.median(latencies):.2f} ms, p99 {latencies[int(POSTS * 0.99)]:.2f} ms")

        cpu = first.cpu_seconds()
        start = time.monotonic()
        author.socket.sendall("".join(f"POST pipelined {number}\n" for number in range(POSTS)).encode())
        for _ in range(POSTS):
            assert author.reply().startswith("OK posted")
        took = time.monotonic() - start
        row("durable posts, one session, pipelined", f"{POSTS / took:.0f} a second, {(first.cpu_seconds() - cpu) / POSTS * 1e6:.0f} us of CPU each")
        reader.push(f"pipelined {POSTS - 1}")
        row("the follower's peer is level with that after", f"{time.monotonic() - start:.2f} s")

        with open(base + "/fsync", "wb") as file:
            start = time.monotonic()
            for _ in range(300):
                file.write(b"x" * 4096)
                file.flush()
                os.fdatasync(file.fileno())
            row("the disk: 4 KiB appended with fdatasync", f"{300 / (time.monotonic() - start):.0f} a second")

        row("memory of the author's peer after all that", f"{first.memory_kib() / 1024:.1f} MiB")
        author.socket.close()
        first.stop()
        second.stop()

        times = []
        for _ in range(10):
            peer = Peer(base + "/a")
            times.append(peer.start_seconds * 1000)
            last = peer.memory_kib()
            peer.stop()
        row("start to ready, existing data directory, 10 runs", f"median {statistics.median(times):.0f} ms, worst {max(times):.0f} ms")
        idle = Peer(base + "/idle")
        time.sleep(5)
        before = idle.cpu_seconds()
        time.sleep(5)
        row("an idle peer", f"{idle.memory_kib() / 1024:.1f} MiB, {(idle.cpu_seconds() - before) / 5 * 100:.2f} % of a core")
        idle.stop()


if __name__ == "__main__":
    main()
