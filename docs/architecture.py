"""Draw docs/architecture.svg: `python docs/architecture.py`. A test holds its names against the code."""

from dataclasses import dataclass
from html import escape
from pathlib import Path

OUT = Path(__file__).with_suffix(".svg")
WIDTH, HEIGHT = 1328, 772
LEFT, STEP = 24, 148
BOX_W, BOX_H, HALF_H = 126, 78, 56
LANES = {"data": 76, "training": 208, "rollout": 354, "traffic": 500}
INK, GREY, LINE, PAPER = "#1f2937", "#64748b", "#94a3b8", "#ffffff"
DECIDES = ("#fff1e6", "#c2410c")
TOOLS = {
    "DVC": "#7c3aed",
    "Great Expectations": "#b45309",
    "Kubeflow": "#1d4ed8",
    "MLflow": "#0369a1",
    "BentoML": "#be185d",
    "KServe": "#0f766e",
}
REGISTRY = 1084
ALIASES = {"staging": 300, "production": 384}
NOTES = (
    (LEFT + 20 + 3 * STEP, LANES["data"] + 58, "Git holds dvc.lock, a remote of DVC's the rows."),
    (LEFT + 20 + 3 * STEP, LANES["data"] + 76, "A run names its data by a fingerprint, and takes no other."),
    (LEFT + 20, LANES["traffic"] + 48, "Two servers side by side. For a cluster, k8s/"),
    (LEFT + 20, LANES["traffic"] + 64, "holds KServe's InferenceService, which has"),
    (LEFT + 20, LANES["traffic"] + 80, "not been applied to one yet."),
)
ROOMS = (
    "base",
    "trust",
    "records",
    "tasks",
    "models",
    "settings",
    "system",
    "data",
    "version",
    "training",
    "evaluation",
    "webhook",
    "registry",
    "release",
    "serving",
    "rollout",
    "report",
    "stages",
    "storage",
    "starter",
    "update",
    "cli",
)
"""Of slipway, in the order in which they may know each other: each only what stands before it."""


@dataclass(frozen=True)
class Box:
    """A stage, or a part of the traffic, at its place.

    Attributes:
        says: what it does, in three words.
        room: of slipway, where its logic is.
        tool: by which it works, or nothing.
        column: from 0; `row` is 0 for the whole height of the lane, else 1 or 2 of two.
        decides: whether a run may end here.
    """

    stage: str
    says: str
    room: str
    tool: str
    lane: str
    column: int
    row: int = 0
    decides: bool = False

    @property
    def x(self) -> int:
        """Left edge, in pixels."""
        return LEFT + 20 + self.column * STEP

    @property
    def y(self) -> int:
        """Upper edge, in pixels."""
        return LANES[self.lane] + {0: 24, 1: 2, 2: 62}[self.row]

    @property
    def height(self) -> int:
        """In pixels."""
        return HALF_H if self.row else BOX_H


BOXES = (
    Box("ingest", "a source to Parquet", "data", "DVC", "data", 0),
    Box("check", "expectations hold", "data", "Great Expectations", "data", 1, decides=True),
    Box("split", "by time; a holdout", "data", "DVC", "data", 2),
    Box("fetch", "at its fingerprint", "data", "DVC", "training", 0),
    Box("check", "what was fetched", "data", "Great Expectations", "training", 1, decides=True),
    Box("train", "baseline, candidates", "training", "", "training", 2),
    Box("evaluate", "beside the champion", "evaluation", "", "training", 3),
    Box("gate", "better beyond noise?", "evaluation", "", "training", 4, decides=True),
    Box("register", "as staging", "registry", "MLflow", "training", 5, 1),
    Box("refuse", "with the reasons", "registry", "MLflow", "training", 5, 2),
    Box("fetch", "rows for the traffic", "data", "DVC", "rollout", 0),
    Box("package", "a Bento, by digest", "release", "BentoML", "rollout", 1),
    Box("smoke", "contract and latency", "rollout", "", "rollout", 2, decides=True),
    Box("first", "nothing is live", "rollout", "", "rollout", 3, 1),
    Box("shadow", "on the same requests", "rollout", "", "rollout", 3, 2),
    Box("canary", "beside the stable one", "rollout", "", "rollout", 4, 2),
    Box("verdict", "earned by evidence?", "rollout", "", "rollout", 5, 2, decides=True),
    Box("promote", "moves production", "rollout", "MLflow", "rollout", 6, 1),
    Box("abort", "back to stable", "rollout", "MLflow", "rollout", 6, 2),
    Box("assignment", "users, by a hash", "rollout", "", "traffic", 3),
    Box("stable", "in production", "serving", "BentoML", "traffic", 4, 1),
    Box("canary", "on trial", "serving", "BentoML", "traffic", 4, 2),
    Box("observations", "answers, outcomes", "rollout", "", "traffic", 5),
)
TITLES = {
    "data": ("Data of a system", "dvc repro", "DVC"),
    "training": ("Training pipeline", "slipway train", "Kubeflow"),
    "rollout": ("Rollout pipeline", "slipway rollout", "Kubeflow"),
    "traffic": ("Traffic", "this machine", "KServe"),
}


