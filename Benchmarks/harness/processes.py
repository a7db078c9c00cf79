"""Processes of ours: started, looked at, and ended whatever happens."""
import atexit
import os
import subprocess

TICKS = os.sysconf("SC_CLK_TCK")
_running = []


def start(arguments, **options):
    process = subprocess.Popen(arguments, **options)
    _running.append(process)
    return process


def stop(process, seconds=20):
    """Asks it to end; kills it if it does not."""
    if process in _running:
        _running.remove(process)
    if process.poll() is None:
        process.terminate()
        try:
            process.wait(seconds)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
    return process.returncode


def kill(process):
    if process in _running:
        _running.remove(process)
    process.kill()
    process.wait()


@atexit.register
def _stop_all():
    for process in list(_running):
        stop(process, 3)


def memory_kib(process, field="VmRSS"):
    with open(f"/proc/{process.pid}/status") as file:
        for line in file:
            if line.startswith(field + ":"):
                return int(line.split()[1])
    return 0


def cpu_seconds(process):
    """Of all its threads, those that are gone too; to a hundredth of a second."""
    with open(f"/proc/{process.pid}/stat") as file:
        fields = file.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


class Strangers:
    """How many cores processes that are none of ours used while this was entered: noise."""

    def __enter__(self):
        self._busy, self._own, self._time = self._machine(), self._ours(), os.times().elapsed
        return self

    def __exit__(self, *_):
        seconds = max(os.times().elapsed - self._time, 0.01)
        self.cores = max(0.0, (self._machine() - self._busy) - (self._ours() - self._own)) / seconds

    @staticmethod
    def _machine():
        with open("/proc/stat") as file:
            user, nice, system, _, _, irq, softirq, steal = (int(field) for field in file.readline().split()[1:9])
        return (user + nice + system + irq + softirq + steal) / TICKS

    @staticmethod
    def _ours():
        times = os.times()
        own = times.user + times.system + times.children_user + times.children_system
        for process in _running:
            try:
                own += cpu_seconds(process)
            except OSError:
                pass
        return own
