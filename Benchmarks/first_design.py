#!/usr/bin/env python3
"""The post path of the first Singer, to compare with: asyncio, a new connection for each post and follower, JSON, and SQLite with its
default journal, committed at the receiver before the post counts as there. Each follower is a process of its own.

    first_design.py DIRECTORY FOLLOWERS POSTS RATE

Posts leave at that rate, each to all followers at once. Prints one line of JSON.
"""
import asyncio
import json
import os
import resource
import sqlite3
import sys
import time

directory = sys.argv[1]


def database(name):
    connection = sqlite3.connect(os.path.join(directory, name))
    connection.execute("CREATE TABLE IF NOT EXISTS post (id INTEGER, author TEXT, time REAL, text TEXT, PRIMARY KEY (author, id))")
    connection.execute("DELETE FROM post")
    connection.commit()
    return connection


def keep(connection, post):
    connection.execute("INSERT INTO post VALUES (?, ?, ?, ?)", (post["id"], post["author"], post["time"], post["text"]))
    connection.commit()


def cpu_seconds():
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


async def follower(number):
    connection = database(f"follower{number}.db")
    arrivals = []

    async def serve(reader, writer):
        message = json.loads(await reader.read())
        if message["type"] == "post":
            keep(connection, message)
            arrivals.append((message["id"], time.monotonic_ns()))
        else:
            writer.write(json.dumps({"arrivals": arrivals, "cpu": cpu_seconds()}).encode())
            await writer.drain()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0, backlog=200)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


async def send(port, message):
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(json.dumps(message).encode())
    writer.write_eof()
    reply = await reader.read()
    writer.close()
    return json.loads(reply) if reply else None


async def author(followers, posts, rate):
    processes = [
        await asyncio.create_subprocess_exec(sys.executable, __file__, directory, "follower", str(number), stdout=asyncio.subprocess.PIPE)
        for number in range(followers)
    ]
    try:
        ports = [int(await process.stdout.readline()) for process in processes]

        async def reports():
            return await asyncio.gather(*(send(port, {"type": "report"}) for port in ports))

        connection = database("author.db")
        cpu = cpu_seconds() + sum(report["cpu"] for report in await reports())
        sent, committed, due = [], [], time.monotonic()
        for number in range(posts):
            await asyncio.sleep(max(0, due - time.monotonic()))
            due += 1 / rate
            post = {"type": "post", "id": number, "author": "andre", "time": time.time(), "text": "x" * 100}
            sent.append(time.monotonic_ns())
            keep(connection, post)
            committed.append(time.monotonic_ns())
            await asyncio.gather(*(send(port, post) for port in ports))
        found = []
        while sum(len(report["arrivals"]) for report in found) < posts * followers:
            found = await reports()
        cpu = cpu_seconds() + sum(report["cpu"] for report in found) - cpu
    finally:
        for process in processes:
            process.kill()
            await process.wait()
    show(sent, committed, [report["arrivals"] for report in found], cpu)


def show(sent, committed, followers, cpu):
    def us(values, quantile):
        values = sorted(values)
        return values[round(quantile * (len(values) - 1))] / 1e3

    of_post = [[] for _ in sent]
    for arrivals in followers:
        for number, at in arrivals:
            of_post[number].append(at)
    push = [at - committed[number] for number, arrivals in enumerate(of_post) for at in arrivals]
    print(json.dumps({
        "message_cpu_us": cpu / len(sent) * 1e6,
        "ack_p50_us": us([there - here for here, there in zip(sent, committed)], 0.5),
        "push_p50_us": us(push, 0.5), "push_p99_us": us(push, 0.99),
        "first_p50_us": us([min(arrivals) - here for here, arrivals in zip(sent, of_post)], 0.5),
        "last_p50_us": us([max(arrivals) - here for here, arrivals in zip(sent, of_post)], 0.5),
    }))


if sys.argv[2] == "follower":
    asyncio.run(follower(int(sys.argv[3])))
else:
    asyncio.run(author(int(sys.argv[2]), int(sys.argv[3]), float(sys.argv[4])))
