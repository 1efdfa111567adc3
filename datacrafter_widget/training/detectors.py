"""Detectors by name: the small one of this package, and torchvision's."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from datacrafter_widget.errors import InputError, ModelError

if TYPE_CHECKING:
    from collections.abc import Mapping

    import torch

SMALL = "small_ssd"
_SIZES = {"ssd300_vgg16": 300, "ssdlite320_mobilenet_v3_large": 320}  # theirs is fixed
_USUAL_SIZE = 640


def usual_size(name: str) -> int:
    """Side of the pictures, in pixels, that suits a detector."""
    if name == SMALL:
        from datacrafter_widget.training.small_ssd import SIZE

        return SIZE
    return _SIZES.get(name, _USUAL_SIZE)


def build_detector(name: str, class_count: int, *, size: int, pretrained: bool = False) -> Any:
    """A detector whose classes 1 to C are ours 0 to C-1; class 0 is the background.

    Args:
        name: "small_ssd", or one of torchvision: "ssd300_vgg16", "ssdlite320_mobilenet_v3_large",
            "fasterrcnn_resnet50_fpn", "fasterrcnn_resnet50_fpn_v2", "fasterrcnn_mobilenet_v3_large_fpn",
            "retinanet_resnet50_fpn", ….
        class_count: C.
        size: side of the pictures in pixels.
        pretrained: begin with the weights that torchvision has from COCO, but for the layers that name classes.

    Raises:
        InputError: an unknown name, a size that the detector can't take, or no weights of it.
        ModelError: the weights can't be loaded.
    """
    if name == SMALL:
        if pretrained:
            raise InputError(f"{SMALL}: expected pretrained=False, there are no weights of it")
        from datacrafter_widget.training.small_ssd import small_ssd

        return small_ssd(class_count, size=size)
    from torchvision.models import get_model

    _check(name, size)
    fixed = {} if name in _SIZES else {"min_size": size, "max_size": size}
    model = get_model(name, weights=None, weights_backbone=None, num_classes=class_count + 1, **fixed)
    if pretrained:
        begin_with(model, _coco_weights(name))
    return model


def begin_with(model: torch.nn.Module, weights: Mapping[str, torch.Tensor]) -> int:
    """Take over the weights that have the same name and shape; how many.

    What differs are the layers that name classes: they are learned anew.
    """
    own = model.state_dict()
    fitting = {name: each for name, each in weights.items() if name in own and own[name].shape == each.shape}
    model.load_state_dict(fitting, strict=False)
    return len(fitting)


def freeze_statistics(model: torch.nn.Module) -> None:
    """Let batch norm use the statistics it has while training: a few large pictures are too small a batch."""
    from torch.nn import BatchNorm2d

    for module in model.modules():
        if isinstance(module, BatchNorm2d):
            module.eval()


def _check(name: str, size: int) -> None:
    from torchvision import models

    known = [
        each
        for each in models.list_models(module=models.detection)
        if not each.startswith(("maskrcnn", "keypointrcnn"))
    ]
    if name not in known:
        raise InputError(f"model: expected {SMALL!r} or one of {', '.join(known)}; found {name!r}")
    if size != _SIZES.get(name, size):
        raise InputError(f"image_size: expected {_SIZES[name]} or None with {name}, found {size}")


def _coco_weights(name: str) -> Mapping[str, torch.Tensor]:
    from torchvision.models import get_model_weights

    try:
        return get_model_weights(name).DEFAULT.get_state_dict(progress=False, check_hash=True)
    except (OSError, RuntimeError) as error:  # no network, or a file that was cut off
        raise ModelError(
            f"the COCO weights of {name} can't be loaded: {error}. Connect to the internet once, or use "
            "pretrained=False"
        ) from error
