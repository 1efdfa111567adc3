"""Requests with different settings, run as batches of requests that are alike."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Sequence

    from PIL import Image

    from datacrafter_widget.models.editors.editor import EditRequest

    Step = Callable[[int, int], object]

Key = TypeVar("Key", bound="Hashable")


def in_batches(
    requests: Sequence[EditRequest],
    alike: Callable[[EditRequest], Key],
    run: Callable[[list[EditRequest], Key, Step | None], list[Image.Image]],
    on_step: Step | None,
    *,
    together: bool = True,
) -> list[Image.Image]:
    """Run requests, those with the same settings together.

    Args:
        requests: in any order.
        alike: the settings of a request.
        run: makes the pictures of a batch: `run(batch, settings, on_step)`.
        on_step: told of the steps of all batches, as if they were one.
        together: whether a batch may have more than one request.

    Returns:
        The pictures, in the order of the requests.
    """
    groups: dict[tuple[Key, int], list[int]] = {}
    for number, request in enumerate(requests):
        groups.setdefault((alike(request), 0 if together else number), []).append(number)
    made: dict[int, Image.Image] = {}
    for at, ((settings, _), numbers) in enumerate(groups.items()):
        step = None if on_step is None else _within(on_step, at, len(groups))
        made |= zip(numbers, run([requests[number] for number in numbers], settings, step), strict=True)
    return [made[number] for number in range(len(requests))]


def _within(on_step: Step, at: int, groups: int) -> Step:
    return lambda step, steps: on_step(at * steps + step, groups * steps)
