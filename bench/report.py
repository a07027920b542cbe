"""Table and plot of the results; no packages needed."""

import math

from rows import LIMITS, ROWS

INFO = {name: (what, bar) for name, _, what, bar, _ in ROWS}


def number(value, unit):
    if value is None:
        return "–"
    if unit == "B":
        return f"{value / 1e6:.1f} MB"
    digits = 0 if value >= 1000 else 1 if value >= 10 else 2
    return f"{value:,.{digits}f} {unit}"


def table(rows):
    lines = ["| row | what | ours | peer | ours / peer | bar |", "|---|---|---|---|---|---|"]
    for row in rows:
        what, bar = INFO[row["name"]]
        ratio = row["ratio"]
        limit = LIMITS.get(row["name"])
        ours = number(row["ours"], row["unit"])
        if limit is not None and row["ours"] > limit:
            ours = f"**{ours}**"
        shown = "–" if ratio is None else f"**{ratio:.2f}**" if bar is not None and ratio > bar else f"{ratio:.2f}"
        wanted = f"≤ {number(limit, row['unit'])}" if limit is not None else "–" if bar is None else f"≤ {bar}"
        lines.append(f"| `{row['name']}` | {what} | {ours} | {number(row['peer'], row['unit'])} | {shown} | {wanted} |")
    return "\n".join(lines)


def plot(rows):
    """Bars of ours / peer on a logarithmic axis; left of the line at 1 is faster or smaller than the peer."""
    rows = [row for row in rows if row["ratio"]]
    left, width, step, top = 190, 560, 22, 40
    low, high = -3.0, 3.0  # powers of two
    height = top + step * len(rows) + 30

    def x(ratio):
        return left + (min(max(math.log2(ratio), low), high) - low) / (high - low) * width

    out = [f'<svg xmlns="http://www.w3.org/2000/svg" width="{left + width + 90}" height="{height}" font-family="sans-serif" font-size="12">',
           '<rect width="100%" height="100%" fill="white"/>',
           f'<text x="{left}" y="18" font-weight="bold">ours / peer (less is better; the mark is the bar to keep)</text>']
    for power in range(int(low), int(high) + 1):
        at = x(2.0**power)
        out.append(f'<line x1="{at:.1f}" y1="{top - 8}" x2="{at:.1f}" y2="{height - 24}" stroke="{"#444" if power == 0 else "#ddd"}"/>')
        out.append(f'<text x="{at:.1f}" y="{height - 8}" text-anchor="middle" fill="#555">{2.0**power:g}</text>')
    for i, row in enumerate(rows):
        y = top + i * step
        _, bar = INFO[row["name"]]
        missed = bar is not None and row["ratio"] > bar
        begin, end = sorted((x(1.0), x(row["ratio"])))
        out.append(f'<text x="{left - 8}" y="{y + 12}" text-anchor="end">{row["name"]}</text>')
        out.append(f'<rect x="{begin:.1f}" y="{y}" width="{max(end - begin, 1):.1f}" height="15" fill="{"#c0392b" if missed else "#2e7d57" if row["ratio"] <= 1 else "#c9a227"}"/>')
        if bar is not None:
            out.append(f'<line x1="{x(bar):.1f}" y1="{y - 2}" x2="{x(bar):.1f}" y2="{y + 17}" stroke="#1a4f8b" stroke-width="2"/>')
        out.append(f'<text x="{left + width + 8}" y="{y + 12}">{row["ratio"]:.2f}</text>')
    return "\n".join([*out, "</svg>", ""])


def publish(path, rows, settings):
    """Puts the table and what it was measured with between the markers of the document, and the plot beside it."""
    begin, end = "<!-- measured -->", "<!-- /measured -->"
    with open(path, encoding="utf-8") as file:
        text = file.read()
    before, rest = text.split(begin)
    after = rest.split(end)[1]
    shown = ", ".join(f"{key} {value}" for key, value in settings.items())
    with open(path, "w", encoding="utf-8") as file:
        file.write(f"{before}{begin}\n{shown}\n\n{table(rows)}\n{end}{after}")
    with open(path.rsplit(".", 1)[0] + ".svg", "w", encoding="utf-8") as file:
        file.write(plot(rows))
