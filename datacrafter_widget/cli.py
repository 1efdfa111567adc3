"""The command line: ``datacrafter demo`` and ``datacrafter benchmark projection`` or ``strategies``."""

import argparse
import os
import secrets
import socket
import subprocess
import sys
from pathlib import Path

from datacrafter_widget import DataCrafterError, __version__
from datacrafter_widget.demo import benchmark, strategy_benchmark

NOTEBOOK = "01_quickstart.ipynb"


def main(arguments: list[str] | None = None) -> int:
    """Run one command; returns the exit status."""
    parser = argparse.ArgumentParser(
        prog="datacrafter", description="Human-guided expansion of image data sets."
    )
    parser.add_argument("--version", action="version", version=__version__)
    commands = parser.add_subparsers(dest="command", required=True)
    demo = commands.add_parser("demo", help="open the demo in JupyterLab, or run it without a screen")
    demo.add_argument("--no-browser", action="store_true", help="print the address and open no browser")
    demo.add_argument("--port", type=int, help="JupyterLab's port (default: a free one from 8888 on)")
    demo.add_argument("--headless", action="store_true", help="run the whole loop with a simulated user")
    demo.add_argument("--out", type=Path, help="with --headless: the folder for the report and the data set")
    measured = commands.add_parser("benchmark", help="measure what this package does against other methods")
    subjects = measured.add_subparsers(dest="subject", required=True)
    benchmark.add_arguments(subjects.add_parser("projection", help="compare maps of pictures and labels"))
    strategy_benchmark.add_arguments(
        subjects.add_parser("strategies", help="compare prompt strategies on a data set")
    )
    options = parser.parse_args(arguments)
    os.environ.setdefault(
        "OMP_WAIT_POLICY", "PASSIVE"
    )  # busy-waiting threads starve each other on shared cores
    try:
        if options.command == "benchmark":
            if options.subject == "strategies":
                strategy_benchmark.run_strategies(options)
            else:
                benchmark.run_benchmark(options)
            return 0
        if options.headless:
            if options.out is None:
                parser.error("--headless needs --out DIR, a folder for the report and the data set")
            from datacrafter_widget.demo.headless import run_headless

            run_headless(options.out)
            return 0
        return _open_lab(port=options.port, browser=not options.no_browser)
    except DataCrafterError as error:
        print(f"datacrafter: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130


def _open_lab(*, port: int | None, browser: bool) -> int:
    """Make or reopen the demo session, then run JupyterLab on the quickstart notebook until it is stopped."""
    from datacrafter_widget.demo.originals import prepare

    folder = _notebooks()
    prepare(folder / "demo-session")
    port = port or _free_port()
    token = secrets.token_hex(16)
    address = f"http://localhost:{port}/lab/tree/{NOTEBOOK}?token={token}"
    print(f"\n  JupyterLab is starting. Open this address if no browser opens by itself:\n\n    {address}\n")
    print("  Then click Run ▸ Run All Cells. Lasso pictures on the map, click Remove or More like these,")
    print(
        "  and accept the prompt that is proposed. Ctrl-C twice ends the demo; your session is kept.\n",
        flush=True,
    )
    command = [sys.executable, "-m", "jupyterlab", NOTEBOOK, f"--port={port}", "--ServerApp.port_retries=0"]
    command += [] if browser else ["--no-browser"]
    command += ["--allow-root"] if hasattr(os, "geteuid") and os.geteuid() == 0 else []  # containers
    # The token goes by the environment: arguments show in a process list.
    environment = {**os.environ, "JUPYTER_TOKEN": token}
    if os.name == "posix":  # become JupyterLab, so that a signal to this command reaches it
        os.chdir(folder)
        os.execve(sys.executable, command, environment)  # noqa: S606
    return subprocess.run(command, cwd=folder, env=environment, check=False).returncode  # noqa: S603


def _notebooks() -> Path:
    """The notebooks' folder of the clone that this package runs from."""
    for folder in (Path.cwd() / "notebooks", Path(__file__).resolve().parent.parent / "notebooks"):
        if (folder / NOTEBOOK).is_file():
            return folder
    raise DataCrafterError(
        f"expected notebooks/{NOTEBOOK} in this folder or beside the package, found neither; "
        "run `datacrafter demo` in a clone of the repository, or use `datacrafter demo --headless --out DIR`"
    )


def _free_port(first: int = 8888, last: int = 8988) -> int:
    for port in range(first, last):
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) != 0:
                return port
    raise DataCrafterError(f"no free port between {first} and {last}; choose one with --port")


if __name__ == "__main__":
    sys.exit(main())
