"""A chart of latencies as SVG: for each source at each rate a line from the median to the 99th of a hundred."""

import math
import statistics

# They differ in lightness too, and stand out from white and from black.
COLOURS = ["#2f6fb3", "#7fb2e5", "#c4661f", "#3c9a5f"]
LEFT, TOP, WIDTH, HEIGHT, FOOT = 64, 56, 720, 260, 64


def write(path, rounds, rates, names):
    """Medians over the rounds, of figures by name and rate, on a logarithmic scale."""
    found = {(name, rate): [statistics.median(values) for values in zip(*(
        (figures[f"{name}, {rate}/s"]["p50"], figures[f"{name}, {rate}/s"]["p99"])
        for figures in rounds if f"{name}, {rate}/s" in figures), strict=True)] for name in names for rate in rates}
    found = {key: values for key, values in found.items() if values}
    if not found:
        return
    low = math.floor(math.log10(min(min(values) for values in found.values())))
    high = math.ceil(math.log10(max(max(values) for values in found.values())))

    def y(value):
        return TOP + HEIGHT * (1 - (math.log10(value) - low) / max(high - low, 1))

    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {LEFT + WIDTH + 16} {TOP + HEIGHT + FOOT}" '
        'font-family="sans-serif" font-size="13" fill="#777">',
        "<title>Milliseconds from an insertion until its event is out: median to 99th percentile</title>"]
    for step in range(low, high + 1):
        at = y(10 ** step)
        lines.append(f'<path d="M{LEFT} {at:.1f}h{WIDTH}" stroke="#777" stroke-opacity=".35"/>')
        lines.append(f'<text x="{LEFT - 8}" y="{at + 4:.1f}" text-anchor="end">{10 ** step:g} ms</text>')
    group = WIDTH / len(rates)
    for number, rate in enumerate(rates):
        lines.append(f'<text x="{LEFT + group * (number + .5):.0f}" y="{TOP + HEIGHT + 22}" text-anchor="middle">'
                     f"{rate:,} commits/s</text>")
        for place, name in enumerate(names):
            if (name, rate) not in found:
                continue
            p50, p99 = found[name, rate]
            x = LEFT + group * (number + (place + 1) / (len(names) + 1))
            lines.append(f'<path d="M{x:.0f} {y(p50):.1f}V{y(p99):.1f}" stroke="{COLOURS[place]}" stroke-width="4"/>')
            lines.append(f'<circle cx="{x:.0f}" cy="{y(p50):.1f}" r="6" fill="{COLOURS[place]}"/>')
            lines.append(f'<text x="{x:.0f}" y="{y(p99) - 8:.1f}" text-anchor="middle" font-size="11">{p99:.3g}</text>')
            lines.append(f'<text x="{x:.0f}" y="{y(p50) + 19:.1f}" text-anchor="middle" font-size="11">{p50:.3g}</text>')
    x = LEFT
    for place, name in enumerate(names):
        lines.append(f'<circle cx="{x + 6}" cy="20" r="6" fill="{COLOURS[place]}"/><text x="{x + 18}" y="24">{name}</text>')
        x += 40 + 7 * len(name)
    lines.append(f'<text x="{LEFT}" y="{TOP + HEIGHT + 48}" font-size="11">circle: median; end of the line: 99th percentile</text>')
    lines.append("</svg>\n")
    with open(path, "w", encoding="utf-8") as file:
        file.write("\n".join(lines))
