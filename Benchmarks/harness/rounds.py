"""Every case once, then every case again: what disturbs the machine disturbs all of them."""
import json
import statistics
import subprocess
import sys

from .processes import Strangers


class Unsound(Exception):
    """A run that was not whole says nothing."""


def load(arguments, timeout=180):
    """Runs a load generator and gives what it measured."""
    result = subprocess.run([str(argument) for argument in arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=timeout)
    if result.returncode != 0:
        raise Unsound(result.stderr.strip().splitlines()[-1] if result.stderr.strip() else f"status {result.returncode}")
    return json.loads(result.stdout)


class Results:
    """What each case measured in each round, in the order of the cases."""

    def __init__(self):
        self.samples = {}
        self.failures = {}
        self.missing = {}
        self.strangers = []

    def values(self, case, field):
        return [sample[field] for sample in self.samples.get(case, []) if field in sample]

    def median(self, case, field):
        values = self.values(case, field)
        return statistics.median(values) if values else None


def interleave(cases, rounds):
    """Measures cases in turn.

    cases: from the name of each to a function that measures it once, or to a text that says why it cannot be.
    """
    results = Results()
    for number in range(rounds):
        for name, measure in cases.items():
            if isinstance(measure, str):
                results.missing[name] = measure
                continue
            progress(f"  round {number + 1} of {rounds}: {name}")
            with Strangers() as strangers:
                try:
                    results.samples.setdefault(name, []).append(measure())
                except (Unsound, subprocess.TimeoutExpired) as error:
                    results.failures.setdefault(name, []).append(str(error))
                    print(f"  {name}: {error}", file=sys.stderr, flush=True)
            results.strangers.append(strangers.cores)
    progress("")
    return results


def progress(text):
    """What is going on, on a line that the next one takes the place of."""
    if sys.stderr.isatty():
        print(f"\r\033[K{text}", end="", file=sys.stderr, flush=True)
