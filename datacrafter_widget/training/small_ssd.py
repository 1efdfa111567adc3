"""A small single-shot detector for little pictures, quick enough to be trained from scratch on a CPU."""

from __future__ import annotations

from typing import Any

import torch
from torch import nn
from torchvision.models.detection.anchor_utils import DefaultBoxGenerator
from torchvision.models.detection.image_list import ImageList
from torchvision.models.detection.ssd import SSD
from torchvision.ops import box_iou

SIZE = 64
"""Side of the pictures it is made for, in pixels."""
# Sides of the boxes that the three maps begin with, as shares of the picture's, and one beyond the last.
_SCALES = (0.3, 0.5, 0.75, 0.95)
_MOST_FOUND = 20
_MEAN = 0.5


class SmallBackbone(nn.Sequential):
    """Eight convolutions: maps at an eighth, a sixteenth and a thirty-second of the picture's side.

    Args:
        width: channels of the first convolution; those of the others are multiples of it.
    """

    def __init__(self, width: int) -> None:
        narrow, middle, wide = 2 * width, 4 * width, 6 * width
        super().__init__(
            nn.Sequential(
                _block(3, width, 2), _block(width, narrow, 2), _block(narrow, narrow),
                _block(narrow, middle, 2), _block(middle, middle),
            ),
            nn.Sequential(_block(middle, wide, 2), _block(wide, wide)),
            _block(wide, wide, 2),
        )  # fmt: skip
        self.out_channels = [middle, wide, wide]

    def forward(self, images: torch.Tensor) -> dict[str, torch.Tensor]:
        """(N, 3, H, W) → the three maps by name, finest first."""
        maps = {}
        for name, stage in self.named_children():
            images = maps[name] = stage(images)
        return maps


class SmallSSD(SSD):
    """An SSD whose loss is computed for a batch at once: one picture after the other costs more than the network.

    The hardest negatives are chosen among all pictures of the batch, so that one without objects teaches too.
    """

    def forward(
        self, images: list[torch.Tensor], targets: list[dict[str, torch.Tensor]] | None = None
    ) -> Any:
        """As torchvision's: losses by name while training, else a dict of detections a picture."""
        if not self.training or targets is None:
            return super().forward(images)
        batch = (torch.stack(images) - _MEAN) / _MEAN
        maps = list(self.backbone(batch).values())
        outputs = {name: each.flatten(0, 1)[None] for name, each in self.head(maps).items()}
        sizes = [(batch.shape[-2], batch.shape[-1])] * len(batch)
        # The batch as one strip of pictures, far enough apart that no box reaches into another's anchors.
        shifts = [2.0 * max(sizes[0]) * at for at in range(len(batch))]
        anchors = self.anchor_generator(ImageList(batch, sizes), maps)
        strip = torch.cat([each + shift for each, shift in zip(anchors, shifts, strict=True)])
        objects = {
            "boxes": torch.cat([each["boxes"] + shift for each, shift in zip(targets, shifts, strict=True)]),
            "labels": torch.cat([each["labels"] for each in targets]),
        }
        matched = torch.full((len(strip),), -1, device=strip.device)
        if len(objects["boxes"]):
            matched = self.proposal_matcher(box_iou(objects["boxes"], strip))
        return self.compute_loss([objects], outputs, [strip], [matched])


def small_ssd(class_count: int, *, size: int = SIZE, width: int = 16) -> SmallSSD:
    """Torchvision's SSD (Liu et al., ECCV 2016) on a small backbone: 0.4 M parameters with ten classes.

    Args:
        class_count: classes of objects.
        size: side of the pictures in pixels, 32 or more.
        width: of the backbone.
    """
    backbone = SmallBackbone(width)
    anchors = DefaultBoxGenerator([[2]] * len(backbone.out_channels), scales=list(_SCALES))
    return SmallSSD(
        backbone,
        anchors,
        (size, size),
        class_count + 1,  # class 0 is the background
        image_mean=[_MEAN] * 3,
        image_std=[_MEAN] * 3,
        detections_per_img=_MOST_FOUND,
    )


def _block(inputs: int, outputs: int, stride: int = 1) -> nn.Sequential:
    convolution = nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False)
    return nn.Sequential(convolution, nn.BatchNorm2d(outputs), nn.ReLU(inplace=True))
