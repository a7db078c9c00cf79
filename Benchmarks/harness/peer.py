"""A singerd of ours, and a plain session with it."""
import os
import re
import socket
import subprocess
import time

from . import processes

PASSPHRASE = "correct-horse"


class Peer:
    """A peer with a data directory of its own, on free ports, in a network that nobody else is in."""

    def __init__(self, program, directory, bootstrap=(), listen=0):
        """listen: the port for other peers and the DHT; 0 for any that is free."""
        self.directory = directory
        path = directory + ".bootstrap"
        with open(path, "w") as file:
            file.writelines(f"127.0.0.1:{port}\n" for port in bootstrap)
        start = time.monotonic()
        # Deriving keys from passphrases is slow on purpose, and none of what is measured.
        environment = {**os.environ, "SINGER_SCRYPT_WORK_LOG2": "10"}
        with open(directory + ".log", "ab") as log:
            self.process = processes.start(
                [program, "--data-dir", directory, "--gateway", "127.0.0.1:0", "--listen", f"127.0.0.1:{listen}", "--no-discovery",
                 "--network", f"bench-{os.getpid()}", "--bootstrap", path], stdout=subprocess.PIPE, stderr=log, text=True, env=environment)
        line = self.process.stdout.readline()
        self.start_seconds = time.monotonic() - start
        match = re.match(r"singerd ready gateway=\S+:(\d+) peer=\S+ dht=(\d+)", line)
        assert match, f"singerd did not start: see {directory}.log"
        self.port, self.dht = int(match[1]), int(match[2])

    @property
    def pid(self):
        return self.process.pid

    def stop(self):
        # Stopped or killed before.
        if self.process.returncode is not None:
            return
        status = processes.stop(self.process, 60)
        assert status == 0, f"singerd ended with {status}: see {self.directory}.log"

    def kill(self):
        """As a machine that loses its power does."""
        processes.kill(self.process)

    def memory_kib(self):
        return processes.memory_kib(self.process)

    def cpu_seconds(self):
        return processes.cpu_seconds(self.process)

    def status(self, session, field):
        """A count of STATUS."""
        return next((int(row.split()[1]) for row in session.rows("STATUS") if row.split()[0] == field), 0)

    def wait(self, field, is_wanted, seconds=60):
        """Until a count of STATUS is as wanted; when that was."""
        session, deadline = Session(self), time.monotonic() + seconds
        while not is_wanted(count := self.status(session, field)):
            assert time.monotonic() < deadline, f"{field} stayed at {count}"
            time.sleep(0.002)
        session.close()
        return time.monotonic()

    def login(self, name):
        session = Session(self)
        session.ask(f"LOGIN {name} {PASSPHRASE}")
        return session

    def register(self, names, following=()):
        """Makes accounts that follow others, sixteen at a time."""
        sessions = [Session(self) for _ in range(min(16, len(names)))]
        shares = [names[number::len(sessions)] for number in range(len(sessions))]
        for session, share in zip(sessions, shares):
            lines = [f"REGISTER {name} {PASSPHRASE}\n" + "".join(f"FOLLOW {other}\n" for other in following) + "LOGOUT\n" for name in share]
            session.socket.sendall("".join(lines).encode())
        for session, share in zip(sessions, shares):
            for _ in range(len(share) * (2 + len(following))):
                session.expect_ok()
            session.close()


class Session:
    """Plain text. Pushes are skipped where a reply is waited for."""

    def __init__(self, peer):
        self.socket = socket.create_connection(("127.0.0.1", peer.port))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.socket.settimeout(60)
        self.file = self.socket.makefile("rb")

    def close(self):
        self.file.close()
        self.socket.close()

    def send(self, line):
        self.socket.sendall(line.encode() + b"\n")

    def expect_ok(self):
        while True:
            line = self.file.readline().decode()
            assert line and not line.startswith("ERR"), line or "the peer closed the session"
            if line.startswith("OK"):
                return line.rstrip()

    def ask(self, line):
        self.send(line)
        return self.expect_ok()

    def rows(self, line):
        """The rows of a reply."""
        self.send(line)
        rows = []
        while not (row := self.file.readline().decode()).startswith(("OK", "ERR")):
            assert row, "the peer closed the session"
            if row.startswith("  "):
                rows.append(row.strip())
        assert row.startswith("OK"), f"{line}: {row}"
        return rows

    def wait_for(self, text):
        """The next line that contains a text."""
        while text not in (line := self.file.readline().decode()):
            assert line, "the peer closed the session"
        return line
