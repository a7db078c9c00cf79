"""What the Python bots of this directory share: the passphrase, and a session in JSON lines. Standard library only."""

import json
import os
import select
import socket
import stat
import sys
import time


def passphrase():
    """From SINGER_PASSPHRASE, or from the file that SINGER_PASSPHRASE_FILE names, which nobody else may read."""
    secret = os.environ.pop("SINGER_PASSPHRASE", "")
    if secret:
        return secret
    path = os.environ.get("SINGER_PASSPHRASE_FILE", "")
    if not path:
        sys.exit("SINGER_PASSPHRASE or SINGER_PASSPHRASE_FILE must be set")
    with open(path, encoding="utf-8") as file:
        # Of the open file: it cannot be exchanged between the question and the reading.
        if stat.S_IMODE(os.fstat(file.fileno()).st_mode) & 0o077:
            sys.exit(f"others can read {path}: chmod 600 it")
        return file.readline().rstrip("\n")


def address():
    return os.environ.get("SINGER_HOST", "127.0.0.1"), int(os.environ.get("SINGER_PORT", "6667"))


class Refused(Exception):
    """The peer said ERR; `code` is stable."""

    def __init__(self, reply):
        super().__init__(f"{reply['error']} {reply['text']}")
        self.code = reply["error"]


class Peer:
    """One session. `ask` gives a reply; what is pushed meanwhile waits for `push`."""

    def __init__(self):
        self.socket = socket.create_connection(address(), timeout=30)
        self.unread = b""
        self.pushes = []
        self.tag = 0
        self.ask("FORMAT json")

    def login(self, name, secret):
        """Logs in; makes the account if there is none."""
        try:
            self.ask(f"LOGIN {name} {secret}")
        except Refused as refused:
            if refused.code != "BAD_LOGIN":
                raise
            self.ask(f"REGISTER {name} {secret}")

    def ask(self, command):
        """The rows of the reply, and its last line. Raises Refused, or ConnectionError when the peer has gone."""
        self.tag += 1
        tag = str(self.tag)
        self.socket.sendall(f"#{tag} {command}\n".encode())
        rows = []
        while True:
            line = self._line()
            if line is None:
                raise ConnectionError("the peer does not answer")
            if "event" in line:
                self.pushes.append(line)
            elif line.get("tag") != tag:
                continue
            elif "row" in line:
                rows.append(line)
            elif "error" in line:
                raise Refused(line)
            else:
                return rows, line

    def posts(self, command):
        return [row["post"] for row in self.ask(command)[0]]

    def push(self, timeout=None):
        """The next push; None when there was none in that many seconds."""
        if self.pushes:
            return self.pushes.pop(0)
        deadline = None if timeout is None else time.monotonic() + timeout
        while True:
            line = self._line(None if deadline is None else max(0, deadline - time.monotonic()))
            if line is None or "event" in line:
                return line

    def _line(self, timeout=60):
        """The next object; None when none came in time."""
        while True:
            end = self.unread.find(b"\n")
            if end >= 0:
                text, self.unread = self.unread[:end], self.unread[end + 1 :]
                # The greeting for people, and the reply to FORMAT as it was before.
                if text.startswith(b"{"):
                    return json.loads(text)
                continue
            if not select.select([self.socket], [], [], timeout)[0]:
                return None
            data = self.socket.recv(65536)
            if not data:
                raise ConnectionError("the peer has gone")
            self.unread += data
