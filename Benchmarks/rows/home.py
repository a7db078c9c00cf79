"""Posts to followers at the author's own peer: numbered, signed, committed, then shown to each in its dialect with id and time."""
from harness.report import Column
from rows.fanout import blast

COLUMNS = [
    Column("cpu_ns", "server CPU, ns a line"),
    Column("kernel_percent", "of it the kernel's, %"),
    Column("message_cpu_us", "server CPU, µs a post"),
    Column("deliveries_per_s", "lines a second"),
    Column("delivery_p50_us", "p50, ms", 1e-3),
    Column("delivery_p99_us", "p99, ms", 1e-3),
    Column("server_cores", "server cores"),
]


def run(bench):
    bench.report.section(
        "Fan-out of posts: `&home` and plain sessions",
        "As above, but each message is a post, on the disk before anybody sees it; each receiver is an account of its own that follows the author. "
        "Redis relays 100 bytes and keeps nothing.")
    sizes = bench.full([10, 100, 1000], [3])
    # A peer for each size, so that nobody follows who is not there.
    redis = bench.server("redis-server")
    for receivers in sizes:
        peer = bench.peer(f"peer{receivers}")
        peer.register(["author"])
        peer.register([f"f{number}" for number in range(receivers)], following=["author"])
        messages = bench.full({10: 20_000, 100: 10_000, 1000: 3_000}, {3: 100})[receivers]
        cases = {
            "singerd, IRC": blast(bench, peer, "home", receivers, messages, 16),
            "singerd, plain": blast(bench, peer, "plain", receivers, messages, 16),
            "Redis pub/sub": blast(bench, redis, "redis", receivers, messages) if redis else redis.reason,
        }
        results = bench.interleave(cases, 3 if receivers > 100 else None)
        bench.report.table(
            f"**{receivers:,} followers**, {messages:,} posts, or what fits in 2 s", results, COLUMNS, against="singerd, IRC",
            size=f"{receivers:,} followers")
        peer.stop()
    bench.report.growth()
