"""LoRA and textual-inversion files, and learned concepts in prompts."""

import numpy as np
import pytest
import tiny_pipelines
from PIL import Image

from datacrafter_widget.errors import ModelError
from datacrafter_widget.models.concepts import Concept
from datacrafter_widget.models.diffusers_generator import DiffusersGenerator

FAMILIES = ("stable_diffusion", "stable_diffusion_xl")


@pytest.fixture(scope="module", params=FAMILIES)
def made(request, tmp_path_factory):
    """A model folder, and a LoRA and a textual inversion for it."""
    root = tmp_path_factory.mktemp(request.param)
    folder = tiny_pipelines.save(request.param, root / "model")
    pipeline = tiny_pipelines.FAMILIES[request.param]()
    lora = tiny_pipelines.write_lora(pipeline, root / "style.safetensors", strength=3.0)
    words = tiny_pipelines.write_textual_inversion(
        pipeline, root / "crane.safetensors", "<crane-1>", vectors=2
    )
    return folder, lora, words


def arrays(pictures):
    return np.stack([np.asarray(picture) for picture in pictures])


def test_a_lora_file_changes_the_pictures_and_the_revision(made, ask):
    folder, lora, _ = made
    plain, styled = (
        DiffusersGenerator(folder, device="cpu"),
        DiffusersGenerator(folder, device="cpu", lora=lora),
    )
    assert not np.array_equal(arrays(plain.generate(ask(2))), arrays(styled.generate(ask(2))))
    assert styled.revision.startswith(f"{plain.revision}+")
    again = DiffusersGenerator(folder, device="cpu", lora=[lora])
    assert again.revision == styled.revision
    assert np.array_equal(arrays(again.generate(ask(2))), arrays(styled.generate(ask(2))))


def test_a_textual_inversion_file_gives_a_word_a_meaning(made, ask):
    folder, _, words = made
    plain = DiffusersGenerator(folder, device="cpu")
    taught = DiffusersGenerator(folder, device="cpu", textual_inversion={"<crane-1>": words})
    assert np.array_equal(arrays(plain.generate(ask(2))), arrays(taught.generate(ask(2))))
    asked = ask(2, prompt="a photo of a <crane-1>")
    assert not np.array_equal(arrays(plain.generate(asked)), arrays(taught.generate(asked)))


def test_a_lora_works_on_batches_that_name_it_only(made, ask):
    folder, lora, _ = made
    generator = DiffusersGenerator(folder, device="cpu")
    plain = arrays(generator.generate(ask(2, prompt="a photo of a sks fish")))
    named = ask(2, prompt="a photo of a <fish-1>")
    unknown = arrays(generator.generate(named))
    generator.use_concepts([Concept("<fish-1>", "lora", lora, "sks fish")])
    known = arrays(generator.generate(named))
    assert not np.array_equal(known, unknown)
    assert not np.array_equal(known, plain)
    assert np.array_equal(arrays(generator.generate(ask(2, prompt="a photo of a sks fish"))), plain)
    assert np.array_equal(arrays(generator.generate(named)), known)
    parent = Image.new("RGB", (64, 64), "red")
    other_form = [
        arrays(
            generator.generate(ask(2, prompt=f"a {word}", parent=parent, strength=0.9, num_inference_steps=4))
        )
        for word in ("<fish-1>", "sks fish")
    ]
    assert not np.array_equal(*other_form)


def test_concepts_come_and_go(made, ask):
    folder, lora, words = made
    generator = DiffusersGenerator(folder, device="cpu")
    named = ask(2, prompt="a <crane-1>")
    unknown = arrays(generator.generate(named))
    crane = Concept("<crane-1>", "textual_inversion", words, "<crane-1>")
    generator.use_concepts([crane])
    known = arrays(generator.generate(named))
    assert not np.array_equal(known, unknown)
    generator.use_concepts([crane, Concept("<fish-1>", "lora", lora, "sks fish")])
    assert np.array_equal(arrays(generator.generate(named)), known)
    generator.release()
    assert np.array_equal(arrays(generator.generate(named)), known)
    generator.use_concepts([])
    assert np.array_equal(arrays(generator.generate(named)), unknown)


def test_a_concept_beside_the_users_own_lora(made, ask, tmp_path):
    folder, lora, _ = made
    pipeline = DiffusersGenerator(folder, device="cpu").pipeline()
    other = tiny_pipelines.write_lora(pipeline, tmp_path / "other.safetensors", strength=2.0)
    generator = DiffusersGenerator(folder, device="cpu", lora=lora)
    generator.use_concepts([Concept("<fish-1>", "lora", other, "red fish")])
    styled = arrays(generator.generate(ask(2, prompt="a red fish")))
    both = arrays(generator.generate(ask(2, prompt="a <fish-1>")))
    assert not np.array_equal(both, styled)
    assert np.array_equal(arrays(generator.generate(ask(2, prompt="a red fish"))), styled)


def test_files_that_do_not_fit_are_told(made, ask, tmp_path):
    folder, lora, words = made
    for files in ({"lora": words}, {"lora": tmp_path / "none.safetensors"}, {"textual_inversion": lora}):
        generator = DiffusersGenerator(folder, device="cpu", **files)
        with pytest.raises(
            ModelError, match=r"can't be used with the model .*: expected a .* in safetensors"
        ):
            generator.generate(ask(1))
    generator = DiffusersGenerator(folder, device="cpu")
    before = arrays(generator.generate(ask(1)))
    generator.use_concepts(
        [
            Concept("<a-1>", "textual_inversion", tmp_path / "none.safetensors", "<a-1>"),
            Concept("<b-1>", "lora", words, "sks bird"),
        ]
    )
    for prompt in ("a <a-1>", "a <b-1>"):
        with pytest.raises(ModelError, match="can't be used"):
            generator.generate(ask(1, prompt=prompt))
        assert np.array_equal(arrays(generator.generate(ask(1))), before)  # only prompts that name it fail


def test_a_pickled_file_is_not_opened(made, ask, tmp_path):
    import torch

    folder, _, _ = made
    torch.save({"<a-1>": torch.zeros(16)}, tmp_path / "learned.bin")
    generator = DiffusersGenerator(folder, device="cpu", textual_inversion=tmp_path / "learned.bin")
    with pytest.raises(ModelError, match="expected a textual inversion in safetensors"):
        generator.generate(ask(1))
