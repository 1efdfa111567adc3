"""The editors that work with the session's own generator, on pictures of the toybox."""

import json
from dataclasses import replace

import numpy as np
import pytest
import tiny_pipelines
import torch
from PIL import Image
from toybox_edits import around, edits, success

from datacrafter_widget.errors import InputError, JobCancelled, ModelError, OutOfMemoryError
from datacrafter_widget.models.diffusers_generator import DiffusersGenerator
from datacrafter_widget.models.editors import attention
from datacrafter_widget.models.editors.editor import Editor
from datacrafter_widget.models.editors.registry import open_editor
from datacrafter_widget.models.generator import picture_problem

NAMES = ("image-to-image", "inversion-free", "inpainting")


def arrays(pictures):
    return np.stack([np.asarray(picture) for picture in pictures]).astype(int)


def requests(change, count, seed=0, *, masked=False, **changes):
    return [
        replace(request, mask=around(box) if masked else None, **changes)
        for request, _, box in edits(change, count, seed)
    ]


@pytest.fixture(scope="module")
def opened(toybox):
    return {name: open_editor(name, generator=toybox) for name in NAMES}


@pytest.fixture(params=NAMES)
def editor(request, opened):
    return opened[request.param]


def needs_mask(editor):
    return editor.abilities.mask == "required"


@pytest.mark.parametrize(
    ("name", "change", "least"),
    [
        ("image-to-image", "recolour", 0.9),
        ("image-to-image", "scene", 0.7),
        ("image-to-image", "second", 0.8),
        ("image-to-image", "restyle", 0.9),
        ("inversion-free", "recolour", 0.8),
        ("inversion-free", "scene", 0.7),
        ("inversion-free", "second", 0.7),
        ("inversion-free", "restyle", 0.8),
        ("inpainting", "recolour", 0.8),
        ("inpainting", "swap", 0.8),
    ],
)
def test_the_middle_of_the_sliders_does_what_is_asked(opened, name, change, least):
    made = edits(change, 12, seed=6)
    asked = [
        replace(request, mask=around(box)) if name == "inpainting" else request for request, _, box in made
    ]
    assert success(opened[name].edit(asked), [attributes for _, attributes, _ in made]) >= least


def test_an_editor_is_an_editor(editor, toybox):
    assert isinstance(editor, Editor)
    assert editor.revision == toybox.revision
    assert editor.device == "cpu"
    json.dumps(editor.parameters(requests("recolour", 1)[0]))


def test_same_seed_same_picture(editor):
    asked = requests("recolour", 2, masked=needs_mask(editor))
    first = arrays(editor.edit(asked))
    assert np.array_equal(first, arrays(editor.edit(asked)))
    again = editor.edit([replace(request, seed=request.seed + 7) for request in asked])
    assert not np.array_equal(first, arrays(again))


def test_outside_of_the_mask_nothing_changes(editor):
    asked = requests("swap", 4, masked=True)
    for request, edited in zip(asked, editor.edit(asked), strict=True):
        outside = np.asarray(request.mask) == 0
        before, after = np.asarray(request.picture), np.asarray(edited)
        assert np.array_equal(before[outside], after[outside])
        assert np.abs(before.astype(int) - after)[~outside].mean() > 5


def test_more_of_the_picture_stays_the_more_it_counts(editor):
    changed = []
    for picture_influence in (0.0, 0.5, 1.0):
        asked = requests("swap", 6, masked=needs_mask(editor), picture_influence=picture_influence)
        before = arrays([request.picture for request in asked])
        changed.append(np.abs(arrays(editor.edit(asked)) - before).mean())
    assert changed[0] > changed[2]
    assert changed[1] > changed[2]


def test_the_sliders_reach_the_model(editor):
    request = requests("recolour", 1)[0]
    low, middle, high = (
        editor.parameters(replace(request, steps=slider, text_influence=slider, picture_influence=slider))
        for slider in (0.0, 0.5, 1.0)
    )
    for name in ("strength", "guidance_scale"):
        assert len({low[name], middle[name], high[name]}) == 3
    done = [given["num_inference_steps"] for given in (low, middle, high)]
    assert done[0] < done[1] < done[2]