def text(x: float, y: float, words: str, kind: str, **style: str | int) -> str:
    """One line of text; `kind` is its class, by which the test finds names."""
    css = ";".join(f"{name.replace('_', '-')}:{value}" for name, value in style.items())
    more = f' style="{css}"' if css else ""
    return f'<text class="{kind}" x="{x}" y="{y}"{more}>{escape(words)}</text>'


def panel(x: float, y: float, width: float, height: float, fill: str, stroke: str, radius: int = 8) -> str:
    """A rectangle with round corners."""
    return (
        f'<rect x="{x}" y="{y}" width="{width}" height="{height}" rx="{radius}" fill="{fill}" '
        f'stroke="{stroke}"/>'
    )


def drawn(box: Box) -> list[str]:
    """A stage: its name, what it does, the room of its logic and the tool that it works by."""
    fill, edge = DECIDES if box.decides else (PAPER, LINE)
    x, y = box.x + 10, box.y
    kind, high = ("part" if box.lane == "traffic" else "stage"), (-3 if box.row else 0)
    parts = [panel(box.x, y, BOX_W, box.height, fill, edge)]
    parts.append(text(x, y + 20 + high, box.stage, kind))
    parts.append(text(x, y + 38 + 2 * high, box.says, "says"))
    last = y + box.height - 9 - high // 2
    parts.append(text(x, last, f"{box.room}/", "room"))
    if box.tool and box.row:
        right = box.x + BOX_W - 8
        parts.append(text(right, last, box.tool, "tool", fill=TOOLS[box.tool], text_anchor="end"))
    elif box.tool:
        parts.append(text(x, y + 54, box.tool, "tool", fill=TOOLS[box.tool]))
    return parts


def path(*points: tuple[float, float]) -> str:
    """A line with an arrow at its end."""
    way = " ".join(f"{'L' if number else 'M'}{x} {y}" for number, (x, y) in enumerate(points))
    return f'<path d="{way}" fill="none" stroke="{GREY}" stroke-width="1.4" marker-end="url(#to)"/>'


def arrow(one: Box, other: Box) -> str:
    """From the right edge of a box to the left edge of another, with a bend where they are not level."""
    start, end = (one.x + BOX_W, one.y + one.height / 2), (other.x - 2, other.y + other.height / 2)
    middle = start[0] + 8
    return path(start, (middle, start[1]), (middle, end[1]), end)


def flow() -> list[str]:
    """The arrows between stages."""
    of = {(box.lane, box.stage): box for box in BOXES}
    chains = {
        "data": ["ingest check split"],
        "training": ["fetch check train evaluate gate register", "gate refuse"],
        "rollout": ["fetch package smoke first", "smoke shadow canary verdict promote", "verdict abort"],
        "traffic": ["assignment stable observations", "assignment canary observations"],
    }
    split, seen, verdict = of["data", "split"], of["traffic", "observations"], of["rollout", "verdict"]
    below, edge = split.y + split.height + 16, LEFT + 9
    parts = [
        arrow(of[lane, one], of[lane, other])
        for lane, lines in chains.items()
        for line in lines
        for one, other in zip(line.split(), line.split()[1:], strict=False)
    ]
    for lane in ("training", "rollout"):
        fetch = of[lane, "fetch"]
        middle, start = fetch.y + fetch.height / 2, (split.x + BOX_W / 2, split.y + split.height)
        parts.append(path(start, (start[0], below), (edge, below), (edge, middle), (fetch.x - 2, middle)))
    up = verdict.x + BOX_W / 2
    parts.append(path((up, seen.y), (up, verdict.y + verdict.height + 2)))
    for lane, stage, y in (
        ("training", "register", ALIASES["staging"]),
        ("rollout", "promote", ALIASES["production"]),
    ):
        box = of[lane, stage]
        start = (box.x + BOX_W, box.y + box.height / 2)
        parts.append(path(start, (start[0] + 24, start[1]), (start[0] + 24, y), (REGISTRY + 12, y)))
    return parts


