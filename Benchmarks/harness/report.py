"""Markdown, to the terminal as it comes and to a file."""
import os
import statistics


class Column:
    """A field of the samples, and how it is shown."""

    def __init__(self, field, title, scale=1.0):
        self.field, self.title, self.scale = field, title, scale


def number(value):
    """Three digits that count."""
    if abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:.1f}" if abs(value) >= 10 else f"{value:.2f}"


def spread(values):
    """The median, and the least and the most."""
    if not values:
        return "–"
    median = number(statistics.median(values))
    return f"{median} ({number(min(values))}–{number(max(values))})" if len(values) > 1 else median


class Report:
    def __init__(self, path):
        os.makedirs(os.path.dirname(path) or ".", exist_ok=True)
        self._file = open(path, "w")

    def write(self, text=""):
        print(text, flush=True)
        self._file.write(text + "\n")
        self._file.flush()

    def section(self, title, text):
        self.write(f"\n## {title}\n\n{text}")

    def table(self, caption, results, columns, against=None):
        """A row a case.

        against: the case whose first column the others are divided by.
        """
        self.write(f"\n{caption}\n")
        titles = [column.title for column in columns]
        base = results.median(against, columns[0].field) if against else None
        if base:
            titles.insert(1, f"against {against}")
        self.write("| | " + " | ".join(titles) + " |")
        self.write("|---" + "|---:" * len(titles) + "|")
        for case in list(results.samples) + [case for case in results.failures if case not in results.samples] + list(results.missing):
            cells = [spread([value * column.scale for value in results.values(case, column.field)]) for column in columns]
            if base:
                own = results.median(case, columns[0].field)
                cells.insert(1, f"× {number(own / base)}" if own is not None else "–")
            note = ""
            if case in results.missing:
                note = f" ({results.missing[case]})"
            elif case in results.failures:
                note = f" ({len(results.failures[case])} runs were not whole: {results.failures[case][0]})"
            self.write(f"| {case}{note} | " + " | ".join(cells) + " |")
        if results.strangers:
            rounds = max((len(samples) for samples in results.samples.values()), default=0)
            self.write(
                f"\nMedian (least–most) of {rounds} {'round' if rounds == 1 else 'rounds'}. Meanwhile other processes used "
                f"{statistics.median(results.strangers):.2f} cores (at most {max(results.strangers):.2f}).")

    def close(self):
        self._file.close()
