"""The editors with weights of their own, with tiny random ones."""

import json
from dataclasses import replace

import numpy as np
import pytest
import tiny_editors
import tiny_pipelines
from PIL import Image, ImageDraw

from datacrafter_widget.errors import InputError, JobCancelled, ModelError
from datacrafter_widget.models.diffusers_generator import DiffusersGenerator
from datacrafter_widget.models.editors.conditions import canny
from datacrafter_widget.models.editors.editor import Editor, EditRequest
from datacrafter_widget.models.editors.registry import known, open_editor
from datacrafter_widget.models.generator import PictureRequest

ADAPTER = {"subfolder": "models", "weight_name": "adapter.safetensors"}


def arrays(pictures):
    return np.stack([np.asarray(picture) for picture in pictures]).astype(int)


def picture(colour="red", size=(64, 64)):
    drawn = Image.new("RGB", size, "white")
    ImageDraw.Draw(drawn).ellipse((10, 10, 44, 44), fill=colour)
    return drawn


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    """Model folders, each made when first asked for."""
    root = tmp_path_factory.mktemp("editors")

    def folder(name, base="stable_diffusion"):
        path = root / f"{name}-{base}"
        if path.exists():
            return path
        if name in tiny_editors.FAMILIES:
            return tiny_editors.save(name, path)
        if name in tiny_pipelines.FAMILIES:
            return tiny_pipelines.save(name, path)
        if name == "depth":
            return tiny_editors.save_depth_model(path)
        pipeline = tiny_pipelines.FAMILIES[base]()
        if name == "controlnet":
            return tiny_editors.save_controlnet(pipeline, path)
        return tiny_editors.save_ip_adapter(pipeline, path, ADAPTER["subfolder"], ADAPTER["weight_name"])

    return folder


@pytest.fixture(scope="module")
def generators(folders):
    opened = {}

    def generator(family):
        if family not in opened:
            opened[family] = DiffusersGenerator(folders(family), device="cpu")
        return opened[family]

    return generator


@pytest.fixture(scope="module")
def opened(folders, generators):
    """Editors by a name of the test's, each opened when first asked for."""
    kept = {}

    def own(name, family, **options):
        return open_editor(name, model=str(folders(family)), device="cpu", **options)

    def added(name, part, family, **options):
        options |= {"model": str(folders(part, family)), "generator": generators(family)}
        return open_editor(name, **options)

    makers = {
        "instruct-pix2pix": lambda: own("instruct-pix2pix", "instruct_pix2pix"),
        "instruct-pix2pix of SDXL": lambda: own("instruct-pix2pix", "instruct_pix2pix_xl"),
        "flux-kontext": lambda: own("flux-kontext", "flux_kontext", size=64),
        "qwen-image-edit": lambda: own("qwen-image-edit", "qwen_image_edit", size=64),
        "qwen-image-edit plus": lambda: own("qwen-image-edit", "qwen_image_edit_plus", size=64),
        "paint-by-example": lambda: own("paint-by-example", "paint_by_example"),
        "controlnet-canny": lambda: added("controlnet-canny", "controlnet", "stable_diffusion"),
        "controlnet-canny of SDXL": lambda: added("controlnet-canny", "controlnet", "stable_diffusion_xl"),
        "controlnet-depth": lambda: added(
            "controlnet-depth",
            "controlnet",
            "stable_diffusion",
            depth_model=str(folders("depth")),
        ),
        "ip-adapter-style": lambda: added("ip-adapter-style", "adapter", "stable_diffusion", **ADAPTER),
        "ip-adapter-insert": lambda: added("ip-adapter-insert", "adapter", "stable_diffusion", **ADAPTER),
        "ip-adapter-insert of SDXL": lambda: added(
            "ip-adapter-insert", "adapter", "stable_diffusion_xl", **ADAPTER
        ),
    }

    def editor(name):
        if name not in kept:
            kept[name] = makers[name]()
        return kept[name]

    return editor


NAMES = (
    "instruct-pix2pix",
    "instruct-pix2pix of SDXL",
    "flux-kontext",
    "qwen-image-edit",
    "qwen-image-edit plus",
    "paint-by-example",
    "controlnet-canny",
    "controlnet-canny of SDXL",
    "controlnet-depth",
    "ip-adapter-style",
    "ip-adapter-insert",
    "ip-adapter-insert of SDXL",
)
READS_NOTHING = ("paint-by-example",)
SLOW = ("qwen-image-edit", "qwen-image-edit plus")


@pytest.fixture(params=NAMES)
def editor(request, opened):
    return opened(request.param)


