"""What is particular to CUDA: decoding on a stream and a thread of its own, half precision, offloading."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import tiny_pipelines
import torch
from PIL import Image

from datacrafter_widget.models.decoding import DenoisedBatch
from datacrafter_widget.models.diffusers_generator import DiffusersGenerator

pytestmark = pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA card")


@pytest.fixture(scope="module")
def folder_of(tmp_path_factory):
    root = tmp_path_factory.mktemp("cuda")
    return lambda family: tiny_pipelines.save(family, root / family)


def arrays(pictures):
    return np.stack([np.asarray(picture) for picture in pictures])


@pytest.mark.parametrize("family", ["stable_diffusion", "stable_diffusion_xl", "stable_diffusion_3", "flux"])
@pytest.mark.parametrize("dtype", ["float32", "bfloat16", "float16"])
def test_decoding_on_another_thread_gives_the_same(folder_of, ask, family, dtype):
    generator = DiffusersGenerator(folder_of(family), device="cuda", dtype=dtype)
    batches = [ask(4, first_seed=10 * number) for number in range(6)]
    one_by_one = [arrays(generator.generate(batch)) for batch in batches]
    with ThreadPoolExecutor(1) as second:
        futures = [second.submit(generator.denoise(batch).pictures) for batch in batches]
        for future, expected in zip(futures, one_by_one, strict=True):
            assert np.array_equal(arrays(future.result()), expected)
    parent = ask(2, parent=Image.new("RGB", (64, 64), "red"), strength=0.5, num_inference_steps=4)
    assert np.array_equal(arrays(generator.generate(parent)), arrays(generator.generate(parent)))


def test_denoising_returns_before_decoding(folder_of, ask):
    generator = DiffusersGenerator(folder_of("stable_diffusion"), device="cuda")
    batch = generator.denoise(ask(2))
    assert isinstance(batch, DenoisedBatch)
    assert len(batch.pictures()) == 2


def test_offloaded_text_encoders_go_back(folder_of, ask):
    folder = folder_of("flux")
    plain = DiffusersGenerator(folder, device="cuda")
    offloaded = DiffusersGenerator(folder, device="cuda", offload_text_encoders=True)
    assert np.array_equal(arrays(plain.generate(ask(2))), arrays(offloaded.generate(ask(2))))
    pipeline = offloaded.pipeline()
    assert {pipeline.text_encoder.device.type, pipeline.text_encoder_2.device.type} == {"cpu"}
    assert pipeline.transformer.device.type == "cuda"


def test_a_batch_size_by_trial(folder_of, ask):
    generator = DiffusersGenerator(folder_of("stable_diffusion"), device="cuda")
    assert generator.find_batch_size(ask(1)[0]) == 64
