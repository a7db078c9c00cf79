"""What being there costs: connections that say nothing, a peer that nobody talks to, and starting."""
import resource
import time

from harness import processes, servers
from harness.report import Column

CONNECTIONS = [
    Column("resident_b", "memory a connection, KiB", 1 / 1024),
    Column("idle_cpu_ms", "server CPU while idle, ms a second"),
    Column("join_cpu_us", "server CPU, µs to connect"),
    Column("joined_per_s", "connected a second"),
]
ALONE = [
    Column("cpu_percent", "CPU, % of a core"),
    Column("resident_kb", "memory, MiB", 1 / 1024),
    Column("start_ms", "start to ready, ms"),
]


def run(bench):
    bench.report.section(
        "Idle",
        "Connections that were registered as IRC guests, or, for `nc`, only made. Each server is started anew for each run, so that memory is that of "
        "these connections.")

    def connections(start, protocol, count, joining):
        def measure():
            server = start()
            try:
                return bench.tools.run(
                    "fanload", "-i", "-h", 1, "-P", protocol, "-p", server.port, "-n", count - 1, "-C", joining, "-S", server.pid)
            finally:
                server.stop()
        return measure

    for count in bench.full([1_000, 10_000], [20]):
        if resource.getrlimit(resource.RLIMIT_NOFILE)[0] < count + 1_000:
            bench.report.write(f"\n{count:,} connections need `ulimit -n {count + 1_000}`.")
            continue
        cases = {
            "singerd, IRC": connections(lambda: bench.peer("peer"), "irc", count, 256),
            "singerd, nc": connections(lambda: bench.peer("peer"), "raw", count, 256),
        }
        for name in ("InspIRCd", "ngIRCd"):
            program = name.lower()
            cases[name] = servers.MISSING
            if servers.find(program):
                cases[name] = connections(lambda program=program: bench.server(program), "irc", count, servers.JOINING[program])
        bench.report.table(f"**{count:,} connections**", bench.interleave(cases, 2), CONNECTIONS, size=f"{count:,} connections")

    bench.report.growth()

    def alone(start):
        def measure():
            began = time.monotonic()
            server = start()
            ready = time.monotonic() - began
            try:
                # What a start has to do goes on for a while.
                time.sleep(bench.full(1.5, 0.5))
                cpu, seconds = processes.cpu_seconds(server.process), bench.full(1.5, 0.5)
                time.sleep(seconds)
                return {
                    "cpu_percent": (processes.cpu_seconds(server.process) - cpu) / seconds * 100,
                    "resident_kb": processes.memory_kib(server.process), "start_ms": ready * 1e3,
                }
            finally:
                server.stop()
        return measure

    fresh = iter(range(1_000_000))
    bench.peer("old").stop()
    cases = {
        "singerd, new data directory": alone(lambda: bench.peer(f"new{next(fresh)}")),
        "singerd, one that was there": alone(lambda: bench.peer("old")),
    }
    for name, program in [("InspIRCd", "inspircd"), ("ngIRCd", "ngircd"), ("Redis", "redis-server"), ("Mosquitto", "mosquitto")]:
        cases[name] = alone(lambda program=program: bench.server(program)) if servers.find(program) else servers.MISSING
    bench.report.table("**alone**", bench.interleave(cases, 2), ALONE)
