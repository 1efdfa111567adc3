"""From pictures to a file that diffusers loads."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from datacrafter_widget.errors import DataCrafterError, InputError, OutOfMemoryError, StoreError
from datacrafter_widget.models.device import free_memory, is_out_of_memory, translate_oom
from datacrafter_widget.models.hub import first_line
from datacrafter_widget.models.tuning.files import read_tensors, write_tensors
from datacrafter_widget.models.tuning.learners import LearnedChange, LearnedWeights, LearnedWord
from datacrafter_widget.models.tuning.loop import Latents, check_same, train
from datacrafter_widget.models.tuning.parts import Parts

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    import torch
    from PIL import Image

    from datacrafter_widget.jobs import Job
    from datacrafter_widget.models.tuning.learners import Learner
    from datacrafter_widget.models.tuning.settings import TuningSettings

FILE_NAME = "concept.safetensors"
LOG_NAME = "training.json"
_CACHE = "encoded.safetensors"
_CHECKPOINT = "checkpoint.safetensors"

LEAST_PICTURES = 3
TOO_SMALL = 32
"""Pixels of the longer side up to which textual inversion learns nothing of use (GenBench, appendix)."""


def check_pictures(sizes: Sequence[tuple[int, int]], settings: TuningSettings) -> None:
    """See that there are enough pictures to learn from, and that they are large enough.

    Args:
        sizes: width and height of each.
        settings: of the training.

    Raises:
        InputError: fewer than three, or too small for textual inversion.
    """
    if len(sizes) < LEAST_PICTURES:
        msg = f"expected {LEAST_PICTURES} or more pictures to learn {settings.token} from, found {len(sizes)}"
        raise InputError(msg)
    small = sum(max(size) <= TOO_SMALL for size in sizes)
    if settings.method == "textual_inversion" and small:
        msg = (
            f"{small} of the {len(sizes)} pictures measure {TOO_SMALL} pixels or fewer; textual inversion learns "
            'nothing of use from such (GenBench). Take larger pictures, or method="lora"'
        )
        raise InputError(msg)


def has_begun(folder: Path) -> bool:
    """Whether there is a training in the folder that can be gone on with."""
    return any((folder / name).exists() for name in (_CHECKPOINT, LOG_NAME))


def tune(
    model_folder: Path,
    pictures: Callable[[], Sequence[Image.Image]],
    settings: TuningSettings,
    folder: Path,
    *,
    job: Job[Any],
    device: str = "cpu",
    model_name: str | None = None,
    prior: Callable[[], Sequence[Image.Image]] | None = None,
) -> Path:
    """Teach a Stable Diffusion 1.x, 2.x or XL pipeline a concept, or go on with it where it was cut off.

    Args:
        model_folder: the diffusers pipeline, which is not changed.
        pictures: gives the pictures to learn from; asked once, what comes of them is kept in `folder`.
        settings: of the training.
        folder: where the training keeps its files; made when missing. With a checkpoint of the same training it
            goes on from there and ends, on the CPU, with bitwise the same file as without the interruption.
        job: shows the progress. Cancelling it keeps a checkpoint.
        device: as `resolve_device` gives it.
        model_name: what the user called the model.
        prior: gives pictures of the class as the model draws it, for prior preservation (LoRA only). They show
            `settings.prior_prompt`.

    Returns:
        The file in `folder`, for `load_textual_inversion` or `load_lora_weights`. (For SDXL the vectors of a
        textual inversion are "clip_l" and "clip_g", one for each text encoder.) Beside it `training.json` has
        the settings and every step's loss.

    Raises:
        InputError: the pictures don't do, or the folder is of another training.
        ModelError: the model can't be loaded, is of another family, or the loss is no number any more.
        OutOfMemoryError: the device's memory ran out.
        StoreError: the disk refused.
        JobCancelled: the job was cancelled.
    """
    failure: OutOfMemoryError | None = None
    try:
        return _tune(
            model_folder, model_name or model_folder.name, pictures, prior, settings, folder, job, device
        )
    except OSError as error:
        msg = f"the training of {settings.token} can't be kept in {folder}: {first_line(error)}. Free some disk space"
        raise StoreError(msg) from error
    except Exception as error:
        if isinstance(error, DataCrafterError) or not is_out_of_memory(error):
            raise
        failure = translate_oom(error, settings.batch_size, device)
    finally:
        free_memory(device)
    raise failure  # outside of `except`: the library's traceback holds on to the tensors


def _tune(
    model_folder: Path,
    model_name: str,
    pictures: Callable[[], Sequence[Image.Image]],
    prior: Callable[[], Sequence[Image.Image]] | None,
    settings: TuningSettings,
    folder: Path,
    job: Job[Any],
    device: str,
) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    log = folder / LOG_NAME
    if log.exists():  # it was cut off after its last step
        check_same(log, json.loads(log.read_text("utf-8")), settings)
        return folder / FILE_NAME
    job.update(done=0, total=settings.steps, message="loading the model")
    parts = Parts(model_folder, model_name, device, settings.size)
    cache = folder / _CACHE
    if not cache.exists():
        job.update(message="encoding the pictures")
        write_tensors(cache, _encode(parts, pictures, prior, settings), {"settings": settings.to_json()})
    encoded, state = read_tensors(cache)
    check_same(cache, state, settings)
    latents = Latents(encoded.pop("pictures"), encoded.pop("prior", None))
    learner: Learner
    if settings.method == "lora":
        for encoder in parts.text_encoders:
            encoder.to("cpu")
        learner = (LearnedWeights if settings.full else LearnedChange)(parts, settings, encoded)
    else:
        parts.place_unet()
        learner = LearnedWord(parts, settings)
    losses = train(parts, learner, latents, settings, folder / _CHECKPOINT, job)
    learner.save(folder / FILE_NAME)
    temporary = log.with_name(f".new-{LOG_NAME}")
    temporary.write_text(json.dumps({"settings": settings.to_json(), "losses": losses}), encoding="utf-8")
    temporary.replace(log)  # last: it says that the training is over
    for leftover in (_CHECKPOINT, _CACHE):
        (folder / leftover).unlink(missing_ok=True)
    return folder / FILE_NAME


def _encode(
    parts: Parts,
    pictures: Callable[[], Sequence[Image.Image]],
    prior: Callable[[], Sequence[Image.Image]] | None,
    settings: TuningSettings,
) -> dict[str, torch.Tensor]:
    """Everything about the pictures and prompts that does not change while training."""
    found = pictures()
    check_pictures([picture.size for picture in found], settings)
    for name in ("prompts", "weights"):
        given = len(getattr(settings, name))
        if given not in (0, len(found)):
            msg = f"{name}: expected none, or one for each of the {len(found)} pictures, found {given}"
            raise InputError(msg)
    encoded = {"pictures": parts.encode_pictures(found)}
    if settings.method == "lora":
        encoded |= LearnedChange.encode(parts, settings)
        if prior is not None:
            encoded["prior"] = parts.encode_pictures(prior())
    return encoded
