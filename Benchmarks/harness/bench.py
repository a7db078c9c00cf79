"""What a benchmark is given: programs, how much to do, and where to write."""
import os
import shutil
import tempfile

from . import servers
from .peer import Peer
from .rounds import interleave, load


class Tools:
    """The load generators."""

    def __init__(self, folder):
        self.folder = folder

    def path(self, name):
        return os.path.join(self.folder, name)

    def run(self, name, *arguments):
        return load([self.path(name), *arguments])


class Bench:
    def __init__(self, singerd, singer, tools, scratch, report, rounds, is_quick):
        self.singerd, self.singer, self.tools, self.report, self.rounds, self.is_quick = singerd, singer, tools, report, rounds, is_quick
        self.scratch = tempfile.mkdtemp(prefix="singer-bench-", dir=scratch)
        self._started, self._ports = [], {}

    def full(self, value, quick):
        """How much to do: that, or what shows that the benchmark works."""
        return quick if self.is_quick else value

    def peer(self, name, bootstrap=()):
        """A peer of that name: where it was stopped before, it comes back with its data and its port."""
        peer = Peer(self.singerd, os.path.join(self.scratch, name), bootstrap, self._ports.get(name, 0))
        self._ports[name] = peer.dht
        self._started.append(peer)
        return peer

    def server(self, name):
        """A server to compare with; false where it is missing."""
        server = servers.start(name, self.scratch)
        self._started.append(server)
        return server

    def bare(self, mode):
        server = servers.start_bare(self.tools.path("echod"), mode, self.scratch)
        self._started.append(server)
        return server

    def interleave(self, cases, rounds=None):
        return interleave(cases, min(rounds or self.rounds, self.rounds))

    def clean(self):
        """Ends what a benchmark started, and removes what it wrote."""
        for each in reversed(self._started):
            each.stop()
        self._started, self._ports = [], {}
        for name in os.listdir(self.scratch):
            path = os.path.join(self.scratch, name)
            shutil.rmtree(path) if os.path.isdir(path) else os.unlink(path)

    def close(self):
        self.clean()
        os.rmdir(self.scratch)

