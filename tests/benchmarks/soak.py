"""A simulated user at work for an hour: does memory stay flat, does nothing break, is the database sound?

    python tests/benchmarks/soak.py [--quick] [--minutes 60] [--json FILE]

In a real JupyterLab page with the dashboard, the user generates, removes pictures and accepts the prompt that is
proposed, edits a picture in the studio and accepts it, undoes and redoes, exports, and now and then reloads the page:
a cycle. After `CYCLES` cycles the session is closed, and the next one begins in a new folder with the same originals:
a life. All lives are in one kernel process and one browser tab, and all sizes are taken at the end of a life, when
there is as much data as at the end of every other: so what grows is not the data set but what is never given back,
also by a session and a widget that were closed. (In one folder pictures, rows and the history of actions grow without
end, as they should, and would hide a leak.)

After each cycle: the kernel's memory (resident, proportional and its own) after a garbage collection, and of the
browser the JavaScript heap after one, nodes, listeners, and the renderers' memory. Growth is the median of the last
quarter of the lives over that of the second quarter, less 1; the first is to warm up. The page's heap is also compared
within stretches without a reload, which would throw a leak away. Nothing is trimmed before it is measured. The JSON
file is written anew after every cycle.
"""

import argparse
import json
import os
import platform
import shutil
import sqlite3
import statistics
import sys
import tempfile
import time
from importlib.metadata import version
from pathlib import Path

os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")  # spinning threads starve the browser

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE), str(HERE.parent / "browser")]

import psutil  # noqa: E402
from lab import CHROMIUM_FLAGS, Lab, NotebookPage  # noqa: E402
from playwright.sync_api import sync_playwright  # noqa: E402

from datacrafter_widget.toybox import write_originals  # noqa: E402

CLASSES = ("apple", "crane", "fish")
PER_CLASS = 8
CYCLES = 2
"""Of a life."""
RELOAD_EVERY = 3
"""Lives between two reloads of the page."""
PATIENCE = 600_000
"""Milliseconds for any one step, on a machine that others use too."""
PROXIES = 30
"""Pictures that a search for a better prompt may make: few, so that an hour has many cycles."""
GOALS = {"kernel_growth": 0.05, "heap_growth": 0.05, "renderer_growth": 0.05}
SIZES = ("kernel_rss", "kernel_pss", "kernel_uss", "heap", "renderer", "nodes", "listeners", "objects")
PACKAGES = ("datacrafter-widget", "torch", "diffusers", "ipykernel", "jupyterlab", "anywidget", "playwright")
MB = 1e6

SHOW = "widget = DataCrafter(session, height=1400)\nwidget"
CODE = {
    "set up": "import sys, json; sys.path.insert(0, {here!r})\n"
    "from soak_kernel import Lives\nfrom datacrafter_widget import DataCrafter\nlives = Lives('originals', '.')",
    "begin": "session = lives.begin()",
    "remove": "session.remove(lives.generated(3), max_proxies={proxies})",
    "pick": "widget.selection = [session.pictures(origin='original')[session.info()['iteration']].id]",
    "sample": "print(json.dumps(lives.sample()))",
    "end": "print(json.dumps(lives.end()))",
}
"""What runs in the kernel, without a cell: JupyterLab keeps a toolbar's listeners each time another cell is active."""

EXECUTE = """async code => {
    const kernel = window.jupyterapp.shell.currentWidget.sessionContext.session.kernel;
    const future = kernel.requestExecute({code, store_history: false}, true);
    let said = '';
    future.onIOPub = ({header, content}) => {
        if (header.msg_type === 'stream' && content.name === 'stdout') said += content.text;
        if (header.msg_type === 'error') said += content.traceback.join('\\n');
    };
    await future.done;
    future.dispose();
    return said;
}"""


