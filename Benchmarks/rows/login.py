"""Who logs in while the author's peer is dead sees what was missed: from a co-follower."""
import time

from harness.peer import PASSPHRASE
from harness.report import Column

COLUMNS = [
    Column("link_p50_ms", "link to all shown, p50, ms"),
    Column("link_p99_ms", "p99, ms"),
    Column("login_p50_ms", "LOGIN to all shown, p50, ms"),
    Column("login_p99_ms", "p99, ms"),
]
MISSED = 10


def percentile(values, share):
    return sorted(values)[min(len(values) - 1, int(len(values) * share))]


def run(bench):
    logins = bench.full(40, 2)
    bench.report.section(
        "Login with a dead author",
        f"Three peers: an author and two followers. One follower's peer is stopped, {MISSED} posts are written, the author's peer is killed (SIGKILL), the "
        f"follower's comes back and its user logs in: until `STATUS` there counts every post. {logins} logins; of the link, the time from the first link to a peer.")
    author = bench.peer("author")
    author.register(["andre"])
    second = bench.peer("second", [author.dht])
    second.register(["tiago"], following=["andre"])
    third = bench.peer("third", [author.dht, second.dht])
    third.register(["diogo"], following=["andre"])
    andre, posts = author.login("andre"), 0
    from_link, from_login = [], []

    def write(count):
        nonlocal posts
        for _ in range(count):
            andre.ask(f"POST {posts}")
            posts += 1

    write(1)
    for peer in (second, third):
        peer.wait("posts", lambda count: count == posts)
    for _ in range(logins):
        third.stop()
        write(MISSED)
        second.wait("posts", lambda count: count == posts)
        author.kill()
        third = bench.peer("third", [second.dht])
        begin = time.monotonic()
        third.login("diogo").close()
        linked = third.wait("links", lambda count: count > 0)
        shown = third.wait("posts", lambda count: count == posts)
        from_link.append((shown - linked) * 1e3)
        from_login.append((shown - begin) * 1e3)
        author = bench.peer("author", [second.dht])
        andre = author.login("andre")

    def result():
        return {
            "link_p50_ms": percentile(from_link, 0.5), "link_p99_ms": percentile(from_link, 0.99),
            "login_p50_ms": percentile(from_login, 0.5), "login_p99_ms": percentile(from_login, 0.99),
        }

    bench.report.table(f"**{MISSED} posts missed**", bench.interleave({"singerd": result}, 1), COLUMNS)
