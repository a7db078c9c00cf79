"""One sender, many receivers of an ordinary channel: what carrying lines costs, without anything being stored."""
from harness import servers
from harness.report import Column

COLUMNS = [
    Column("cpu_ns", "server CPU, ns a line"),
    Column("kernel_percent", "of it the kernel's, %"),
    Column("deliveries_per_s", "lines a second"),
    Column("delivery_p50_us", "p50, ms", 1e-3),
    Column("delivery_p99_us", "p99, ms", 1e-3),
    Column("server_cores", "server cores"),
    Column("resident_kb", "memory, MiB", 1 / 1024),
]


def blast(bench, server, protocol, receivers, messages, joining=64):
    """A window of 96 messages of 100 bytes."""
    return lambda: bench.tools.run(
        "fanload", "-p", server.port, "-P", protocol, "-n", receivers, "-k", messages, "-t", 2, "-W", max(messages // 20, 5), "-w", 96, "-b", 100,
        "-C", joining, "-S", server.pid)


def run(bench):
    bench.report.section(
        "Fan-out: one sender, receivers of a `#channel`",
        "100 bytes a message, at most 96 messages on their way. Latencies are those of a queue that is kept full.")
    targets = {"singerd": (bench.peer("peer"), "irc")}
    for name, program, protocol in [
        ("InspIRCd", "inspircd", "irc"), ("ngIRCd", "ngircd", "irc"), ("Redis pub/sub", "redis-server", "redis")
    ]:
        targets[name] = (bench.server(program), protocol)
    targets["bare epoll"] = (bench.bare("fanout"), "raw")
    for receivers in bench.full([10, 100, 1000], [3]):
        messages = bench.full(3_000_000, 300) // receivers
        cases = {
            name: blast(bench, server, protocol, receivers, messages, servers.JOINING.get(name.lower(), 64)) if server else server.reason
            for name, (server, protocol) in targets.items()
        }
        bench.report.table(
            f"**{receivers:,} receivers**, {messages:,} messages, or what fits in 2 s", bench.interleave(cases), COLUMNS, against="singerd",
            size=f"{receivers:,} receivers")
    bench.report.growth()