def asked(editor, count=1, **changes):
    """Requests with all that an editor requires, and few steps."""
    mask = Image.new("L", (64, 64))
    mask.paste(255, (8, 8, 48, 48))
    abilities = editor.abilities
    request = EditRequest(
        picture=picture(),
        instruction="make the red fish green",
        source="a photo of a red fish",
        target="a photo of a green fish",
        seed=3,
        mask=mask if abilities.mask == "required" else None,
        reference=picture("blue", (50, 40)) if abilities.reference == "required" else None,
        steps=0.0,
    )
    return [replace(request, seed=3 + number, **changes) for number in range(count)]


@pytest.fixture(autouse=True)
def few_steps(monkeypatch):
    """Three steps are enough for random weights; and small pictures, which Qwen's pipelines would scale up."""
    from diffusers.pipelines.qwenimage import pipeline_qwenimage_edit, pipeline_qwenimage_edit_plus

    from datacrafter_widget.models.editors import sliders

    monkeypatch.setattr(sliders, "steps_for", lambda _slider, _usual: 3)
    sizes = pipeline_qwenimage_edit.calculate_dimensions
    monkeypatch.setattr(
        pipeline_qwenimage_edit, "calculate_dimensions", lambda _area, ratio: sizes(64 * 64, ratio)
    )
    monkeypatch.setattr(pipeline_qwenimage_edit_plus, "VAE_IMAGE_SIZE", 64 * 64)
    monkeypatch.setattr(pipeline_qwenimage_edit_plus, "CONDITION_IMAGE_SIZE", 64 * 64)


def test_an_edit(editor):
    assert isinstance(editor, Editor)
    assert editor.abilities == known()[editor.name].abilities
    assert editor.device == "cpu"
    requests, steps = asked(editor, 2), []
    json.dumps(editor.parameters(requests[0]))
    first = editor.edit(requests, on_step=lambda *step: steps.append(step))
    assert [one.size for one in first] == [(64, 64)] * 2
    total = steps[0][1]
    assert steps == [(step, total) for step in range(1, total + 1)]
    again = editor.edit(requests[:1])
    assert np.abs(arrays(first[:1]) - arrays(again)).max() <= 1
    assert not np.array_equal(*arrays(first))


def test_the_words_matter(editor):
    if editor.name in READS_NOTHING:
        pytest.skip("reads no words")
    plain = arrays(editor.edit(asked(editor)))
    words = {"instruction": "a house in the snow", "target": "a house in the snow"}
    assert not np.array_equal(plain, arrays(editor.edit(asked(editor, **words))))
    assert not np.array_equal(plain, arrays(editor.edit(asked(editor, negative="snow"))))


def test_cancelling_ends_within_a_step(editor):
    def stop(step, _total):
        if step == 2:
            msg = "enough"
            raise JobCancelled(msg)

    before = arrays(editor.edit(asked(editor)))
    with pytest.raises(JobCancelled, match="enough"):
        editor.edit(asked(editor), on_step=stop)
    assert np.array_equal(before, arrays(editor.edit(asked(editor))))


def test_outside_of_a_mask_nothing_changes(editor):
    if editor.name == "qwen-image-edit":
        pytest.skip("as the others, and slow")
    size = (90, 70)
    mask = Image.new("L", size)
    mask.paste(255, (20, 20, 60, 60))
    before = picture(size=size)
    (after,) = editor.edit(asked(editor, picture=before, mask=mask))
    outside = np.asarray(mask) == 0
    assert np.array_equal(np.asarray(before)[outside], np.asarray(after)[outside])
    assert not np.array_equal(np.asarray(before), np.asarray(after))


def test_the_reference_matters(editor):
    if editor.abilities.reference == "never" or editor.name == "qwen-image-edit":
        pytest.skip("looks at no reference, or only in a later form")
    one = editor.edit(asked(editor, reference=picture("blue")))
    other = editor.edit(asked(editor, reference=Image.new("RGB", (64, 64))))
    assert not np.array_equal(arrays(one), arrays(other))


def test_a_later_qwen_looks_at_the_reference(opened):
    editor = opened("qwen-image-edit plus")
    with_reference = arrays(editor.edit(asked(editor, reference=picture("blue"))))
    assert not np.array_equal(with_reference, arrays(editor.edit(asked(editor))))


@pytest.mark.parametrize("name", [name for name in NAMES if name not in SLOW])
def test_release_and_edit_again(opened, name):
    editor = opened(name)
    before = arrays(editor.edit(asked(editor)))
    editor.release()
    assert np.array_equal(before, arrays(editor.edit(asked(editor))))


