"""The README's commands are the ones that the gate runs."""

import re
from pathlib import Path

ROOT = Path(__file__).parent.parent


def commands() -> list[str]:
    return re.findall(r"```bash\n(.*?)\n```", (ROOT / "README.md").read_text("utf-8"), re.DOTALL)


def test_the_gate_runs_the_readmes_test_command():
    (test_command,) = [line for line in commands() if "pytest" in line]
    gate = (ROOT / ".ci/run").read_text("utf-8").splitlines()
    assert test_command in [line.strip() for line in gate]


def test_the_demo_command_is_one_line_with_all_its_setup():
    assert 'python -m pip install -e ".[lab]" && datacrafter demo' in commands()
