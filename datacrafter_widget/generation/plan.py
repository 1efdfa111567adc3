"""What a generation round is to make, decided before its first picture: prompts, seeds, parents."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Literal, get_args

import numpy as np

from datacrafter_widget.errors import InputError
from datacrafter_widget.generation.templates import PromptTemplate
from datacrafter_widget.store.records import PlannedPicture

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from datacrafter_widget.store.records import ClassRow, Template

Perturbation = Literal["text2image", "image2image", "gif", "gif_unoptimised"]
"""How a round leaves the originals: not at all ("text2image"), by adding noise to a parent's latent and
denoising it ("image2image"), or by moving the latent before that: at random within bounds ("gif_unoptimised"),
and from there towards informative and diverse pictures ("gif"; Zhang et al., NeurIPS 2023)."""

FROM_ORIGINALS: frozenset[str] = frozenset(get_args(Perturbation)) - {"text2image"}
"""The perturbations that start from a parent, and so have a strength."""

SEED_BITS = 53  # exact in JavaScript and in JSON readers, too


def plan_pictures(
    classes: Sequence[ClassRow],
    templates_by_class: Mapping[int, Sequence[Template]],
    *,
    per_class: int,
    seed: int,
    parents_by_class: Mapping[int, Sequence[int]] | None = None,
    perturbation: Perturbation = "text2image",
    strength: float | None = None,
    guidance_scale: float,
    num_inference_steps: int,
    width: int,
    height: int,
) -> list[PlannedPicture]:
    """Plan `per_class` pictures of each class; the classes take turns, so that all grow together.

    Everything random comes from `seed`, the class's id and the picture's number in its class: a picture keeps
    its prompt and its seed when other classes are added or `per_class` grows. A class's templates take turns,
    as do its parents, in an order shuffled by `seed`. The perturbations share prompts, seeds and parents; only
    the order differs: with "gif…" parents take turns in place of pictures, so that the pictures of one parent,
    which are made unlike each other, come in the same batch.

    Args:
        classes: the classes to make pictures of.
        templates_by_class: class id → its templates.
        per_class: pictures a class.
        seed: 0 or more; another one for each round, else a round repeats the one before.
        parents_by_class: class id → ids of the pictures to start from, for all but "text2image".
        perturbation: how to leave the originals.
        strength: how far to leave the parent, for all but "text2image".
        guidance_scale: classifier-free guidance.
        num_inference_steps: denoising steps.
        width: pixels.
        height: pixels.

    Returns:
        Drafts with `index` 0, 1, … and no ids, for `Store.create_job`.

    Raises:
        InputError: nothing to make, a class without templates or parents, or a setting out of range.
        TemplateError: a template that can't be parsed.
    """
    check_settings(
        per_class=per_class,
        seed=seed,
        perturbation=perturbation,
        strength=strength,
        guidance_scale=guidance_scale,
        num_inference_steps=num_inference_steps,
    )
    if not classes:
        msg = "expected at least one class to generate, found none; import originals or add a class first"
        raise InputError(msg)
    starts_from_parents = perturbation in FROM_ORIGINALS
    if starts_from_parents and strength is None:
        msg = f"strength: expected a number above 0 and up to 1 for {perturbation}, found None"
        raise InputError(msg)
    columns = []
    for row in classes:
        templates = templates_by_class.get(row.id) or ()
        if not templates:
            msg = f"the class {row.name!r} has no template; add one, such as 'a photo of a {{class}}'"
            raise InputError(msg)
        parents: Sequence[int | None] = (None,)
        if starts_from_parents:
            parents = _shuffled((parents_by_class or {}).get(row.id) or (), seed, row)
        columns.append(_drafts(row, templates, parents, per_class, seed))
    turns: Iterable[_Draft] = itertools.chain.from_iterable(zip(*columns, strict=True))
    if perturbation.startswith("gif"):
        turns = _by_parents(columns)
    return [
        PlannedPicture(
            index=index,
            class_id=row.id,
            template_id=template.id,
            template=template.text,
            prompt=prompt,
            negative_prompt=template.negative.replace("{class}", row.word),
            seed=own_seed,
            parent_id=parent,
            strength=strength if parent is not None else None,
            guidance_scale=guidance_scale,
            num_inference_steps=num_inference_steps,
            width=width,
            height=height,
            perturbation=perturbation,
        )
        for index, (row, template, prompt, own_seed, parent) in enumerate(turns)
    ]


_Draft = tuple["ClassRow", "Template", str, int, int | None]


def _by_parents(columns: Sequence[Sequence[_Draft]]) -> Iterator[_Draft]:
    """The drafts of all classes with parents taking turns: one of each class, then the next of each."""
    families: list[dict[int | None, list[_Draft]]] = []
    for column in columns:
        by_parent: dict[int | None, list[_Draft]] = {}
        for draft in column:
            by_parent.setdefault(draft[-1], []).append(draft)
        families.append(by_parent)
    for turn in itertools.zip_longest(*(by_parent.values() for by_parent in families), fillvalue=()):
        yield from itertools.chain.from_iterable(turn)


def _drafts(
    row: ClassRow,
    templates: Sequence[Template],
    parents: Sequence[int | None],
    count: int,
    seed: int,
) -> list[_Draft]:
    parsed = [PromptTemplate.parse(template.text) for template in templates]
    drafts = []
    for number in range(count):
        randomness = np.random.SeedSequence(seed, spawn_key=(row.id, number))
        own_seed = int(randomness.generate_state(1, np.uint64)[0] >> np.uint64(64 - SEED_BITS))
        turn = number % len(templates)
        prompt = parsed[turn].sample(np.random.default_rng(randomness.spawn(1)[0]), row.word)
        drafts.append((row, templates[turn], prompt, own_seed, parents[number % len(parents)]))
    return drafts


def _shuffled(parents: Sequence[int], seed: int, row: ClassRow) -> list[int]:
    if not parents:
        msg = (
            f'the class {row.name!r} has no original to start from; use perturbation="text2image", '
            "or import originals of this class"
        )
        raise InputError(msg)
    rng = np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(row.id,)))
    return [int(parents[at]) for at in rng.permutation(len(parents))]


def check_settings(
    *,
    per_class: int,
    seed: int | None,
    perturbation: str,
    strength: float | None,
    guidance_scale: float | None,
    num_inference_steps: int | None,
) -> None:
    """Check what a round is asked for; None stands for a default that is not known yet.

    Raises:
        InputError: a setting is out of range.
    """
    if per_class < 1:
        raise InputError(f"per_class: expected 1 or more, found {per_class}")
    if seed is not None and seed < 0:
        raise InputError(f"seed: expected 0 or more, found {seed}")
    if perturbation not in get_args(Perturbation):
        known = ", ".join(f'"{name}"' for name in get_args(Perturbation))
        raise InputError(f"perturbation: expected one of {known}; found {perturbation!r}")
    if strength is not None and not 0 < strength <= 1:
        raise InputError(f"strength: expected a number above 0 and up to 1, found {strength}")
    if guidance_scale is not None and not 0 <= guidance_scale < float("inf"):
        raise InputError(f"guidance_scale: expected a number of 0 or more, found {guidance_scale}")
    if num_inference_steps is not None and num_inference_steps < 1:
        raise InputError(f"num_inference_steps: expected 1 or more, found {num_inference_steps}")
