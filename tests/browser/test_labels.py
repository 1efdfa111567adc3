"""Content labels on the map as a user explores it: more of them close up, clear of each other, and steady."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

OPEN = """
from datacrafter_widget import DataCrafter, Session
session = Session.open("labels", images="label_pictures", batch_size=4)
session.observe().result()
DataCrafter(session)
"""
BUSY = """
import time
from pathlib import Path
while not Path("stop labels").exists():
    time.sleep(0.05)
"""
MORE = "made = session.generate(per_class=4, classes='crane').result(quiet=True)"

LABELS = """async () => {
    // the next frame but one shows what a key has done
    await new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)));
    const detail = {};
    document.querySelector('.datacrafter').dispatchEvent(new CustomEvent('datacrafter-locate', {detail}));
    return detail.labels;
}"""

Box = tuple[float, float, float, float]


def touch(a: Box, b: Box) -> bool:
    return a[0] < b[2] and b[0] < a[2] and a[1] < b[3] and b[1] < a[3]


def centre(label: dict[str, Any]) -> tuple[float, float]:
    x0, y0, x1, y1 = label["boxes"][0]
    return (x0 + x1) / 2, (y0 + y1) / 2


class Map:
    """The map of a page: its labels, by the node that each stands for, and the keys that move it."""

    def __init__(self, user: Any) -> None:
        self.page = user.page
        self.stage = user.page.locator(".datacrafter .dc-map-stage")
        self.stage.scroll_into_view_if_needed()
        self.stage.focus()
        corner = self.stage.bounding_box()
        self.box = (corner["x"], corner["y"], corner["x"] + corner["width"], corner["y"] + corner["height"])

    def press(self, *keys: str) -> None:
        for key in keys:
            self.page.keyboard.press(key)

    def labels(self) -> dict[int, dict[str, Any]]:
        """The labels that are shown; no two overlap, ever."""
        labels = self.page.evaluate(LABELS)
        for i, mine in enumerate(labels):
            for theirs in labels[:i]:
                assert not any(touch(a, b) for a in mine["boxes"] for b in theirs["boxes"]), (mine, theirs)
        return {label["node"]: label for label in labels}

    def settled(self) -> dict[int, dict[str, Any]]:
        """The labels once the map has stopped travelling to new positions: two looks find the same."""
        before = self.page.evaluate(LABELS)
        while (now := self.page.evaluate(LABELS)) != before:
            before = now
        return self.labels()

    def within(self, x: float, y: float) -> bool:
        return self.box[0] + 1 < x < self.box[2] - 1 and self.box[1] + 1 < y < self.box[3] - 1


def test_labels_follow_the_map_and_never_flicker(lab: Any, notebook: Callable[..., Any], originals: Path):
    (lab.folder / "label_pictures").symlink_to(originals)
    lab.write("labels.ipynb", [OPEN, BUSY, MORE])
    user = notebook()
    user.open("labels.ipynb")
    user.run(0)
    user.state("root.dataset.ready === 'true' && Number(root.dataset.labels) >= 5")
    the_map = Map(user)

    # All of it without the kernel, which is busy.
    user.run(1, wait=False)
    user.page.wait_for_function(
        "() => window.jupyterapp.shell.currentWidget.sessionContext.session.kernel.status === 'busy'"
    )
    whole = the_map.labels()

    # Close up there are more labels than the whole map had in the same place.
    the_map.stage.focus()
    the_map.press("+", "+", "+", "+")
    close = the_map.labels()
    zoom = 1.3**4
    middle = ((the_map.box[0] + the_map.box[2]) / 2, (the_map.box[1] + the_map.box[3]) / 2)
    moved = [
        tuple(m + (c - m) * zoom for c, m in zip(centre(label), middle, strict=True))
        for label in whole.values()
    ]
    assert len(close) > sum(the_map.within(*place) for place in moved)

    # A walk: what was shown and is still in the view is shown, where it was.
    labels = close
    for key in ["Left", "Up", "Left", "Down", "Right", "Right", "Up", "Right", "Down", "Left"]:
        the_map.press(f"Arrow{key}")
        dx, dy = {"Left": (60, 0), "Right": (-60, 0), "Up": (0, 60), "Down": (0, -60)}[key]
        before, labels = labels, the_map.labels()
        for node, label in before.items():
            x, y = centre(label)
            if the_map.within(x + dx, y + dy):
                shift = [
                    now - then for now, then in zip(labels[node]["boxes"][1], label["boxes"][1], strict=True)
                ]
                assert all(abs(a - b) < 0.5 for a, b in zip(shift, [dx, dy, dx, dy], strict=True)), label
    # There and back by a little, and the same labels are there.
    here = set(labels)
    the_map.press("ArrowLeft")
    the_map.labels()
    the_map.press("ArrowRight")
    assert set(the_map.labels()) == here

    # Out again step by step: never an overlap.
    for _ in range(4):
        the_map.press("-")
        the_map.labels()
    (lab.folder / "stop labels").touch()
    user.ready()

    # New pictures, and the observation at the end of the job, leave most labels where they are.
    the_map.press("0")
    shown = {label["text"] for label in the_map.labels().values()}
    user.run(2)
    user.state("Number(root.dataset.generated) === 4 && root.dataset.job === 'idle'")
    later = {label["text"] for label in the_map.settled().values()}
    assert len(shown & later) > 0.6 * len(shown)
    assert user.errors == []
