"""Editors that look at a reference picture by IP-Adapter: its style for a picture, or its object into a picture."""

from __future__ import annotations

import contextlib
import math
from abc import abstractmethod
from typing import TYPE_CHECKING, Any, ClassVar

from datacrafter_widget.errors import ModelError
from datacrafter_widget.models import pipelines
from datacrafter_widget.models.device import is_out_of_memory
from datacrafter_widget.models.editors import frames, sliders
from datacrafter_widget.models.editors.borrowed import BorrowingEditor, Family, family_of, files_of
from datacrafter_widget.models.editors.editor import Abilities
from datacrafter_widget.models.hub import first_line, quiet_loading

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from datacrafter_widget.models.editors.editor import EditRequest

_ADAPTERS: dict[Family, tuple[str, str]] = {
    "sd": ("models", "ip-adapter_sd15.safetensors"),
    "sdxl": ("sdxl_models", "ip-adapter_sdxl.safetensors"),
}


class IPAdapterEditor(BorrowingEditor):
    """IP-Adapter (Ye et al., 2023) on the session's Stable Diffusion or SDXL, or on one of its own.

    The adapter is in the UNet only while an edit runs: the session's generator stays what it is.
    """

    together = False
    inpaints: ClassVar[bool]

    def __init__(
        self,
        model: str = "h94/IP-Adapter",
        *,
        generator: Any = None,
        base: str | None = None,
        subfolder: str | None = None,
        weight_name: str | None = None,
        device: str = "auto",
        dtype: str = "auto",
    ) -> None:
        """Find the adapter; weights are loaded by the first edit.

        Args:
            model: hub id or folder of the adapter.
            generator: of the session.
            base: a Stable Diffusion or SDXL in the place of the session's generator.
            subfolder: of the adapter's file, and of its `image_encoder`.
            weight_name: the adapter's file, in safetensors.
            device: "auto", "cpu", "cuda:0" … where it has a generator of its own.
            dtype: likewise.

        Raises:
            ModelError: a model is not there.
        """
        family = family_of(generator)
        super().__init__(generator if family else None, family or "sd", base, device, dtype)
        self._family: Family = family_of(self.generator) or "sd"
        usual_folder, usual_weights = _ADAPTERS[self._family]
        self.model = str(model)
        self._subfolder, self._weights = subfolder or usual_folder, weight_name or usual_weights
        encoder = f"{self._subfolder}/image_encoder/"
        patterns = (f"{self._subfolder}/{self._weights}", f"{encoder}*.json", f"{encoder}*.safetensors")
        self._folder, revision = files_of(self.model, "an IP-Adapter", patterns)
        self.revision = f"{self.generator.revision}+{revision}"
        self._encoder: tuple[Any, Any] | None = None
        self._in_unet: _InUNet | None = None

    @abstractmethod
    def scale(self, picture_influence: float) -> float:
        """How much the reference counts."""

    @abstractmethod
    def strength(self, picture_influence: float) -> float:
        """How far the picture is left."""

    def blocks(self, scale: float) -> Any:
        """The scale for the blocks where the adapter works, for `set_ip_adapter_scale`."""
        return scale

    def parameters(self, request: EditRequest) -> dict[str, Any]:
        """Strength, the adapter's weight, guidance, steps (of which `strength` are done) and size."""
        usual = self.generator.defaults
        strength = round(self.strength(request.picture_influence), 3)
        width, height = frames.working_size(request.picture.size, usual.width, usual.height)
        return {
            "strength": strength,
            "ip_adapter_scale": round(self.scale(request.picture_influence), 3),
            "guidance_scale": sliders.guidance_for(request.text_influence, usual.guidance_scale),
            "num_inference_steps": math.ceil(
                sliders.steps_for(request.steps, usual.num_inference_steps) / strength
            ),
            "width": width,
            "height": height,
        }

    def arguments(self, batch: Sequence[EditRequest], size: tuple[int, int]) -> dict[str, Any]:
        """The picture, the reference, and the mask."""
        (request,) = batch
        assert request.reference is not None
        given = super().arguments(batch, size) | {"ip_adapter_image": request.reference.convert("RGB")}
        if self.inpaints and request.mask is not None:
            given["mask_image"] = [frames.mask_at_size(request.mask, size)]
        return given

    def prepare(self, pipeline: Any, given: dict[str, Any]) -> None:
        """Set how much the reference counts."""
        pipeline.set_ip_adapter_scale(self.blocks(given["ip_adapter_scale"]))

    @contextlib.contextmanager
    def lent(self, words: Sequence[str], count: int) -> Iterator[tuple[Any, list[str]]]:
        """The generator's pipeline, extended, with the adapter in its UNet."""
        with super().lent(words, count) as (pipeline, in_words):
            before = _InUNet.of(pipeline.unet)
            assert self._in_unet is not None
            self._in_unet.put(pipeline.unet)
            try:
                yield pipeline, in_words
            finally:
                before.put(pipeline.unet)

    def extended(self, pipeline: Any) -> Any:
        """An image-to-image or inpainting pipeline with the adapter's image encoder; the UNet stays as it is."""
        from diffusers import AutoPipelineForImage2Image, AutoPipelineForInpainting

        auto = AutoPipelineForInpainting if self.inpaints else AutoPipelineForImage2Image
        other = pipelines.from_parts(auto, pipeline)
        if self._encoder is None:
            self._load(other)
        assert self._encoder is not None
        image_encoder, feature_extractor = self._encoder
        other.register_modules(image_encoder=image_encoder, feature_extractor=feature_extractor)
        return other

    def release(self) -> None:
        """Let go of the adapter, and of a generator of its own."""
        self._encoder = self._in_unet = None
        super().release()

    def _load(self, pipeline: Any) -> None:
        before = _InUNet.of(pipeline.unet)
        try:
            with quiet_loading():
                pipeline.load_ip_adapter(
                    str(self._folder),
                    subfolder=self._subfolder,
                    weight_name=self._weights,
                    local_files_only=True,
                )
            self._encoder = pipeline.image_encoder, pipeline.feature_extractor
            self._in_unet = _InUNet.of(pipeline.unet)
        except Exception as error:
            if is_out_of_memory(error):
                raise
            msg = (
                f"the IP-Adapter {self.model!r} can't be used with {self.generator.name!r}: expected "
                f"{self._subfolder}/{self._weights} and {self._subfolder}/image_encoder, made for its UNet; found "
                f"{type(error).__name__}: {first_line(error)}"
            )
            raise ModelError(msg) from error
        finally:
            before.put(pipeline.unet)


