#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Draws the plots of docs/performance.md from the latest runs in perf/history.ndjson, as SVG.

    wire.svg        replies a second over the wire, of each system
    hit.svg         processor cycles of a hit, by how many names are known
    selection.svg   what clients wait while nameservers die and come back, of each system
    turns.svg       how long the workers' turns took in the soak

A plot whose benchmark has no run in the history is left out, and said so.
"""

import math
import statistics
import sys
from html import escape

import history

DIRECTORY = history.ROOT / "docs/performance"
WIDTH = 760
LABEL_WIDTH = 190
RIGHT = 90
ROW = 22
TOP = 44
NAMES = {
    "quince": "Quince",
    "5tswap": "5tswap (reflects only)",
    "quince_xdp": "Quince, net_af_xdp",
    "5tswap_xdp": "5tswap, net_af_xdp",
    "unbound": "Unbound",
    "kresd": "Knot Resolver",
    "pdns": "PowerDNS Recursor",
    "bind": "BIND",
}
RESOLVERS = ("quince", "unbound", "kresd", "pdns", "bind")
OURS = "#b0413e"
OTHERS = "#5b7f95"
FAINT = "#a9bcc8"


class Drawing:
    """Rows below each other, each with a label at the left and marks along one axis."""

    def __init__(self, title, low, high, logarithmic=False):
        self.low = math.log10(low) if logarithmic else low
        self.high = math.log10(high) if logarithmic else high
        self.logarithmic = logarithmic
        self.title = title
        self.parts = []
        self.y = TOP

    def x(self, value):
        scaled = math.log10(max(value, 10**self.low)) if self.logarithmic else value
        share = (scaled - self.low) / (self.high - self.low)
        return LABEL_WIDTH + share * (WIDTH - LABEL_WIDTH - RIGHT)

    def text(self, x, y, text, anchor="start", weight="normal"):
        self.parts.append(
            f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" font-weight="{weight}">'
            f"{escape(text)}</text>"
        )

    def heading(self, text):
        self.y += ROW / 2
        self.text(8, self.y + 14, text, weight="bold")
        self.y += ROW

    def bar(self, label, value, shown, color, height=14):
        self.text(LABEL_WIDTH - 8, self.y + 12, label, "end")
        begin = LABEL_WIDTH
        self.parts.append(
            f'<rect x="{begin}" y="{self.y + 1:.1f}" width="{max(1, self.x(value) - begin):.1f}" '
            f'height="{height}" fill="{color}"/>'
        )
        self.text(self.x(value) + 6, self.y + 12, shown)
        self.y += ROW

    def span(self, label, low, high, shown, color):
        """A line from one value, which gets a dot, to another."""
        middle = self.y + 8
        self.text(LABEL_WIDTH - 8, self.y + 12, label, "end")
        self.parts.append(
            f'<line x1="{self.x(low):.1f}" y1="{middle:.1f}" x2="{self.x(high):.1f}" '
            f'y2="{middle:.1f}" stroke="{color}" stroke-width="3"/>'
            f'<circle cx="{self.x(low):.1f}" cy="{middle:.1f}" r="5" fill="{color}"/>'
        )
        self.text(self.x(high) + 8, self.y + 12, shown)
        self.y += ROW

    def axis(self, values, unit):
        """Lines at some values from top to bottom, named below."""
        lines = []
        for value in values:
            x = self.x(value)
            lines.append(
                f'<line x1="{x:.1f}" y1="{TOP - 6}" x2="{x:.1f}" y2="{self.y + 4:.1f}" '
                'stroke="#d8d8d8"/>'
            )
            self.text(x, self.y + 18, f"{value:g}", "middle")
        self.text(WIDTH - RIGHT + 24, self.y + 18, unit)
        self.parts = lines + self.parts
        self.y += ROW + 8

    def write(self, name):
        DIRECTORY.mkdir(exist_ok=True)
        content = "\n".join(self.parts)
        (DIRECTORY / name).write_text(
            f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{self.y:.0f}" '
            'font-family="sans-serif" font-size="13">\n'
            '<rect width="100%" height="100%" fill="white"/>\n'
            f'<text x="8" y="22" font-size="15" font-weight="bold">{escape(self.title)}</text>\n'
            f"{content}\n</svg>\n"
        )


def color_of(system):
    return OURS if system.startswith("quince") else OTHERS


def latest(benchmark, figure):
    """The figures (name -> value) of the latest run that has this one; None if there is none."""
    for run in reversed(history.runs(benchmark)):
        if figure in run["figures"]:
            return {name: value for name, (value, _) in run["figures"].items()}
    return None


def recent(benchmark, figure):
    """The median of a figure in the last three runs that have it; None if there is none."""
    values = [r["figures"][figure][0] for r in history.runs(benchmark) if figure in r["figures"]]
    return statistics.median(values[-3:]) if values else None


def draw_wire():
    figures = latest("wire", "wire.unbound_qps")
    if figures is None:
        return False
    rows = []
    for system in NAMES:
        for suffix in ("qps", "pps"):
            if f"wire.{system}_{suffix}" in figures:
                rows.append((system, figures[f"wire.{system}_{suffix}"]))
    top = max(value for _, value in rows)
    drawing = Drawing("Replies a second over a veth, one thread each (kxdpgun)", 0, top / 1000)
    for system, value in sorted(rows, key=lambda row: -row[1]):
        color = FAINT if system.startswith("5tswap") else color_of(system)
        drawing.bar(NAMES[system], value / 1000, f"{value / 1000:.0f}", color)
    drawing.axis(range(0, int(top / 1000) + 1, 100), "thousand")
    drawing.write("wire.svg")
    return True


def draw_hit():
    prefix = "hit.cycles_per_query."
    figures = latest("in-process", f"{prefix}hot1k")
    if figures is None:
        return False
    rows = {k.removeprefix(prefix): v for k, v in figures.items() if k.startswith(prefix)}
    rows = {k: v for k, v in rows.items() if not k.endswith(".median")}
    drawing = Drawing("Processor cycles of one hit, in the worker", 0, max(rows.values()))
    for name, value in rows.items():
        drawing.bar(name, value, f"{value:.0f}", OURS)
    drawing.axis(range(0, int(max(rows.values())) + 1, 100), "cycles")
    drawing.write("hit.svg")
    return True


def draw_selection():
    phases = {
        "up": "all four authorities up",
        "died": "the fastest just died, first 2 s",
        "dead": "the next 10 s",
        "back": "10 to 40 s after its return",
        "lossy": "the fastest loses 20 % of its packets",
    }
    drawing = Drawing("What a client waits: half of all at the dot, 99 % at the end", 5, 3000, True)
    for phase, title in phases.items():
        drawing.heading(title)
        for system in RESOLVERS:
            p50, p99 = (recent("selection", f"selection.{system}.{phase}.{p}") for p in ("p50", "p99"))
            if p50 is None:
                return False
            shown = f"{p50:.0f} / {p99:.0f}"
            drawing.span(NAMES[system], p50, p99, shown, color_of(system))
    drawing.axis([5, 10, 25, 70, 180, 500, 1500], "ms")
    drawing.write("selection.svg")
    return True


def draw_turns():
    prefix = "soak.turn_"
    figures = latest("soak", f"{prefix}0us")
    if figures is None:
        return False
    rows = [(k.removeprefix(prefix), v) for k, v in figures.items() if k.startswith(prefix)]
    last = max(i for i, (_, value) in enumerate(rows) if value > 0)
    top = max(value for _, value in rows)
    drawing = Drawing("Turns of both workers by their length, in the soak", 0.5, top, True)
    for name, value in rows[: last + 2]:
        drawing.bar(f"from {name.removesuffix('us')} µs", value, f"{value:.0f}", OURS)
    drawing.axis([10**i for i in range(0, int(math.log10(top)) + 1, 2)], "turns")
    drawing.write("turns.svg")
    return True


def main():
    plots = {"wire": draw_wire, "in-process": draw_hit, "selection": draw_selection, "soak": draw_turns}
    for benchmark, draw in plots.items():
        if not draw():
            print(f"plot: the history has no run of {benchmark}", file=sys.stderr)


if __name__ == "__main__":
    main()
