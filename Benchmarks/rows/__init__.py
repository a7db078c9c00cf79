"""The benchmarks, in the order in which they run: a module each, with `run(bench)`."""
from . import client, durable, fanout, home, idle, ingest, login, push, reconnect, request, store

ALL = {module.__name__.rsplit(".", 1)[1]: module for module in (fanout, home, request, durable, ingest, push, login, reconnect, store, idle, client)}
