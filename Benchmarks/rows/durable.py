"""Posts: signed, chained and on the disk before OK."""
from harness.peer import PASSPHRASE
from harness.report import Column

COLUMNS = [
    Column("cpu_us", "server CPU, µs a post"),
    Column("kernel_percent", "of it the kernel's, %"),
    Column("requests_per_s", "posts a second"),
    Column("reply_p50_us", "p50, µs"),
    Column("reply_p99_us", "p99, µs"),
]


def run(bench):
    bench.report.section(
        "Durable posts",
        "100 bytes each; a session is an account. `OK` comes after the commit (`synchronous=FULL`). Mosquitto (QoS 1, one subscriber) "
        "acknowledges what it has in memory, and saves now and then. The bare store and the disk do one thing after the other.")
    peer, mosquitto = bench.peer("peer"), bench.server("mosquitto")
    peer.register([f"w{number}" for number in range(bench.full(500, 3))])
    text = "x" * 100

    def posts(sessions, depth, count):
        return lambda: bench.tools.run(
            "linebench", "-p", peer.port, "-c", sessions, "-d", depth, "-n", count, "-t", 2, "-x", f"POST {text}", "-M", "OK posted", "-S", peer.pid,
            "-A", f"LOGIN w%d {PASSPHRASE}", "-B", "OK ")

    def messages(publishers, depth, count):
        if not mosquitto:
            return mosquitto.reason
        return lambda: bench.tools.run("mqttload", "-p", mosquitto.port, "-c", publishers, "-d", depth, "-n", count, "-t", 2, "-S", mosquitto.pid)

    for sessions, depth, count in bench.full(
        [(1, 1, 500), (1, 64, 5_000), (5, 1, 2_000), (50, 1, 5_000), (50, 16, 10_000), (500, 1, 10_000)], [(1, 1, 20), (3, 4, 60)]
    ):
        cases = {
            "singerd": posts(sessions, depth, count),
            "Mosquitto": messages(sessions, depth, count),
            "bare store, a commit each": lambda: bare(bench, min(count, 500), 1),
            "bare store, 64 a commit": lambda: bare(bench, count, 64),
            "disk alone": lambda: disk(bench, min(count, 500)),
            "disk alone, written over": lambda: disk(bench, min(count, 500), "over"),
        }
        caption = f"{sessions} session{'s' if sessions > 1 else ''}, {'one post at a time' if depth == 1 else f'{depth} posts on their way'}"
        bench.report.table(
            f"**{caption}**, {count:,} posts, or what fits in 2 s", bench.interleave(cases, 3 if sessions in (5, 500) else None), COLUMNS, against="singerd",
            size=f"{sessions} sessions" if depth == 1 and sessions > 1 else None)
    bench.report.growth()


def bare(bench, rows, batch):
    sample = bench.tools.run("sqlitebench", bench.scratch, rows, batch)
    return {
        "cpu_us": sample["cpu_us"], "requests_per_s": sample["rows_per_s"], "reply_p50_us": sample["commit_p50_us"], "reply_p99_us": sample["commit_p99_us"],
    }


def disk(bench, commits, *how):
    sample = bench.tools.run("fsyncbench", bench.scratch, commits, *how)
    return {"requests_per_s": sample["commits_per_s"], "reply_p50_us": sample["commit_p50_us"], "reply_p99_us": sample["commit_p99_us"]}
