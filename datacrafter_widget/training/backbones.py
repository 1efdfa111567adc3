"""Image classifiers by name, from timm."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from datacrafter_widget.errors import InputError
from datacrafter_widget.models.hub import reached

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from torch import nn

    from datacrafter_widget.training.pictures import Picture

SMALL = 48  # pixels; up to here, networks that learn from scratch go without their first pooling
_SIDE_STEP = 32
_LARGEST_SIDE = 224


def create_backbone(
    name: str, class_count: int, *, pretrained: bool, image_size: int, options: Mapping[str, Any]
) -> nn.Module:
    """A classifier with its last layer for `class_count` classes.

    A network with weights from scratch and a pooling right after its first convolution (a ResNet) goes without
    that pooling on small pictures, which would leave it too few pixels.

    Args:
        name: of a timm model such as "resnet50", "hf-hub:…", or a folder that timm saved.
        class_count: C.
        pretrained: take its trained weights, from the hub or the folder.
        image_size: side of the pictures in pixels.
        options: further arguments of `timm.create_model`.

    Raises:
        InputError: an unknown name, or options that the model does not take.
        ModelError: weights that can't be had.
    """
    import timm
    from torch import nn

    known = _known(name)
    arguments: dict[str, Any] = {"num_classes": class_count, **options}
    if _made_for(known)[1]:
        arguments["img_size"] = image_size
    if pretrained or ":" in known:
        with reached(name, "a timm model"):
            return timm.create_model(known, pretrained=pretrained, **arguments)
    try:
        model = timm.create_model(known, **arguments)
    except TypeError as error:
        raise InputError(
            f"model_options: expected arguments of timm's {name!r}, found {dict(options)}: {error}"
        ) from error
    if image_size <= SMALL and isinstance(getattr(model, "maxpool", None), nn.MaxPool2d):
        model.maxpool = nn.Identity()
    return model


def image_size_for(name: str, images: Sequence[Picture] | np.ndarray, *, pretrained: bool) -> int:
    """The side at which a model should see these pictures.

    That is the side a model was made for where it is pretrained or takes no other, else the pictures' own (the
    median of their shorter sides, up to 224), as a multiple of 32.
    """
    own, fixed = _made_for(_known(name))
    if pretrained or fixed:
        return own
    shorter = [
        _shorter_side(images[i]) for i in np.linspace(0, len(images) - 1, min(len(images), 50)).astype(int)
    ]
    side = float(np.median(shorter)) if shorter else _LARGEST_SIDE
    return int(np.clip(round(side / _SIDE_STEP) * _SIDE_STEP, _SIDE_STEP, _LARGEST_SIDE))


def normalisation(model: nn.Module) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """(mean, standard deviation) of the channels that a timm model expects, from values of 0 to 1."""
    from timm.data.config import resolve_model_data_config

    settings = resolve_model_data_config(model)
    return tuple(settings["mean"]), tuple(settings["std"])


def _known(name: str) -> str:
    """The name as timm takes it."""
    import timm

    if Path(name).is_dir():
        return f"local-dir:{name}"
    if ":" in name:
        return name
    if not timm.is_model(name.split(".", maxsplit=1)[0]):
        import difflib

        near = difflib.get_close_matches(name, timm.list_models(), 3)
        hint = f"did you mean {', '.join(near)}" if near else "timm.list_models() lists them"
        raise InputError(f"model: expected the name of a timm model or a folder, found {name!r}; {hint}?")
    return name


def _made_for(known: str) -> tuple[int, bool]:
    """The side in pixels that a model was made for, and whether it is built for one side only (as a ViT is)."""
    import timm

    if ":" in known:
        with reached(known, "a timm model"):
            settings = timm.create_model(known, pretrained=False).pretrained_cfg
    else:
        found = timm.get_pretrained_cfg(known)
        settings = found.to_dict() if found else {}
    side = settings.get("input_size", (3, _LARGEST_SIDE, _LARGEST_SIDE))[-1]
    return int(side), bool(settings.get("fixed_input_size"))


def _shorter_side(picture: Picture) -> int:
    from PIL import Image

    if isinstance(picture, np.ndarray):
        return min(picture.shape[:2])
    if isinstance(picture, Image.Image):
        return min(picture.size)
    with Image.open(picture) as image:
        return min(image.size)