def test_what_comes_back_has_the_picture_s_size(editor):
    picture = edits("recolour", 1)[0][0].picture
    sizes = [(64, 64), (130, 90), (50, 77)]
    asked = []
    for size in sizes:
        mask = Image.new("L", size)
        mask.paste(255, (10, 10, 40, 40))
        request = replace(requests("recolour", 1)[0], picture=picture.resize(size), mask=mask)
        asked.append(request)
    edited = editor.edit(asked)
    assert [one.size for one in edited] == sizes
    assert [one.mode for one in edited] == ["RGB"] * 3


def test_steps_are_told_and_cancelling_ends_within_one(editor):
    asked, steps = requests("recolour", 2, masked=needs_mask(editor)), []
    editor.edit(asked, on_step=lambda *step: steps.append(step))
    total = steps[0][1]
    assert steps == [(step, total) for step in range(1, total + 1)]
    clean = arrays(editor.edit(asked))

    def stop(step, _total):
        if step == 2:
            msg = "enough"
            raise JobCancelled(msg)

    with pytest.raises(JobCancelled, match="enough"):
        editor.edit(asked, on_step=stop)
    assert np.array_equal(arrays(editor.edit(asked)), clean)


def test_requests_with_different_settings_in_one_call(editor):
    one, two, three = requests("recolour", 3, masked=needs_mask(editor))
    mixed, steps = [one, replace(two, steps=0.0), three], []
    edited = arrays(editor.edit(mixed, on_step=lambda *step: steps.append(step)))
    apart = np.concatenate([arrays(editor.edit([one, three])), arrays(editor.edit([mixed[1]]))])
    assert np.abs(edited[[0, 2, 1]] - apart).max() <= 1
    assert len(steps) == len(set(steps))


def test_no_words_are_an_error(editor):
    asked = requests("recolour", 1, masked=True, target="", instruction=" ")
    with pytest.raises(InputError, match="expected an instruction or a target caption"):
        editor.edit(asked)


def test_masks_that_are_none(opened):
    with pytest.raises(InputError, match="inpainting: expected a mask, found none"):
        opened["inpainting"].edit(requests("recolour", 1))
    black = Image.new("L", (64, 64))
    for editor in opened.values():
        with pytest.raises(InputError, match="black all over"):
            editor.edit([replace(requests("recolour", 1)[0], mask=black)])


def test_the_generator_is_the_same_after_an_edit(toybox, editor, ask):
    before = arrays(toybox.generate(ask()))
    unet = toybox.pipeline().unet
    editor.edit(requests("recolour", 2, masked=needs_mask(editor)))
    assert toybox.pipeline().unet is unet
    assert np.array_equal(arrays(toybox.generate(ask())), before)


def test_running_out_of_memory_says_what_to_try(toybox, editor, monkeypatch):
    def full(*_args, **_kwargs):
        msg = "CUDA out of memory. Tried to allocate 20.00 GiB."
        raise torch.OutOfMemoryError(msg)

    monkeypatch.setattr(toybox.pipeline().unet, "forward", full)
    with pytest.raises(OutOfMemoryError, match="try batch_size=2"):
        editor.edit(requests("recolour", 4, masked=needs_mask(editor)))


def test_a_failing_model_is_a_model_error(toybox, editor, monkeypatch):
    def broken(*_args, **_kwargs):
        msg = "shapes do not fit"
        raise RuntimeError(msg)

    monkeypatch.setattr(toybox.pipeline().unet, "forward", broken)
    with pytest.raises(ModelError, match="shapes do not fit"):
        editor.edit(requests("recolour", 1, masked=needs_mask(editor)))


def test_numbers_that_are_none_mark_the_picture(toybox, editor, monkeypatch):
    vae = type(toybox.pipeline().vae)
    decode = vae.decode

    def spoiled(self, latents, *arguments, **options):
        return decode(self, torch.full_like(latents, torch.nan), *arguments, **options)

    monkeypatch.setattr(vae, "decode", spoiled)
    edited = editor.edit(requests("recolour", 1, masked=needs_mask(editor)))
    assert [picture_problem(one) for one in edited] == ["nan"]