@pytest.mark.parametrize(
    "name", ["controlnet-canny", "controlnet-depth", "ip-adapter-style", "ip-adapter-insert"]
)
def test_the_session_s_generator_lends_its_weights_and_stays_the_same(opened, generators, name):
    generator, editor = generators("stable_diffusion"), opened(name)
    request = PictureRequest("a photo of a red fish", 1, 64, 64, 2, 4.0)
    before = arrays(generator.generate([request]))
    assert editor.shared
    assert editor.revision.startswith(generator.revision)
    edited = arrays(editor.edit(asked(editor)))
    assert np.array_equal(before, arrays(generator.generate([request])))

    def stop(_step, _steps):
        msg = "enough"
        raise JobCancelled(msg)

    with pytest.raises(JobCancelled):
        editor.edit(asked(editor), on_step=stop)
    assert np.array_equal(before, arrays(generator.generate([request])))
    editor.release()
    assert np.array_equal(edited, arrays(editor.edit(asked(editor))))


def test_a_base_of_its_own(folders):
    editor = open_editor(
        "controlnet-canny",
        model=str(folders("controlnet")),
        base=str(folders("stable_diffusion")),
        device="cpu",
    )
    assert not editor.shared
    assert len(editor.edit(asked(editor))) == 1


def test_a_generator_that_does_not_suit_is_left_alone(folders, toybox, monkeypatch):
    from datacrafter_widget.models.editors import borrowed

    monkeypatch.setitem(borrowed._BASES, "sd", str(folders("stable_diffusion")))
    for name, part, options in (
        ("controlnet-canny", "controlnet", {}),
        ("ip-adapter-style", "adapter", ADAPTER),
    ):
        editor = open_editor(name, generator=toybox, model=str(folders(part)), device="cpu", **options)
        assert not editor.shared
        assert editor.generator.folder == folders("stable_diffusion")


def test_structure_counts_more_the_more_of_the_picture_is_to_stay(opened):
    editor = opened("controlnet-canny")
    low, high = (editor.parameters(asked(editor, picture_influence=slider)[0]) for slider in (0.0, 1.0))
    assert low["controlnet_conditioning_scale"] < high["controlnet_conditioning_scale"]
    assert low["strength"] > high["strength"]


def test_depth_is_estimated_or_given(opened):
    editor = opened("controlnet-depth")
    estimated = editor.condition(asked(editor)[0], (64, 48))
    assert (estimated.size, estimated.mode) == ((64, 48), "RGB")
    assert len(np.unique(np.asarray(estimated))) > 2
    given = editor.condition(asked(editor, reference=Image.new("L", (64, 64), 77))[0], (64, 64))
    assert np.unique(np.asarray(given)).tolist() == [77]


def test_a_model_of_another_kind(folders, toybox):
    with pytest.raises(ModelError, match=r"expected FluxKontextPipeline, found StableDiffusionPipeline"):
        open_editor("flux-kontext", model=str(folders("stable_diffusion")))
    with pytest.raises(ModelError, match="expected a ControlNetModel, found UNet2DConditionModel"):
        open_editor("controlnet-canny", model=str(toybox.folder / "unet"))
    with pytest.raises(ModelError, match=r"expected a readable config.json"):
        open_editor("controlnet-canny", model=str(toybox.folder))


def test_an_adapter_that_does_not_fit(folders, generators):
    editor = open_editor(
        "ip-adapter-style",
        model=str(folders("adapter", "stable_diffusion_xl")),
        generator=generators("stable_diffusion"),
        **ADAPTER,
    )
    unet = generators("stable_diffusion").pipeline().unet
    processors = unet.attn_processors
    with pytest.raises(ModelError, match=r"the IP-Adapter .* can't be used with"):
        editor.edit(asked(editor))
    assert unet.attn_processors == processors


def test_what_an_editor_requires(opened):
    editor = opened("paint-by-example")
    with pytest.raises(InputError, match="paint-by-example: expected a mask, found none"):
        editor.edit(asked(editor, mask=None))
    with pytest.raises(InputError, match="paint-by-example: expected a reference picture, found none"):
        editor.edit(asked(editor, reference=None))
    assert len(editor.edit(asked(editor, instruction="", target=""))) == 1


def test_a_hub_id_without_a_network(monkeypatch):
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    for name in ("instruct-pix2pix", "controlnet-canny"):
        with pytest.raises(ModelError, match="expected an existing folder"):
            open_editor(name)


def test_edges_are_those_of_scikit_image():
    from scipy.ndimage import distance_transform_edt
    from skimage.feature import canny as reference

    drawn = picture(size=(120, 90))
    ours = np.asarray(canny(drawn))[..., 0] > 0
    theirs = reference(np.asarray(drawn.convert("L")) / 255.0, sigma=1.0)
    assert distance_transform_edt(~theirs)[ours].max() <= 1.5
    assert distance_transform_edt(~ours)[theirs].max() <= 1.5
    assert not np.asarray(canny(Image.new("RGB", (20, 20), "red"))).any()
