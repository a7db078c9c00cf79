"""The servers that Singer is compared with: found where they are installed or unpacked, each on a free port with a folder of its own."""
import glob
import os
import shutil
import socket
import subprocess
import time

from . import processes

HERE = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
HOME = os.environ.get("SINGER_BENCH_HOME") or os.path.join(os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache"), "singer-perf")

# The arguments of each, by the name of its program; its configuration stands in servers/.
ARGUMENTS = {
    "inspircd": ["--runasroot", "--nofork", "--config", "@RUN@/inspircd.conf"],
    "ngircd": ["-n", "-f", "@RUN@/ngircd.conf"],
    "redis-server": ["@RUN@/redis.conf"],
    "mosquitto": ["-c", "@RUN@/mosquitto.conf"],
}
# How many connections join at a time: ngIRCd has room for few, and InspIRCd takes up those that wait once a second.
JOINING = {"ngircd": 8, "inspircd": 1000}
MISSING = "not installed: make bench-deps"


def find(name):
    """The program, and the folder that its package is unpacked in; `None` where there is none."""
    for prefix in (os.path.join(HOME, "root"), "/"):
        for folder in ("usr/sbin", "usr/bin"):
            path = os.path.join(prefix, folder, name)
            if os.access(path, os.X_OK):
                return path, prefix.rstrip("/")
    path = shutil.which(name)
    return (path, "") if path else None


class Server:
    """A server that was started."""

    def __init__(self, process, port):
        self.process, self.port = process, port

    @property
    def pid(self):
        return self.process.pid

    def stop(self):
        processes.stop(self.process)


class Absent:
    """A server that is not there; false, and with a reason for the table."""

    def __init__(self, reason):
        self.reason = reason

    def __bool__(self):
        return False

    def stop(self):
        pass


def start(name, scratch):
    """Starts an installed server. A missing one is `Absent`, and so is one that does not start."""
    found = find(name)
    if found is None:
        return Absent(MISSING)
    program, prefix = found
    run = os.path.join(scratch, name)
    shutil.rmtree(run, ignore_errors=True)
    os.makedirs(run)
    port = free_port()
    holes = {"@PORT@": str(port), "@RUN@": run, "@PREFIX@": prefix}

    def filled(text):
        for hole, value in holes.items():
            text = text.replace(hole, value)
        return text

    with open(os.path.join(run, "motd.txt"), "w") as file:
        file.write("x\n")
    configuration = name.removesuffix("-server") + ".conf"
    with open(os.path.join(HERE, "servers", configuration)) as template, open(os.path.join(run, configuration), "w") as file:
        file.write(filled(template.read()))
    libraries = glob.glob(f"{prefix}/usr/lib/*-linux-gnu") + glob.glob(f"{prefix}/lib/*-linux-gnu") if prefix else []
    environment = {**os.environ, "LD_LIBRARY_PATH": ":".join(libraries)} if libraries else None
    try:
        return _started([program] + [filled(argument) for argument in ARGUMENTS[name]], port, run, environment)
    except RuntimeError as error:
        return Absent(str(error))


def start_bare(tool, mode, scratch):
    """A server that only moves bytes: the limit of the sockets."""
    port = free_port()
    return _started([tool, str(port), mode], port, scratch, None)


def _started(arguments, port, run, environment):
    with open(os.path.join(run, os.path.basename(arguments[0]) + ".log"), "wb") as log:
        process = processes.start(arguments, stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=run, env=environment)
    deadline = time.monotonic() + 20
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            return Server(process, port)
        except OSError:
            if process.poll() is not None or time.monotonic() > deadline:
                processes.stop(process)
                with open(log.name, errors="replace") as said:
                    raise RuntimeError(f"did not start: {(said.read().strip().splitlines() or ['no word'])[-1][:200]}") from None
            time.sleep(0.02)


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]
