"""Medians with what was least and most, as a table and as JSON."""

import json
import statistics

# What is above a column, the figure in it, and its form.
HEADINGS = [
    ("events/s", "events_per_second", "{:,.0f}"),
    ("seconds", "seconds", "{:.2f}"),
    ("client CPU s/1M", "client_cpu_per_million", "{:.2f}"),
    ("walsender CPU s/1M", "walsender_cpu_per_million", "{:.2f}"),
    ("peak RSS MB", "peak_rss_mb", "{:.1f}"),
]


def spread(values, form):
    """The median, and the range when there is one; a dash without values."""
    values = [value for value in values if value is not None]
    if not values:
        return "–"
    text = form.format(statistics.median(values))
    if len(values) > 1:
        text += f" ({form.format(min(values))}–{form.format(max(values))})"
    return text


def ratios(rounds, name, to):
    """A peer's rate as a part of another's in the same round."""
    return [figures[name]["events_per_second"] / figures[to]["events_per_second"]
            for figures in rounds if name in figures and to in figures]


def table(headings, rows):
    """Columns as wide as they need to be; the first to the left, the others to the right."""
    lines = [headings, *rows]
    widths = [max(len(line[column]) for line in lines) for column in range(len(headings))]
    return "\n".join("  " + "  ".join(
        [line[0].ljust(widths[0])] + [cell.rjust(width) for cell, width in zip(line[1:], widths[1:], strict=True)]).rstrip()
        for line in lines)


def peers(rounds, headings=HEADINGS, compare=()):
    """A table of who did how, from the figures of each round by the peer's name, with rates beside some peers'."""
    names = list(dict.fromkeys(name for figures in rounds for name in figures))
    compare = [name for name in compare if name in names]
    rows = []
    for name in names:
        own = [figures[name] for figures in rounds if name in figures]
        row = [name] + [spread([figures[key] for figures in own], form) for _, key, form in headings]
        rows.append(row + [spread(ratios(rounds, name, to), "{:.2f}") for to in compare])
    return table(["", *(heading for heading, _, _ in headings), *(f"× {name}" for name in compare)], rows)


def summary(rounds):
    """The same for programs: by peer and figure, the median, the least and the most."""
    found = {}
    for figures in rounds:
        for name, values in figures.items():
            for key, value in values.items():
                found.setdefault(name, {}).setdefault(key, []).append(value)
    return {name: {key: _three(values) for key, values in keys.items()} for name, keys in found.items()}


def _three(values):
    values = [value for value in values if isinstance(value, (int, float))]
    return {"median": statistics.median(values), "least": min(values), "most": max(values)} if values else None


def write(path, document):
    with open(path, "w", encoding="utf-8") as file:
        json.dump(document, file, indent=2, ensure_ascii=False)
        file.write("\n")