class _InUNet:
    """What an IP-Adapter changes in a UNet: attention processors, and what makes tokens of image embeddings."""

    def __init__(self, processors: dict[str, Any], projection: Any, kind: Any) -> None:
        self._processors = processors
        self._projection = projection
        self._kind = kind

    @classmethod
    def of(cls, unet: Any) -> _InUNet:
        """What is in a UNet now."""
        return cls(dict(unet.attn_processors), unet.encoder_hid_proj, unet.config.encoder_hid_dim_type)

    def put(self, unet: Any) -> None:
        """Put it into a UNet."""
        unet.set_attn_processor(dict(self._processors))  # it takes them out of the mapping that it is given
        unet.encoder_hid_proj = self._projection
        unet.config.encoder_hid_dim_type = self._kind


class StyleEditor(IPAdapterEditor):
    """The style of a reference for a picture (the role of DEADiff): the picture as image-to-image starts from it.

    In SDXL the adapter works in the block that decides style only (Wang et al., InstantStyle, 2024).
    """

    name = "ip-adapter-style"
    abilities = Abilities(
        reads="captions", actions=("restyle", "global"), mask="optional", reference="required"
    )
    inpaints = False

    def scale(self, picture_influence: float) -> float:
        """Less of the reference the more the picture counts."""
        return sliders.along(picture_influence, 1.0, 0.7, 0.4)

    def strength(self, picture_influence: float) -> float:
        """The picture's things stay recognisable in the middle."""
        return sliders.along(picture_influence, 1.0, 0.75, 0.4)

    def blocks(self, scale: float) -> Any:
        """The style's block in SDXL, all of Stable Diffusion."""
        return {"up": {"block_0": [0.0, scale, 0.0]}} if self._family == "sdxl" else scale


class InsertEditor(IPAdapterEditor):
    """The object of a reference into the mask of a picture (the role of AnyDoor): IP-Adapter and inpainting."""

    name = "ip-adapter-insert"
    abilities = Abilities(reads="captions", actions=("insert", "swap"), mask="required", reference="required")
    inpaints = True

    def scale(self, picture_influence: float) -> float:
        """High: the object is to be that of the reference."""
        return sliders.along(picture_influence, 1.0, 0.85, 0.6)

    def strength(self, picture_influence: float) -> float:
        """Nearly all of what is in the mask anew."""
        return sliders.along(picture_influence, 1.0, 1.0, 0.7)
