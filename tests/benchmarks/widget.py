"""How fast the map is in JupyterLab, beside jupyter-scatter with the same points on a canvas of the same size.

    python tests/benchmarks/widget.py [--quick] [--json FILE] [--sizes 10000 100000]

Both are shown by a cell of one notebook in headless Chromium, in alternating repeats: the time from running the
cell to a frame with all points whose pixels can be read, the time of a frame while the map is dragged (without the
browser's frame-rate limit), of an append until it is drawn, from the end of a lasso until Python has the selection
and says so, and the bytes that the kernel sent for the first frame. Ours reads its points from a session folder;
jupyter-scatter is given a data frame. It takes new points as a new data frame, its only way. A full run keeps what
it has measured beside the JSON file and goes on from there when it is started again.
"""

import argparse
import base64
import json
import os
import platform
import shutil
import statistics
import sys
import tempfile
import time
from contextlib import suppress
from importlib.metadata import version
from pathlib import Path

os.environ.setdefault("HF_HUB_OFFLINE", "1")

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE), str(HERE.parent / "browser")]

from big_session import write_session  # noqa: E402
from lab import CHROMIUM_FLAGS, Lab  # noqa: E402
from playwright.sync_api import TimeoutError as Late  # noqa: E402
from playwright.sync_api import sync_playwright  # noqa: E402

from datacrafter_widget.session.built import STATIC  # noqa: E402

SIZES = (10_000, 100_000, 1_000_000)
APPENDS = (64, 10_000)
PATIENCE = 240_000
PACKAGES = ("datacrafter-widget", "jupyter-scatter", "jupyterlab", "anywidget", "playwright")
HEIGHT = 600

SETUP = """
import os, sys, time
sys.path.insert(0, {here!r})
import numpy as np, pandas as pd, jscatter, ipywidgets
from datacrafter_widget import DataCrafter, Session
from big_session import add_pictures, places
session = Session.open({folder!r})
for job in session.job_table():
    session.cancel(job["id"])
while any(job["state"] in ("queued", "running") for job in session.job_table()):
    time.sleep(0.1)
points = session.map_points()
frame = pd.DataFrame({{"x": points["x"], "y": points["y"], "class": pd.Categorical(points["class_index"])}})
bell = ipywidgets.Label()
rings = 0
def ring(change):
    global rings
    rings += 1
    bell.value = f"bench-mark-{{len(change['new'])}} {{rings}}"
del points
print(len(frame))
"""


class Ours:
    """`DataCrafter` with the map alone."""

    name = "ours"
    view = ".dc-map-stage"
    show = f"widget = DataCrafter(session, panels=['map'], height={HEIGHT})\nwidget"
    listen = "widget.observe(ring, 'selection')"
    close = "widget.selection = []\nwidget.close()\ndel widget"  # the next would have the same selection
    more = """
xy, classes = places({count}, seed={seed})
add_pictures(session._store, xy, classes)
"""
    append = "session.events.emit('pictures', ids=[])"
    shift = True

    @staticmethod
    def drawn(total):
        return f"probe.frames.find(frame => frame.ready && frame.points >= {total})"


class Theirs:
    """jupyter-scatter with the same columns and, as ours, colours by class."""

    name = "theirs"
    view = ".jupyter-scatter canvas, .jp-OutputArea-output canvas"
    show = """
scatter = jscatter.Scatter(data=frame, x="x", y="y", color_by="class", width={width}, height={height})
widget = scatter.widget
widget.mouse_mode = "panZoom"
widget
"""
    listen = "widget.observe(ring, 'selection')\nwidget.mouse_mode = 'lasso'"
    close = "widget.close()\ndel widget, scatter"
    more = """
xy, classes = places({count}, seed={seed})
names = pd.Categorical(classes, categories=frame["class"].cat.categories)
more = pd.DataFrame({{"x": xy[:, 0], "y": xy[:, 1], "class": names}})
frame = pd.concat([frame, more], ignore_index=True)
"""
    append = "scatter.data(frame);"
    shift = False

    @staticmethod
    def drawn(total):
        return f"probe.frames.find(frame => frame.most >= {total})"


