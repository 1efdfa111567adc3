"""Networks that measures are defined by: Inception's features for FID and KID, and LPIPS.

Both are other people's code and weights, of the extra "metrics"; the weights are downloaded when first asked for.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, get_args

import numpy as np

from datacrafter_widget.errors import InputError, ModelError
from datacrafter_widget.models.device import oom_translated, resolve_device
from datacrafter_widget.models.hub import first_line

if TYPE_CHECKING:
    import os
    from collections.abc import Iterator, Sequence

    import torch
    from numpy.typing import NDArray
    from PIL import Image

_FEATURES = "2048"

Net = Literal["alex", "vgg", "squeeze"]


class InceptionEncoder:
    """The features that FID and KID are defined on: Inception v3 of 2015, by torch-fidelity.

    With them `metrics.frechet_distance` is FID, and `metrics.subset_kernel_distance` KID, as they are published:

    >>> encoder = InceptionEncoder()
    >>> fid = frechet_distance(encoder.encode_images(originals), encoder.encode_images(generated))
    """

    dim = 2048

    def __init__(self, weights: str | os.PathLike[str] | None = None, *, device: str = "auto") -> None:
        """Load the network.

        Args:
            weights: torch-fidelity's file of weights, for a computer without a network; None: download it.
            device: "auto", "cpu", "mps", "cuda", "cuda:1" …

        Raises:
            ModelError: torch-fidelity isn't installed, or the weights or the device are not there.
        """
        try:
            from torch_fidelity import feature_extractor_inceptionv3 as published
        except ImportError as error:
            raise _missing("Inception's features need torch-fidelity") from error
        import torch

        self.device = resolve_device(device)
        try:
            # The library unpickles whatever the file holds; this refuses all but tensors before it does.
            if weights is None:
                torch.hub.load_state_dict_from_url(
                    published.URL_INCEPTION_V3, map_location="cpu", check_hash=True, weights_only=True
                )
            else:
                torch.load(weights, map_location="cpu", weights_only=True)
            network = published.FeatureExtractorInceptionV3(
                "inception-v3-compat", [_FEATURES], feature_extractor_weights_path=weights
            )
        except Exception as error:
            where = weights or published.URL_INCEPTION_V3
            raise _not_loaded("Inception's weights", where, error) from error
        self._network = network.eval().to(self.device)

    def encode_images(self, images: Sequence[Image.Image], batch_size: int = 32) -> NDArray[np.float32]:
        """Features of pictures of any sizes, (N, 2048); their length is not 1.

        Raises:
            OutOfMemoryError: with the batch size to try.
        """
        import torch

        features = np.empty((len(images), self.dim), np.float32)
        for rows in _of_one_size([image.size for image in images], batch_size):
            with torch.inference_mode(), oom_translated(batch_size, self.device):
                (found,) = self._network(_pixels(images, rows).to(self.device))
                features[rows] = found.float().cpu().numpy()
        return features


class PerceptualDistance:
    """LPIPS: how different two pictures look to a trained network (Zhang et al., CVPR 2018), by torchmetrics.

    >>> PerceptualDistance().distances(originals, edited)
    """

    def __init__(
        self, net: Net = "alex", *, network: torch.nn.Module | None = None, device: str = "auto"
    ) -> None:
        """Load the network.

        Args:
            net: "alex" (usual for comparisons), "vgg" or "squeeze"; torchvision downloads its weights.
            network: one of your own instead, such as `lpips.LPIPS()`: it takes two batches of pictures
                (N, 3, H, W) from -1 to 1, and returns N distances.
            device: "auto", "cpu", "mps", "cuda", "cuda:1" …

        Raises:
            InputError: an unknown `net`.
            ModelError: torchmetrics isn't installed, or the weights or the device are not there.
        """
        if net not in get_args(Net):
            raise InputError(f"net: expected 'alex', 'vgg' or 'squeeze', found {net!r}.")
        self.device = resolve_device(device)
        self._network: Any = (network or _published_lpips(net)).eval().to(self.device)

    def distances(
        self, first: Sequence[Image.Image], second: Sequence[Image.Image], batch_size: int = 16
    ) -> NDArray[np.float32]:
        """LPIPS of each pair, (N,): 0 for equal pictures, about 1 for pictures without anything in common.

        Args:
            first: pictures.
            second: the other picture of each pair, of the same size.
            batch_size: pairs at a time.

        Raises:
            InputError: the lists or the pictures of a pair differ in size.
            OutOfMemoryError: with the batch size to try.
        """
        import torch

        sizes = [image.size for image in first]
        others = [image.size for image in second]
        if sizes != others:
            odd = next((pair for pair in zip(sizes, others, strict=False) if pair[0] != pair[1]), None)
            found = f"a pair of {odd[0]} and {odd[1]}" if odd else f"{len(sizes)} and {len(others)} pictures"
            raise InputError(
                f"distances: expected pairs of pictures of one size, found {found}. Resize one of them."
            )
        values = np.empty(len(first), np.float32)
        for rows in _of_one_size(sizes, batch_size):
            with torch.inference_mode(), oom_translated(batch_size, self.device):
                a, b = (_pixels(images, rows).to(self.device) / 127.5 - 1 for images in (first, second))
                values[rows] = self._network(a, b).reshape(len(rows)).float().cpu().numpy()
        return values


def _published_lpips(net: Net) -> torch.nn.Module:
    try:
        from torchmetrics.image.lpip import LearnedPerceptualImagePatchSimilarity
    except ImportError as error:
        raise _missing("LPIPS needs torchmetrics") from error
    try:
        return LearnedPerceptualImagePatchSimilarity(net_type=net).net
    except Exception as error:
        raise _not_loaded("the weights of LPIPS", "torchvision's site", error) from error


def _of_one_size(sizes: Sequence[tuple[int, int]], batch_size: int) -> Iterator[list[int]]:
    """Indices of pictures of one size, at most `batch_size` at a time."""
    rows: dict[tuple[int, int], list[int]] = {}
    for row, size in enumerate(sizes):
        rows.setdefault(size, []).append(row)
    for alike in rows.values():
        yield from (alike[start : start + batch_size] for start in range(0, len(alike), batch_size))


def _pixels(images: Sequence[Image.Image], rows: Sequence[int]) -> torch.Tensor:
    """(N, 3, H, W) uint8."""
    import torch

    return torch.from_numpy(np.stack([np.array(images[row].convert("RGB")) for row in rows])).permute(
        0, 3, 1, 2
    )


def _missing(what: str) -> ModelError:
    return ModelError(
        f"{what}, which isn't installed; install it with: pip install 'datacrafter-widget[metrics]'"
    )


def _not_loaded(what: str, where: object, error: Exception) -> ModelError:
    return ModelError(
        f"{what} can't be had: expected them at {where}, found {type(error).__name__} ({first_line(error)}). "
        "Check the file or the network; without a network, metrics.frechet_distance and "
        "metrics.subset_kernel_distance also take the features of the session's encoder, and metrics.similarity.ssim "
        "needs no network"
    )
