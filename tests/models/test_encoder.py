import json
import shutil
import threading

import numpy as np
import pytest
import torch
from PIL import Image

from datacrafter_widget.errors import ModelError, OutOfMemoryError
from datacrafter_widget.models.encoder import DifferentiableEncoder, Encoder, OpenClipEncoder
from datacrafter_widget.toybox import render, sample_attributes


@pytest.fixture(scope="module")
def pictures():
    rng = np.random.default_rng(0)
    return [Image.fromarray(rng.integers(0, 256, (64, 48, 3), dtype=np.uint8)) for _ in range(7)]


def test_unit_vectors_whatever_the_batch(clip, pictures):
    assert isinstance(clip, Encoder)
    assert isinstance(clip, DifferentiableEncoder)
    rows = clip.encode_images(pictures, batch_size=3)
    assert rows.shape == (7, clip.dim)
    assert rows.dtype == np.float32
    assert np.allclose(np.linalg.norm(rows, axis=1), 1, atol=1e-5)
    assert np.allclose(rows, clip.encode_images(pictures), atol=1e-5)
    assert clip.logit_scale > 1


def test_it_is_what_open_clip_gives(clip, pictures):
    import open_clip

    model, preprocess = open_clip.create_model_from_pretrained(f"local-dir:{clip.folder}")
    with torch.inference_mode():
        expected = model.eval().encode_image(torch.stack([preprocess(p) for p in pictures]), normalize=True)
    assert np.allclose(clip.encode_images(pictures), expected.numpy(), atol=1e-5)


def world_pictures(count, size):
    rng = np.random.default_rng(1)
    rendered = [Image.fromarray(render(sample_attributes(rng), rng)) for _ in range(count)]
    return [picture.resize(size, Image.Resampling.BICUBIC) for picture in rendered]


def as_pixels(pictures):
    arrays = [np.asarray(picture.convert("RGB"), np.float32) / 255 for picture in pictures]
    return torch.from_numpy(np.stack(arrays)).permute(0, 3, 1, 2)


@pytest.mark.parametrize("size", [(64, 64), (160, 96), (300, 300), (40, 48)])
def test_features_of_pixels_are_those_of_the_picture(clip, size):
    pictures = world_pictures(3, size)
    features = clip.image_features(as_pixels(pictures)).detach().numpy()
    assert np.allclose(features, clip.encode_images(pictures), atol=5e-3)
    assert ((features * clip.encode_images(pictures)).sum(1) > 0.9999).all()


@pytest.mark.parametrize("mode", ["shortest", "longest", "squash"])
@pytest.mark.parametrize("image_size", [32, (32, 48)])
def test_pixels_are_prepared_as_every_kind_of_model_wants(tmp_path, mode, image_size):
    encoder = random_encoder(tmp_path, image_size, size=image_size, resize_mode=mode)
    pictures = world_pictures(2, (90, 70))
    features = encoder.image_features(as_pixels(pictures)).detach().numpy()
    assert np.allclose(features, encoder.encode_images(pictures), atol=5e-3)


def test_gradients_reach_the_pixels(clip, pictures):
    pixels = as_pixels(pictures).requires_grad_()
    target = torch.from_numpy(clip.encode_texts(["a photo of a red fish"]))
    (clip.image_features(pixels) @ target.T).sum().backward()
    assert pixels.grad.shape == pixels.shape
    assert torch.isfinite(pixels.grad).all()
    assert (pixels.grad.abs().amax((1, 2, 3)) > 0).all()


def test_texts_in_order_and_remembered(clip, monkeypatch):
    texts = ["a photo of a red fish", "a sketch of a house", "a photo of a red fish"]
    rows = clip.encode_texts(texts)
    assert rows.shape == (3, clip.dim)
    assert np.array_equal(rows[0], rows[2])
    assert not np.array_equal(rows[0], rows[1])
    monkeypatch.setattr(clip, "_run", None)  # no model is needed for what was seen
    assert np.array_equal(clip.encode_texts(texts[::-1]), rows[::-1])


def test_nothing_in_nothing_out(clip):
    assert clip.encode_images([]).shape == (0, clip.dim)
    assert clip.encode_texts([]).shape == (0, clip.dim)


