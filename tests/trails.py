"""Trails of edits as a session publishes them, and a MongoDB to publish them in."""

import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from datacrafter_widget.editing.gallery import Step, Trail


def picture(seed: int, size: tuple[int, int] = (64, 64)) -> Image.Image:
    """A picture like no other."""
    small = np.random.default_rng(seed).integers(0, 256, (4, 4, 3), dtype=np.uint8)
    return Image.fromarray(small).resize(size, Image.Resampling.BICUBIC)


def mask(size: tuple[int, int] = (64, 64)) -> Image.Image:
    """White in the middle."""
    drawn = Image.new("L", size, 0)
    drawn.paste(255, (16, 16, size[0] - 16, size[1] - 16))
    return drawn


def trail(*instructions: str, seed: int = 0, **facts: object) -> Trail:
    """A trail of made-up pictures: a step for each instruction, the first of them with a mask and a reference."""
    pictures = {"start": picture(seed), "mask": mask(), "reference": picture(seed + 500, (80, 40))}
    steps = []
    for number, instruction in enumerate(instructions, start=1):
        pictures[f"after {number}"] = picture(seed + number)
        steps.append(
            Step(
                **{  # type: ignore[arg-type]
                    "instruction": instruction,
                    "picture": f"after {number}",
                    "action": "recolour",
                    "editor": "inversion-free",
                    "revision": "4f2a",
                    "prompt": f"a picture where one was asked to {instruction}",
                    "seed": 2**63 - number,
                    "sliders": {"steps": 0.5, "text_influence": 0.7, "picture_influence": 0.25},
                    "parameters": {"strength": 0.1 + 0.2, "num_inference_steps": 12, "sizes": [1, 2.5, None]},
                    "mask": "mask" if number == 1 else None,
                    "reference": "reference" if number == 1 else None,
                    **facts,
                }
            )
        )
    return Trail("start", tuple(steps), pictures, subject="an apple on the table")


@contextmanager
def mongodb(folder: Path) -> Iterator[str]:
    """The address of a MongoDB on this machine.

    A real one: that of ``DATACRAFTER_MONGODB``, or a ``mongod`` that is on the path. Neither Debian nor PyPI has
    one; SecantusDB stands in: a server of the same wire protocol over the same storage engine, to which PyMongo
    speaks as to any other.
    """
    if address := os.environ.get("DATACRAFTER_MONGODB"):
        yield address
    elif mongod := shutil.which("mongod"):
        with _mongod(mongod, folder) as address:
            yield address
    else:
        secantus = pytest.importorskip("secantus")
        with secantus.SecantusDBServer(storage_path=str(folder)) as server:
            yield server.uri


@contextmanager
def _mongod(program: str, folder: Path) -> Iterator[str]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    folder.mkdir(parents=True, exist_ok=True)
    command = [program, "--dbpath", str(folder), "--bind_ip", "127.0.0.1", "--port", str(port)]
    with (folder / "mongod.log").open("w") as log, subprocess.Popen(command, stdout=log) as server:
        deadline = time.monotonic() + 60
        while True:
            try:
                socket.create_connection(("127.0.0.1", port), timeout=1).close()
                break
            except OSError:
                if server.poll() is not None or time.monotonic() > deadline:
                    pytest.fail((folder / "mongod.log").read_text()[-2000:])
                time.sleep(0.05)
        yield f"mongodb://127.0.0.1:{port}/"
        server.terminate()