class User:
    """Who works in the notebook."""

    def __init__(self, browser, lab):
        self._browser = browser.new_browser_cdp_session()
        context = browser.new_context(viewport={"width": 1600, "height": 1500})
        self.notebook = NotebookPage(context.new_page(), lab)
        self.page = self.notebook.page
        self.page.set_default_timeout(PATIENCE)
        self._console = context.new_cdp_session(self.page)
        self._console.send("Performance.enable")
        lab.write("soak.ipynb", [SHOW])
        self.notebook.open("soak.ipynb")
        self.run("set up")

    def run(self, name):
        """Have the kernel do something; what it printed."""
        said = self.page.evaluate(EXECUTE, CODE[name].format(here=str(HERE), proxies=PROXIES))
        if "Traceback" in said:
            raise RuntimeError(f"{name!r} failed in the kernel:\n{said[-3000:]}")
        return said

    def begin(self):
        self.run("begin")
        self.notebook.run(0)
        self.notebook.state("root.dataset.ready === 'true'")
        self.page.locator(".datacrafter").scroll_into_view_if_needed()

    def cycle(self, number):
        for action in (self.generate, self.remove, self.edit, self.undo_and_redo):
            action()
        self.export(f"exported-{number}")

    def generate(self):
        before = int(self.notebook.data("generated"))
        self.page.locator(".datacrafter [name=per_class]").fill("4")
        self.notebook.button("generate").click()
        self.notebook.state(f"Number(root.dataset.generated) >= {before + 4 * len(CLASSES)}")
        self.idle()

    def remove(self):
        """Remove three pictures; have the prompt that is proposed."""
        self.run("remove")
        card = self.page.locator(".datacrafter [data-proposal]").first
        card.locator("[data-action=accept]").click()
        card.wait_for(state="detached")
        self.idle()

    def edit(self):
        """Edit an original in the studio, choose the first candidate and accept it."""
        self.run("pick")
        self.notebook.state("Number(root.dataset.selected) === 1")
        self.notebook.button("edit").click()
        dialog = self.page.get_by_role("dialog", name="Edit")
        dialog.locator(".dc-paper > img[src]").wait_for()
        dialog.get_by_role("textbox", name="What to change").fill("put it on snow")
        self.notebook.button("send-wish").click()
        choice = dialog.locator("[data-edit][data-state='open']")
        choice.wait_for()
        first = choice.locator("button[data-pick]").first
        first.locator("img[src^='blob:']").wait_for()
        first.click()
        self.notebook.button("choose-candidate").click()
        self.notebook.button("accept-edit").click()
        dialog.get_by_text("In the data set").first.wait_for()
        self.notebook.button("close-studio").click()
        dialog.wait_for(state="detached")
        self.idle()

    def undo_and_redo(self):
        undo, redo = (
            self.notebook.button("undo"),
            self.page.locator(".datacrafter [data-action=redo]:enabled"),
        )
        for _ in range(2):
            undo.click()
            redo.wait_for()
        for _ in range(2):
            redo.click()
        redo.wait_for(state="detached")
        self.idle()

    def export(self, name):
        self.notebook.button("open-export").click()
        box = self.page.locator(".dc-export-box")
        box.locator("[name=path]").fill(name)
        box.locator("[name=overwrite]").check()
        box.locator("[data-action=export]").click()
        box.get_by_text(f"/{name}").last.wait_for()

    def reload(self):
        self.page.evaluate("async () => await window.jupyterapp.commands.execute('docmanager:save')")
        self.page.reload()
        self.notebook.ready()
        self.notebook.state("root.dataset.ready === 'true'")

    def idle(self):
        self.notebook.state("root.dataset.job === 'idle'")

    def sample(self):
        """Sizes of the kernel and the page, in bytes or numbers, and what went wrong so far."""
        kernel = json.loads(self.run("sample"))
        for _ in range(3):
            self._console.send("HeapProfiler.collectGarbage")
        found = {
            each["name"]: each["value"] for each in self._console.send("Performance.getMetrics")["metrics"]
        }
        processes = self._browser.send("SystemInfo.getProcessInfo")["processInfo"]
        renderers = [each["id"] for each in processes if each["type"] == "renderer"]
        return {
            **kernel,
            "heap": found["JSHeapUsedSize"],
            "nodes": found["Nodes"],
            "listeners": found["JSEventListeners"],
            "renderer": sum(psutil.Process(pid).memory_full_info().pss for pid in renderers),
            "errors": list(self.notebook.errors),
        }


def soak(user, minutes, keep):
    """Samples of all cycles, and what was wrong with the stores."""
    samples, unsound = [], []
    began = time.monotonic()
    life = 0
    while time.monotonic() - began < 60 * minutes:
        user.begin()
        for cycle in range(CYCLES):
            user.cycle(cycle)
            last = cycle == CYCLES - 1
            minute = (time.monotonic() - began) / 60
            samples.append({"life": life, "cycle": cycle, "last": last, "minute": minute} | user.sample())
            tell(samples[-1])
            keep(samples, unsound)
        if life % RELOAD_EVERY == RELOAD_EVERY - 1:
            user.reload()
            user.idle()
        unsound += json.loads(user.run("end"))
        life += 1
    return samples, unsound