@pytest.mark.parametrize("family", ["stable_diffusion", "stable_diffusion_xl", "latent_consistency"])
def test_inversion_free_editing_with_other_families(family, tmp_path):
    generator = DiffusersGenerator(tiny_pipelines.save(family, tmp_path / family), device="cpu")
    editor = open_editor("inversion-free", generator=generator)
    asked = requests("recolour", 2, negative="snow")
    edited = arrays(editor.edit(asked))
    assert edited.shape == (2, 64, 64, 3)
    same = editor.edit([replace(request, target=request.source, negative="") for request in asked])
    other = editor.edit([replace(request, negative="") for request in asked])
    assert not np.array_equal(arrays(same), arrays(other))


def test_inversion_free_editing_with_a_model_of_one_step_without_guidance(tmp_path):
    folder = tiny_pipelines.save("stable_diffusion", tmp_path / "turbo")
    settings = {"num_inference_steps": 1, "guidance_scale": 0.0, "strength": 0.5}
    (folder / "datacrafter.json").write_text(json.dumps(settings))
    editor = open_editor("inversion-free", generator=DiffusersGenerator(folder, device="cpu"))
    asked = requests("recolour", 1)
    given = editor.parameters(asked[0])
    assert given["guidance_scale"] == given["source_guidance_scale"] == 1
    assert given["num_inference_steps"] > 1
    edited = arrays(editor.edit(asked))
    assert not np.array_equal(edited, arrays(editor.edit([replace(asked[0], target="a photo of snow")])))


@pytest.mark.parametrize("family", ["stable_diffusion_3", "inpainting"])
def test_a_family_that_inversion_free_editing_does_not_do(family, tmp_path):
    generator = DiffusersGenerator(tiny_pipelines.save(family, tmp_path / family), device="cpu")
    with pytest.raises(ModelError, match="expected a pipeline like Stable Diffusion"):
        open_editor("inversion-free", generator=generator).edit(requests("recolour", 1))


def test_the_target_attends_as_the_source_does(toybox):
    unet = toybox.pipeline().unet
    noisy = torch.randn(8, 8, 16, 16, generator=torch.Generator().manual_seed(0))
    captions = torch.randn(8, 24, 128, generator=torch.Generator().manual_seed(1))
    seen = {}
    with torch.inference_mode():
        plain = unet(noisy, 500, captions).sample
        with attention.of_the_source(unet, 2):
            layer = unet.down_blocks[1].attentions[0].transformer_blocks[0]
            for name, module in {"query": layer.attn2.to_q, "words": layer.attn2.to_k}.items():
                module.register_forward_hook(lambda _m, _a, out, name=name: seen.update({name: out}))
            shared = unet(noisy, 500, captions).sample
            layer.attn2.to_q._forward_hooks.popitem()
            layer.attn2.to_k._forward_hooks.popitem()
        again = unet(noisy, 500, captions).sample
    sources, targets = [0, 1, 4, 5], [2, 3, 6, 7]
    assert torch.equal(seen["query"][sources], seen["query"][targets])
    assert not torch.equal(seen["words"][sources], seen["words"][targets])
    assert torch.equal(plain[sources], shared[sources])
    assert not torch.equal(plain[targets], shared[targets])
    assert torch.equal(plain, again)


def test_what_both_captions_say_stays(opened):
    made = edits("recolour", 8, seed=8)
    asked = [replace(request, picture_influence=0.75) for request, _, _ in made]
    changed = np.abs(arrays(opened["inversion-free"].edit(asked)) - arrays([one.picture for one in asked]))
    masks = np.stack([np.asarray(around(box)) > 0 for _, _, box in made])
    assert changed[~masks].mean() < 8
    assert changed[masks].mean() > 3 * changed[~masks].mean()


def test_a_picture_that_is_to_stay_as_it_is_stays(opened):
    asked = [replace(request, target=request.source) for request in requests("recolour", 2)]
    pictures = [request.picture for request in asked]
    editor = opened["inversion-free"]
    with_no_guidance = [replace(request, text_influence=0.0, picture_influence=1.0) for request in asked]
    edited = arrays(editor.edit(with_no_guidance))
    assert np.abs(edited - arrays(pictures)).mean() < 12
