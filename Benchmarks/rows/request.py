"""Commands and replies: the cost of a line in and a line out."""
from harness.report import Column

COLUMNS = [
    Column("cpu_us", "server CPU, µs a request"),
    Column("kernel_percent", "of it the kernel's, %"),
    Column("requests_per_s", "requests a second"),
    Column("reply_p50_us", "p50, µs"),
    Column("reply_p99_us", "p99, µs"),
    Column("server_cores", "server cores"),
]

# What is said first, and what answers it.
GREETINGS = {"irc": ["-A", "NICK l%d\r\nUSER l%d 0 * :bench", "-B", " 376 "], "ngircd": ["-A", "NICK l%d\r\nUSER l%d 0 * :bench", "-B", " :End of MOTD"]}


def run(bench):
    bench.report.section("Request and reply: `PING x`", "Each connection has as many requests on their way as the depth says.")
    inspircd, ngircd, redis = bench.server("inspircd"), bench.server("ngircd"), bench.server("redis-server")
    targets = {
        "singerd": (bench.peer("peer"), "PING x", GREETINGS["irc"]),
        "InspIRCd": (inspircd, "PING x", GREETINGS["irc"]),
        "ngIRCd": (ngircd, "PING x", GREETINGS["irc"]),
        "Redis": (redis, "PING", []),
        "bare epoll": (bench.bare("pong"), "PING x", []),
    }
    for depth, connections in bench.full([(32, 5), (32, 50), (32, 500), (1, 50)], [(4, 2)]):
        requests = bench.full({1: 40_000, 32: 300_000}, {4: 500})[depth]

        def measure(server, command, greeting):
            return lambda: bench.tools.run(
                "linebench", "-p", server.port, "-c", connections, "-d", depth, "-n", requests, "-t", 2, "-x", command, "-M", "PONG",
                "-S", server.pid, *greeting)

        cases = {name: measure(*target) if target[0] else target[0].reason for name, target in targets.items()}
        bench.report.table(
            f"**depth {depth}, {connections} connections**, {requests:,} requests, or what fits in 2 s", bench.interleave(cases), COLUMNS,
            against="singerd", size=f"{connections} connections" if depth == 32 else None)
    bench.report.growth()
