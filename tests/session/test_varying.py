"""More pictures like one: noise near its own."""

import numpy as np
import pytest

from datacrafter_widget import InputError, Session
from datacrafter_widget.generation.varying import beginning


@pytest.fixture(scope="module")
def session(tmp_path_factory, few):
    with Session.open(tmp_path_factory.mktemp("vary") / "s", images=few, batch_size=4) as opened:
        opened.observe().result()
        yield opened


@pytest.fixture(scope="module")
def made(session):
    """A picture from text and one from an original."""
    text = session.generate(1, classes="crane", seed=1).result()[0]
    image = session.generate(1, classes="crane", seed=1, perturbation="image2image", strength=0.8).result()[0]
    return {"text2image": text, "image2image": image}


def distance(session, one, other):
    pixels = [np.asarray(session.image(each), np.float32) for each in (one, other)]
    return float(np.abs(pixels[0] - pixels[1]).mean())


@pytest.mark.parametrize("kind", ["text2image", "image2image"])
def test_variations_are_nearer_the_less_the_noise_is_turned(session, made, kind):
    picture = made[kind]
    near = session.vary(picture, 2, strength=0.03, seed=5).result()
    far = session.vary(picture, 2, strength=0.9, seed=5).result()
    apart = [np.mean([distance(session, picture, each) for each in ids]) for ids in (near, far)]
    assert 0 < apart[0] < apart[1] / 2


def test_a_variation_tells_what_it_is_one_of_and_can_be_varied_in_turn(session, made):
    picture = session.picture(made["text2image"])
    child = session.vary(picture["id"], 1, strength=0.2, seed=3).result()[0]
    sheet = session.picture(child)["provenance"]
    assert (sheet["perturbation"], sheet["parent_id"], sheet["strength"]) == ("variation", picture["id"], 0.2)
    for shared in ("prompt", "template_id", "guidance_scale", "num_inference_steps", "width"):
        assert sheet[shared] == picture["provenance"][shared]
    grandchild = session.vary(child, 1, strength=0.1, seed=4).result()[0]
    source = beginning(session._store, grandchild)
    assert source.seed == picture["provenance"]["seed"]
    assert [strength for _, strength in source.turns] == [0.2, 0.1]
    assert distance(session, child, grandchild) < distance(session, picture["id"], session.pictures()[0].id)


def test_the_same_seed_gives_the_same_variations_and_another_gives_others(session, made):
    picture = made["text2image"]
    first, again, other = (session.vary(picture, 3, seed=seed).result() for seed in (7, 7, 8))
    hashes = [[session.picture(each)["sha256"] for each in ids] for ids in (first, again, other)]
    assert hashes[0] == hashes[1]
    assert not set(hashes[0]) & set(hashes[2])


def test_what_can_not_be_varied_is_said_before_anything_is_queued(session, made):
    original = session.pictures(origin="original")[0].id
    with pytest.raises(InputError, match="it is an original"):
        session.vary(original)
    with pytest.raises(InputError, match="999"):
        session.vary(999_999)
    for wrong in ({"count": 0}, {"strength": 0.0}, {"strength": 1.5}, {"seed": -1}):
        with pytest.raises(InputError, match=next(iter(wrong))):
            session.vary(made["text2image"], **wrong)
    imagined = session.generate(1, classes="crane", seed=2, perturbation="gif_unoptimised").result()[0]
    with pytest.raises(InputError, match="imagined"):
        session.vary(imagined)


def test_variations_that_were_cut_off_are_resumed_with_the_same_pictures(tmp_path, few):
    folder = tmp_path / "s"
    with Session.open(folder, images=few, batch_size=1) as opened:
        picture = opened.generate(1, classes="crane", seed=1).result()[0]
        whole = [opened.picture(each)["sha256"] for each in opened.vary(picture, 3, seed=9).result()]
        job = opened.vary(picture, 3, seed=9)
    job.wait()
    with Session.open(folder, batch_size=1) as opened:
        again = opened.resume()
        if again is not None:  # else it was done before the session closed
            again.result()
        last = opened._store.jobs()[-1].id
        resumed = [opened.picture(one.picture_id)["sha256"] for one in opened._store.planned(last)]
    assert resumed == whole