def surroundings() -> list[str]:
    """The lanes, the store of the data, the registry, and where traffic flows."""
    parts = []
    for lane, (title, command, tool) in TITLES.items():
        height = 116 if lane == "data" else 130
        parts.append(panel(LEFT, LANES[lane] - 6, 7 * STEP + 18, height, "#f8fafc", "#e2e8f0", 12))
        parts.append(text(LEFT + 20, LANES[lane] + 14, title, "lane"))
        parts.append(text(LEFT + 168, LANES[lane] + 14, command, "note"))
        parts.append(text(LEFT + 316, LANES[lane] + 14, tool, "tool", fill=TOOLS[tool]))
    for x, y, note in NOTES:
        parts.append(text(x, y, note, "note"))
    return parts


def registry() -> list[str]:
    """What MLflow keeps, beside the lanes that write to it."""
    top, bottom = LANES["training"] - 6, LANES["rollout"] + 124
    parts = [panel(REGISTRY, top, WIDTH - REGISTRY - 24, bottom - top, "#f0f9ff", "#bae6fd", 12)]
    parts += [text(REGISTRY + 16, top + 24, "Registry", "lane")]
    parts += [text(REGISTRY + 80, top + 24, "MLflow", "tool", fill=TOOLS["MLflow"])]
    parts += [text(REGISTRY + 16, top + 44, "runs, versions, decision records", "note")]
    for name, y in ALIASES.items():
        parts += [panel(REGISTRY + 16, y - 15, 186, 30, PAPER, TOOLS["MLflow"], 15)]
        parts += [text(REGISTRY + 109, y + 5, name, "stage", text_anchor="middle")]
    notes = (
        "Only three things move production:",
        "first, promote and slipway rollback.",
        "Each leaves a record of who and why.",
    )
    parts += [
        text(REGISTRY + 16, ALIASES["production"] + 38 + 16 * row, note, "note")
        for row, note in enumerate(notes)
    ]
    return parts


def rooms() -> list[str]:
    """All rooms, in the order in which they may import."""
    x, y = LEFT + 20.0, LANES["traffic"] + 188
    parts = [panel(LEFT, y - 46, WIDTH - 48, 96, "#f8fafc", "#e2e8f0", 12)]
    parts += [text(x, y - 24, "The rooms of slipway/", "lane")]
    parts += [text(x + 158, y - 24, "each imports only from rooms that stand before it", "note")]
    for name in ROOMS:
        width = 7.0 * len(name) + 18
        if x + width > WIDTH - 44:
            x, y = LEFT + 20.0, y + 30
        parts += [panel(x, y - 14, width, 23, PAPER, LINE, 11)]
        parts += [text(x + width / 2, y + 2, name, "each", text_anchor="middle")]
        x += width + 9
    return parts


def legend() -> list[str]:
    """The heading, and what colours mean."""
    x = WIDTH - 330
    return [
        text(LEFT, 42, "From versioned data to a version that earned production", "title"),
        panel(x, 28, 22, 16, *DECIDES, radius=4),
        text(x + 30, 41, "may end the run: refused or aborted", "note"),
    ]


def page() -> str:
    """The whole picture."""
    parts = [*legend(), *surroundings(), *registry(), *rooms(), *flow()]
    for box in BOXES:
        parts += drawn(box)
    style = (
        "text{font-family:Helvetica,Arial,'Liberation Sans',sans-serif;fill:"
        f"{INK}}}.title{{font-size:19px;font-weight:700}}.lane{{font-size:13px;font-weight:700}}"
        f".stage{{font-size:14px;font-weight:700}}.says{{font-size:11px}}.tool{{font-size:10.5px;font-weight:600}}"
        f".room{{font-size:10.5px;font-family:ui-monospace,'Liberation Mono',monospace;fill:{GREY}}}"
        f".part{{font-size:14px;font-weight:700}}.note{{font-size:11.5px;fill:{GREY}}}"
        ".each{font-size:11.5px;font-family:ui-monospace,'Liberation Mono',monospace}"
    )
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" '
        'aria-label="From versioned data to a promoted model: stages, the rooms of slipway and the tools">'
        f"<style>{style}</style>"
        '<defs><marker id="to" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" '
        'orient="auto">'
        f'<path d="M0 0L8 4L0 8z" fill="{GREY}"/></marker></defs>'
        f"{panel(0.5, 0.5, WIDTH - 1, HEIGHT - 1, PAPER, '#e2e8f0', 14)}"
    )
    return "\n".join([head, *parts, "</svg>"]) + "\n"


if __name__ == "__main__":
    OUT.write_text(page(), encoding="utf-8")