def test_any_picture_mode(clip):
    pictures = [Image.new(mode, (30, 40)) for mode in ("RGB", "L", "RGBA", "P", "1")]
    assert clip.encode_images(pictures).shape == (5, clip.dim)


def test_identity_is_the_weights_not_the_place(clip, tmp_path):
    copy = tmp_path / "elsewhere"
    shutil.copytree(clip.folder, copy)
    assert OpenClipEncoder(copy, device="cpu").identity == clip.identity
    (copy / "README.md").write_text("a model card")
    assert OpenClipEncoder(copy, device="cpu").identity == clip.identity
    weights = next(copy.glob("*.safetensors"))
    changed = bytearray(weights.read_bytes())
    changed[-1] ^= 1
    weights.write_bytes(changed)
    assert OpenClipEncoder(copy, device="cpu").identity != clip.identity


def test_several_threads_may_share_it(clip, pictures):
    expected, found = clip.encode_images(pictures), []
    threads = [threading.Thread(target=lambda: found.append(clip.encode_images(pictures))) for _ in range(3)]
    for thread in threads:
        thread.start()
    clip.release()
    for thread in threads:
        thread.join()
    assert len(found) == 3
    assert all(np.array_equal(rows, expected) for rows in found)


def test_out_of_memory(clip, pictures, monkeypatch):
    clip.encode_images(pictures[:1])

    def full(*_args):
        msg = "CUDA out of memory"
        raise torch.OutOfMemoryError(msg)

    monkeypatch.setattr(clip._loaded[0], "encode_image", full)
    with pytest.raises(OutOfMemoryError, match="try batch_size=3"):
        clip.encode_images(pictures, batch_size=6)


def test_numbers_that_are_none(clip, pictures, monkeypatch):
    clip.encode_images(pictures[:1])
    monkeypatch.setattr(clip._loaded[0], "encode_image", lambda x: torch.full((len(x), 4), torch.nan))
    with pytest.raises(ModelError, match="float32"):
        clip.encode_images(pictures)


def random_encoder(folder, image_size=32, **preprocess):
    """An architecture of open_clip's own, with its usual tokenizer, from a folder with random weights."""
    import open_clip
    from safetensors.torch import save_file

    vision = {"image_size": image_size, "layers": 1, "width": 32, "head_width": 16, "patch_size": 16}
    text = {"context_length": 16, "vocab_size": 49408, "width": 32, "heads": 2, "layers": 1}
    config = {"embed_dim": 16, "vision_cfg": vision, "text_cfg": text}
    (folder / "open_clip_config.json").write_text(
        json.dumps({"model_cfg": config, "preprocess_cfg": preprocess})
    )
    with pytest.raises(ModelError, match="no weights"):
        OpenClipEncoder(folder, device="cpu")
    model = open_clip.CLIP(config["embed_dim"], vision, text)
    save_file(model.state_dict(), folder / "open_clip_model.safetensors")
    return OpenClipEncoder(folder, device="cpu")


def test_another_open_clip_folder(tmp_path, pictures):
    encoder = random_encoder(tmp_path)
    assert encoder.encode_images(pictures).shape == (7, 16)
    assert encoder.encode_texts(["a cat"]).shape == (1, 16)
    as_open_clip_writes_it = OpenClipEncoder(f"local-dir:{tmp_path}", device="cpu")
    assert as_open_clip_writes_it.identity == encoder.identity


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("./nowhere", "expected an existing folder"),
        ("ViT-B-99", "open_clip.list_models"),
        ("ViT-B-32/nobody", "has the weights openai"),
        ("nobody/nothing", "Check the spelling"),
        ("ViT-B-32/openai", "Check the spelling"),
    ],
)
def test_names_that_cannot_be_had(name, says, monkeypatch, tmp_path):
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))
    with pytest.raises(ModelError, match=says):
        OpenClipEncoder(name, device="cpu").encode_texts(["a cat"])


def test_a_name_is_its_identity():
    assert OpenClipEncoder("ViT-B-32", device="cpu").identity == "ViT-B-32/openai"
    assert OpenClipEncoder("hf-hub:owner/name", device="cpu").identity == "hf-hub:owner/name"