class Page:
    """A notebook of two cells in a browser without a limit to its frames."""

    def __init__(self, browser, lab, folder, size):
        self.folder, self.total = folder, size
        self.size = {"width": 900, "height": HEIGHT}
        self._context = browser.new_context(viewport={"width": 1400, "height": 1100})
        self._context.add_init_script(path=HERE / "probe.js")
        self.page = self._context.new_page()
        self.page.set_default_timeout(PATIENCE)
        name = f"benchmark-{size}.ipynb"
        lab.write(name, ["", ""])
        self.page.goto(lab.address(name))
        self.page.wait_for_function(
            "() => { const c = window.jupyterapp?.shell?.currentWidget?.sessionContext;"
            " return c?.isReady && c.session?.kernel?.status === 'idle'; }"
        )
        self.run(SETUP.format(here=str(HERE), folder=str(folder)))
        if not self.page.evaluate("probe.output()").strip().endswith(str(size)):
            raise SystemExit(f"the kernel could not be set up:\n{self.page.evaluate('probe.output()')}")

    def close(self):
        self._context.close()

    def run(self, code, *, wait=True, cell=0):
        """Run code in the cell above the widget's, or in the widget's own (1)."""
        return self.page.evaluate("([cell, code, wait]) => probe.run(cell, code, wait)", [cell, code, wait])

    def until(self, expression):
        """The first value of an expression that is something."""
        try:
            self.page.wait_for_function(f"() => {expression}")
        except Exception as error:
            seen = self.page.evaluate("[probe.output(), probe.frames.slice(-3), probe.marks]")
            raise SystemExit(
                f"{expression} did not come true; the cell and the last frames say: {seen}"
            ) from error
        return self.page.evaluate(expression)

    def box(self, side):
        view = self.page.locator(side.view).first
        view.evaluate("view => view.scrollIntoView({block: 'center'})")
        return view.bounding_box()

    def first_frame(self, side):
        began = self.run(side.show.format(**self.size), wait=False, cell=1)
        frame = self.until(side.drawn(self.total))
        received = self.page.evaluate("probe.received") - began["received"]
        if side is Ours:
            box = self.box(side)
            self.size = {"width": round(box["width"]), "height": round(box["height"])}
        return {"first_frame_ms": frame["t"] - began["t"], "bytes": received}

    def pan(self, side, frames):
        box = self.box(side)
        x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
        before, mouse = self.page.screenshot(), self.page.mouse
        mouse.move(x, y)
        mouse.down()
        mouse.move(x + 8, y)
        found = self.page.evaluate(
            "([view, x, y, frames]) => probe.drag(document.querySelector(view), x, y, frames, 12000)",
            [side.view, x, y, frames],
        )
        mouse.up()
        if self.page.screenshot() == before:
            raise SystemExit(f"{side.name}: dragging did not move the map")
        return {"pan_ms": found["ms"], "pan_frames": found["frames"]}

    def lasso(self, side):
        self.run(side.listen)
        for _ in range(5):  # a lasso that comes before the page has heard of the tool draws nothing
            self.draw_lasso(side)
            with suppress(Late):
                self.page.wait_for_function("() => probe.marks.some(mark => mark.value > 0)", timeout=30_000)
                break
        mark = self.until("probe.marks.find(mark => mark.value > 0)")
        return {"lasso_ms": mark["t"] - self.page.evaluate("probe.up"), "lasso_points": mark["value"]}

    def draw_lasso(self, side):
        box, page = self.box(side), self.page
        corners = [(0.25, 0.25), (0.75, 0.25), (0.75, 0.75), (0.25, 0.75), (0.25, 0.27)]
        path = [(box["x"] + box["width"] * u, box["y"] + box["height"] * v) for u, v in corners]
        if side.shift:
            page.keyboard.down("Shift")
        page.mouse.move(*path[0])
        page.mouse.down()
        for corner in path[1:]:
            page.mouse.move(*corner, steps=12)
        page.mouse.up()
        if side.shift:
            page.keyboard.up("Shift")

    def append(self, side, count, seed):
        self.run(side.more.format(count=count, seed=seed, folder=str(self.folder)))
        began = self.run(side.append, wait=False)
        frame = self.until(side.drawn(self.total + count))
        received = self.page.evaluate("probe.received") - began["received"]
        return {"ms": frame["t"] - began["t"], "bytes": received}

    def shut(self, side):
        self.run(side.close)
        self.run("", cell=1)


def measure(page, repeats, frames):
    """Everything of both sides at one size: lists of a value a repeat, by side and name."""
    found = {side.name: {} for side in (Ours, Theirs)}

    def keep(side, **values):
        for name, value in values.items():
            found[side.name].setdefault(name, []).append(value)
            print(f"    {side.name} {name} {value:.0f}", file=sys.stderr, flush=True)

    for repeat in range(repeats):
        for side in (Ours, Theirs) if repeat % 2 == 0 else (Theirs, Ours):
            keep(side, **page.first_frame(side))
            keep(side, **page.pan(side, frames))
            keep(side, **page.lasso(side))
            page.shut(side)
    for side in (Ours, Theirs):
        start = page.total
        page.first_frame(side)
        for count in APPENDS:
            for repeat in range(repeats):
                each = page.append(side, count, seed=count + repeat)
                page.total += count
                keep(
                    side,
                    **{
                        f"append_{_short(count)}_ms": each["ms"],
                        f"append_{_short(count)}_bytes": each["bytes"],
                    },
                )
        page.shut(side)
        page.total = start
    return found


