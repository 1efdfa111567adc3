"""Examples of wishes, by what they ask for: some 2,500, written by several people in their own ways."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from datacrafter_widget.models.editors.editor import Action

EXAMPLES: Final[dict[Action, list[str]]] = json.loads(
    Path(__file__).with_name("examples.json").read_text(encoding="utf-8")
)
