"""The headless demo's report: one HTML file with everything in it, nothing fetched."""

import base64
import html
import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from PIL import Image, ImageDraw

from datacrafter_widget.session import Session

CELL = 64
COLUMNS = 20

STYLE = """
body { font: 15px/1.5 system-ui, sans-serif; color: #1c2430; max-width: 60rem; margin: 2rem auto; padding: 0 1rem }
h1 { font-size: 1.6rem; margin-bottom: 0 } h2 { font-size: 1.1rem; margin-top: 2.2rem }
table { border-collapse: collapse } td, th { padding: .25rem .9rem .25rem 0; text-align: left; vertical-align: top }
tr + tr td { border-top: 1px solid #e3e7ec } .number { font-size: 2rem; font-weight: 600 }
.time { white-space: nowrap }
.pair { display: flex; gap: 3rem } .muted { color: #667 } code { background: #f2f4f7; padding: .1rem .3rem }
img { max-width: 100%; image-rendering: auto; border-radius: 4px }
@media (prefers-color-scheme: dark) {
  body { background: #14181d; color: #dde3ea } tr + tr td { border-color: #2a313a } code { background: #232a33 }
}
"""


def write_report(
    path: Path,
    session: Session,
    report: dict[str, Any],
    *,
    before: Sequence[int],
    after: Sequence[int],
    wrong: set[int],
) -> None:
    """Write `path`: the figures, the prompts, and both rounds' pictures with the undesired ones marked.

    Args:
        path: the HTML file to write.
        session: where the pictures are.
        report: what `run_headless` returns.
        before: ids of the pictures before the feedback.
        after: ids of the pictures after it.
        wrong: ids of the undesired ones in both.
    """
    prompts = "".join(
        f"<tr><td><code>{_text(row['before'])}</code></td><td><code>{_text(row['after'])}</code></td>"
        f"<td><code>{_text(row['negative']) or '-'}</code></td><td>{'<br>'.join(map(_text, row['reasons']))}</td></tr>"
        for row in report["proposals"]
    )
    steps = "".join(
        f"<tr><td class='time'>{row['seconds']} s</td><td>{_text(row['step'])}</td><td>{_text(row['what'])}</td></tr>"
        for row in report["steps"]
    )
    path.write_text(
        f"""<!doctype html><html lang="en"><meta charset="utf-8"><title>datacrafter demo</title>
<style>{STYLE}</style>
<h1>From pointing at pictures to a better prompt</h1>
<p class="muted">datacrafter {_text(report["version"])} · {_text(report["machine"])} · Python {_text(report["python"])}
· {_text(str(report["device"]))} · {report["seconds"]} s · {report["peak_memory_mb"]} MB at the peak
· {report["generated"]} pictures generated</p>
<div class="pair"><div><div class="number">{report["undesired_before"]:.1%}</div>undesired before</div>
<div><div class="number">{report["undesired_after"]:.1%}</div>undesired after one round of removal</div></div>
<p class="muted">Shares of {len(before)} and {len(after)} pictures, judged by a classifier trained on renders alone,
not by the CLIP that scores the refinement.</p>
<h2>The prompt</h2><table><tr><th>before</th><th>after</th><th>not</th><th>why</th></tr>{prompts}</table>
<h2>Before</h2>{_sheet(session, before, wrong)}
<h2>After</h2>{_sheet(session, after, wrong)}
<h2>What happened</h2><table>{steps}</table></html>""",
        "utf-8",
    )


def _text(value: str) -> str:
    return html.escape(value)


def _sheet(session: Session, ids: Sequence[int], wrong: set[int]) -> str:
    rows = -(-len(ids) // COLUMNS)
    sheet = Image.new("RGB", (COLUMNS * CELL, max(1, rows) * CELL), "white")
    draw = ImageDraw.Draw(sheet)
    for place, picture in enumerate(ids):
        x, y = place % COLUMNS * CELL, place // COLUMNS * CELL
        sheet.paste(session.image(picture).resize((CELL, CELL)), (x, y))
        if picture in wrong:
            draw.rectangle((x + 1, y + 1, x + CELL - 2, y + CELL - 2), outline=(214, 40, 40), width=3)
    buffer = io.BytesIO()
    sheet.save(buffer, "webp", quality=85)
    data = base64.b64encode(buffer.getvalue()).decode()
    return f'<img alt="{len(ids)} pictures, the undesired ones framed in red" src="data:image/webp;base64,{data}">'
