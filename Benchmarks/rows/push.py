"""From the author's session at one peer to the followers' sessions at others: how long one post takes on its own."""
import os
import sys

from harness.report import Column
from harness.rounds import load
from harness.servers import HERE

COLUMNS = [
    Column("message_cpu_us", "CPU of all, µs a post"),
    Column("ack_p50_us", "OK, p50, ms", 1e-3),
    Column("push_p50_us", "from OK to a follower, p50, ms", 1e-3),
    Column("push_p99_us", "p99, ms", 1e-3),
    Column("first_p50_us", "POST to the first follower, p50, ms", 1e-3),
    Column("last_p50_us", "to the last, p50, ms", 1e-3),
]
# Posts a second, by followers: so few that each is on its way alone.
RATES = {1: 20, 2: 20, 10: 10, 50: 4}


def run(bench):
    bench.report.section(
        "Push between peers",
        "Posts of 100 bytes, a few a second, so that each is on its way alone. From `OK` at the author's peer to the line at a follower's is what "
        "the network adds to the author's commit. Redis has one server, and keeps nothing. The first Singer's design: a process for each "
        "follower, a connection for each post and follower, a commit at the receiver before the post counts.")
    author, redis = bench.peer("author"), bench.server("redis-server")
    author.register(["author"])

    def paced(protocol, servers, receivers, prefix, pids):
        return lambda: bench.tools.run(
            "fanload", "-P", protocol, "-a", servers[0].port, "-p", ",".join(str(server.port) for server in servers[1:]), "-n", receivers,
            "-k", posts(bench, receivers), "-r", RATES[receivers], "-W", 3, "-C", 16, "-u", "-N", prefix, "-S", ",".join(str(pid) for pid in pids))

    def table(caption, receivers, followers_peers, prefix, others):
        servers = [author, *followers_peers]
        cases = {"singerd": paced("plain", servers, receivers, prefix, [peer.pid for peer in servers]), **others}
        bench.report.table(
            f"**{caption}**, {posts(bench, receivers)} posts, {RATES[receivers]} a second", bench.interleave(cases, 2 if receivers > 10 else 3), COLUMNS,
            against="singerd", size=counted(receivers))

    sizes = bench.full([1, 10, 50], [1, 2])
    together = bench.peer("together", [author.dht])
    together.register([f"t{number}" for number in range(sizes[-1])], following=["author"])
    for receivers in sizes:
        table(
            f"two peers, {counted(receivers)} at the second", receivers, [together], "t",
            {"Redis pub/sub": paced("redis", [redis, redis], receivers, "t", [redis.pid]) if redis else redis.reason})
    bench.report.growth()
    together.stop()

    peers = []
    for receivers in sizes:
        for number in range(len(peers), receivers):
            peers.append(bench.peer(f"apart{number}", [author.dht]))
            peers[-1].register([f"a{number}"], following=["author"])
        table(f"{counted(receivers)}, each at a peer of its own", receivers, peers, "a", {"the first Singer's design": first_design(bench, receivers)})
    bench.report.growth()


def posts(bench, receivers):
    """Two seconds' worth, or what says something about the middle one."""
    return bench.full(max(16, 2 * RATES[receivers]), 5)


def first_design(bench, followers):
    directory = os.path.join(bench.scratch, "first")
    os.makedirs(directory, exist_ok=True)
    return lambda: load([sys.executable, os.path.join(HERE, "first_design.py"), directory, followers, posts(bench, followers), RATES[followers]])


def counted(count):
    return f"{count} follower{'s' if count > 1 else ''}"