def _short(count):
    return f"{count // 1000}k" if count >= 1000 else str(count)


def at_size(browser, lab, folder, size, repeats, frames):
    with tempfile.TemporaryDirectory() as scratch:
        copy = shutil.copytree(write_session(folder / f"session-{size}", size), Path(scratch) / "session")
        page = Page(browser, lab, copy, size)
        try:
            found = measure(page, repeats, frames)
        finally:
            page.close()
    return summary(found)


def summary(found):
    """Medians, and ratios of ours over theirs."""
    middle = {
        side: {name: statistics.median(values) for name, values in each.items()}
        for side, each in found.items()
    }
    ours, theirs = middle["ours"], middle["theirs"]
    ratios = {
        f"{name.removesuffix('_ms')}_ratio": ours[name] / theirs[name]
        for name in ours
        if name not in {"pan_frames", "lasso_points"}
    }
    appends = {
        name: value for name, value in ours.items() if name.startswith("append") and name.endswith("_ms")
    }
    return {**ratios, **appends, "ours": ours, "theirs": theirs, "values": found}


def saved_kb(folder, count=30_000):
    """What a saved notebook keeps of the whole dashboard with `count` points, less the bundle; kB (1000 bytes)."""
    from datacrafter_widget import DataCrafter, Session

    with Session.open(write_session(folder / f"session-{count}", count), read_only=True) as session:
        widget = DataCrafter(session)
        state = {key: value for key, value in widget.get_state().items() if key not in {"_esm", "_css"}}
        widget.close()
    return len(json.dumps(state, default=lambda each: base64.b64encode(each).decode())) / 1000


def show(size, found):
    print(f"\n{size:,} points{'ours':>24}{'jupyter-scatter':>18}{'ratio':>8}")
    for name, mine in found["ours"].items():
        other = found["theirs"][name]
        print(f"  {name:24s}{mine:14.1f}{other:18.1f}{mine / other:8.3f}")
    sys.stdout.flush()


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--quick", action="store_true", help="under ten minutes on two cores")
    parser.add_argument("--json", type=Path, help="also write the figures here")
    parser.add_argument("--sizes", type=int, nargs="+", default=SIZES, help="points")
    parser.add_argument("--sessions", type=Path, help="keep the session folders here, for another run")
    arguments = parser.parse_args()
    started = time.perf_counter()
    repeats, frames = (2, 30) if arguments.quick else (7, 200)
    keep = arguments.json and not arguments.quick and arguments.json.with_suffix(".partial.json")
    found = json.loads(keep.read_text()) if keep and keep.is_file() else {}
    with tempfile.TemporaryDirectory() as scratch, sync_playwright() as playwright:
        sessions = arguments.sessions or Path(scratch) / "sessions"
        sessions.mkdir(exist_ok=True)
        (notebooks := Path(scratch) / "lab" / "notebooks").mkdir(parents=True)
        lab = Lab(notebooks)
        flags = [
            *CHROMIUM_FLAGS,
            "--disable-frame-rate-limit",
            "--disable-gpu-vsync",
            "--enable-unsafe-swiftshader",
        ]
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=flags)
        try:
            for size in arguments.sizes:
                if str(size) not in found:
                    found[str(size)] = at_size(browser, lab, sessions, size, repeats, frames)
                    if keep:
                        keep.write_text(json.dumps(found))
                show(size, found[str(size)])
        finally:
            browser.close()
            lab.stop()
        figures = {
            **found,
            "bundle_kb": (STATIC / "widget.js").stat().st_size / 1000,
            "style_sheet_kb": (STATIC / "widget.css").stat().st_size / 1000,
            "notebook_kb_30k": saved_kb(sessions),
            "n_seeds": repeats,
            "machine": platform.platform(),
            "cores": os.cpu_count(),
            "load": os.getloadavg()[0],
            "python": sys.version.split()[0],
            "versions": {name: version(name) for name in PACKAGES},
            "seconds": time.perf_counter() - started,
        }
    print(f"\nbundle {figures['bundle_kb']:.1f} kB, style sheet {figures['style_sheet_kb']:.1f} kB")
    print(f"a saved notebook with 30,000 points {figures['notebook_kb_30k']:.0f} kB")
    if arguments.json:
        arguments.json.write_text(json.dumps(figures, indent=2) + "\n")
        if keep and keep.is_file():
            keep.unlink()


if __name__ == "__main__":
    main()
