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
        self._sizes = []

    def write(self, text=""):
        print(text, flush=True)
        self._file.write(text + "\n")
        self._file.flush()

    def section(self, title, text):
        self.write(f"\n### {title}\n\n{text}")

    def table(self, caption, results, columns, against=None, size=None):
        """A row a case.

        against: the case whose first column the others are divided by.
        size: what `growth` calls it, where the same is measured at several sizes.
        """
        if size:
            self._sizes.append((size, results, columns[0]))
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

    def growth(self):
        """How the first column of the tables with a size changes from one to the next, case by case."""
        sizes, self._sizes = self._sizes, []
        if len(sizes) < 2:
            return
        self.write(f"\n**Growth**: {sizes[0][2].title}, and how many times that of the size before\n")
        self.write("| | " + " | ".join(size for size, _, _ in sizes) + " |")
        self.write("|---" + "|---:" * len(sizes) + "|")
        for case in dict.fromkeys(case for _, results, _ in sizes for case in results.samples):
            cells, before = [], None
            for _, results, column in sizes:
                value = results.median(case, column.field)
                times = f" (× {number(value / before)})" if value is not None and before else ""
                cells.append("–" if value is None else number(value * column.scale) + times)
                before = value
            self.write(f"| {case} | " + " | ".join(cells) + " |")

    def close(self):
        self._file.close()
