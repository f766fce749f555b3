"""The curves of the section `scaling` as a picture in SVG."""

from rows import Found

__all__ = ["drawn"]

PANELS = {"batch": "images in a batch", "pixel": "height and width, pixels", "process": "processes"}
WIDTH, HEIGHT, LEFT, BOTTOM, TOP = 260, 190, 45, 45, 15


def drawn(found: dict[str, Found]) -> str:
    """Images a second by batch size, image size and processes, in equal steps from row to row."""
    parts = [panel(found, word, label, WIDTH * index) for index, (word, label) in enumerate(PANELS.items())]
    size = f'width="{WIDTH * len(PANELS)}" height="{HEIGHT}"'
    style = 'font-family="sans-serif" font-size="11" fill="#333333"'
    background = '<rect width="100%" height="100%" fill="white"/>'
    return f'<svg xmlns="http://www.w3.org/2000/svg" {size} {style}>{background}{"".join(parts)}</svg>\n'


def panel(found: dict[str, Found], word: str, label: str, left: float) -> str:
    rates = {
        "".join(filter(str.isdigit, name)): each["batch"] / each["step"]
        for name, each in found.items()
        if word in name and "failed" not in each
    }
    if not rates:
        return ""
    most, floor = max(rates.values()), HEIGHT - BOTTOM
    step = (WIDTH - LEFT - 25) / max(len(rates) - 1, 1)
    places = [
        (left + LEFT + step * index, floor - (floor - TOP) * rate / most) for index, rate in enumerate(rates.values())
    ]
    marks = [f'<circle cx="{x:.0f}" cy="{y:.0f}" r="3" fill="#2b6cb0"/>' for x, y in places]
    marks += [centered(x, floor + 15, name) for (x, _), name in zip(places, rates)]
    marks += [centered(x, y - 6, f"{rate:.1f}") for (x, y), rate in zip(places, rates.values())]
    line = " ".join(f"{x:.0f},{y:.0f}" for x, y in places)
    curve = f'<polyline points="{line}" fill="none" stroke="#2b6cb0" stroke-width="2"/>'
    ends = f'x1="{left + LEFT - 10}" x2="{left + WIDTH - 10}" y1="{floor}" y2="{floor}"'
    title = centered(left + (WIDTH + LEFT - 20) / 2, HEIGHT - 10, label)
    return f'<line {ends} stroke="#999999"/>{curve}{"".join(marks)}{title}'


def centered(x: float, y: float, text: str) -> str:
    return f'<text x="{x:.0f}" y="{y:.0f}" text-anchor="middle">{text}</text>'