def report(samples, unsound):
    """Growth by size, errors, and whether the goals are reached."""
    ends = [each for each in samples if each["last"]]
    growth = {name: growth_of([each[name] for each in ends]) for name in SIZES}
    figures = {
        "lives": len(ends),
        "cycles": len(samples),
        "minutes": samples[-1]["minute"],
        "growth": growth,
        "heap_growth_without_reload": without_reload([each["heap"] for each in ends]),
        "kernel_growth": growth["kernel_rss"],
        "heap_growth": growth["heap"],
        "renderer_growth": growth["renderer"],
        "kernel_errors": samples[-1]["trouble"],
        "browser_errors": samples[-1]["errors"],
        "unsound": unsound,
        "goals": GOALS,
        "samples": samples,
    }
    reached = {
        f"{name} <= {goal:.0%}": figures[name] is not None and figures[name] <= goal
        for name, goal in GOALS.items()
    }
    reached |= {f"no {name}": not figures[name] for name in ("kernel_errors", "browser_errors", "unsound")}
    return figures | {"reached": reached}


def growth_of(sizes):
    """The median of the last quarter over that of the second, less 1; None of fewer than four."""
    quarter = len(sizes) // 4
    if quarter == 0:
        return None
    return statistics.median(sizes[-quarter:]) / statistics.median(sizes[quarter : 2 * quarter]) - 1


def without_reload(sizes):
    """The median over stretches between two reloads of the last size over the first, less 1."""
    stretches = [sizes[start : start + RELOAD_EVERY] for start in range(0, len(sizes), RELOAD_EVERY)]
    found = [each[-1] / each[0] - 1 for each in stretches[1:] if len(each) == RELOAD_EVERY]
    return statistics.median(found) if found else None


def tell(sample):
    sizes = "  ".join(
        f"{name} {sample[name] / MB:7.1f}" for name in ("kernel_rss", "kernel_uss", "heap", "renderer")
    )
    counts = "  ".join(
        f"{name} {sample[name]:.0f}" for name in ("nodes", "listeners", "objects", "threads", "files")
    )
    wrong = len(sample["trouble"]) + len(sample["errors"])
    print(
        f"{sample['minute']:6.1f} min  life {sample['life']:3d}.{sample['cycle']}  MB: {sizes}  {counts}  "
        f"pictures {sample['pictures']}  errors {wrong}",
        flush=True,
    )


def show(figures):
    print(f"\n{figures['cycles']} cycles in {figures['lives']} lives, {figures['minutes']:.0f} minutes")
    for name, value in figures["growth"].items():
        print(f"  growth of {name:22s}{'too short' if value is None else f'{value:+.1%}':>10s}")
    within = figures["heap_growth_without_reload"]
    print(f"  heap without a reload     {'too short' if within is None else f'{within:+.1%}':>10s}")
    for name in ("kernel_errors", "browser_errors", "unsound"):
        for each in figures[name]:
            print(f"  {name}: {each}")
    for name, value in figures["reached"].items():
        print(f"{'reached' if value else 'MISSED':8s}{name}")


def integrity(folder):
    """What SQLite says about the databases that are left."""
    found = []
    for path in folder.glob("session-*/session.db"):
        with sqlite3.connect(path) as database:
            found += [row[0] for row in database.execute("PRAGMA integrity_check") if row[0] != "ok"]
    return found


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--quick", action="store_true", help="eight minutes of work, under ten in all")
    parser.add_argument("--minutes", type=float, default=60, help="how long the user works")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures here, after every cycle")
    options = parser.parse_args()
    started = time.perf_counter()
    about = {
        "quick": options.quick,
        "n_seeds": 1,
        "machine": platform.platform(),
        "cores": os.cpu_count(),
        "python": sys.version.split()[0],
        "versions": {name: version(name) for name in PACKAGES},
    }

    def keep(samples, unsound):
        if options.json:
            figures = report(samples, unsound) | about
            figures |= {"load": os.getloadavg()[0], "seconds": time.perf_counter() - started}
            part = options.json.with_suffix(".part")
            part.write_text(json.dumps(figures, indent=1) + "\n", "utf-8")
            part.rename(options.json)

    with tempfile.TemporaryDirectory() as scratch, sync_playwright() as playwright:
        (folder := Path(scratch) / "lab" / "notebooks").mkdir(parents=True)
        write_originals(folder / "originals", per_class=PER_CLASS, classes=CLASSES, seed=11)
        lab = Lab(folder)
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=CHROMIUM_FLAGS)
        try:
            samples, unsound = soak(User(browser, lab), 8 if options.quick else options.minutes, keep)
        finally:
            browser.close()
            lab.stop()
        unsound += integrity(folder)
    keep(samples, unsound)
    figures = report(samples, unsound)
    show(figures)
    return 0 if all(figures["reached"].values()) else 1


if __name__ == "__main__":
    sys.exit(main())
