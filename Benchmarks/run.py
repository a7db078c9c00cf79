#!/usr/bin/env python3
"""Runs benchmarks of a built singerd beside other servers, and writes their results as Markdown. See README.md."""
import argparse
import os
import resource
import signal
import sys
import time

import rows
from harness import machine
from harness.bench import Bench, Tools
from harness.report import Report

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))


def parse():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help="which benchmarks: " + " ".join(rows.ALL))
    parser.add_argument("--rounds", type=int, default=5, help="how often each case is measured (default: 5)")
    parser.add_argument("--quick", action="store_true", help="tiny sizes, one round: shows that the benchmarks work, and measures nothing")
    parser.add_argument("--singerd", default=ROOT + "/.build/release/singerd")
    parser.add_argument("--singer", default=ROOT + "/.build/release/singer")
    parser.add_argument("--tools", default=ROOT + "/.build/bench", help="where the load generators are")
    parser.add_argument("--scratch", default=ROOT + "/.build", help="where data directories are made: their disk is measured")
    parser.add_argument("--output", default=ROOT + "/.build/bench.md")
    options = parser.parse_args()
    unknown = [name for name in options.names if name not in rows.ALL]
    if unknown:
        parser.error(f"no benchmark {' '.join(unknown)}; there are {' '.join(rows.ALL)}")
    for name in ("singerd", "singer", "tools", "scratch"):
        setattr(options, name, os.path.abspath(getattr(options, name)))
    return options


def main():
    options = parse()
    # Whatever ends it, what was started is ended too.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    # Thousands of connections; programs that are started inherit it.
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    report = Report(options.output)
    bench = Bench(
        options.singerd, options.singer, Tools(options.tools), options.scratch, report, 1 if options.quick else options.rounds, options.quick)
    try:
        report.write(f"Version {machine.commit(ROOT)}, {time.strftime('%Y-%m-%d %H:%M UTC', time.gmtime())}.\n")
        for fact in machine.facts(bench.tools, bench.scratch):
            report.write(f"- {fact}")
        for name, module in rows.ALL.items():
            if options.names and name not in options.names:
                continue
            start = time.monotonic()
            module.run(bench)
            bench.clean()
            print(f"  {name}: {time.monotonic() - start:.0f} s", file=sys.stderr)
    finally:
        bench.close()
        report.close()


main()
