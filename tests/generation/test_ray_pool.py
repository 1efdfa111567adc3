"""Two workers on this machine's processor: the same pictures, whoever dies."""

import os
import signal
import threading
from contextlib import closing, suppress

import numpy as np
import psutil
import pytest
import torch

from datacrafter_widget import InputError, JobCancelled, ModelError
from datacrafter_widget.generation.engine import run_generation
from datacrafter_widget.generation.ray_pool import RayPool
from datacrafter_widget.models.diffusers_generator import DiffusersGenerator
from datacrafter_widget.models.generator import PictureRequest, StreamingGenerator

ray = pytest.importorskip("ray")
pytestmark = pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="no SIGKILL on this system")


@pytest.fixture(scope="module")
def pool():
    pool = RayPool("toybox", num_workers=2, device="cpu", num_cpus=1, max_restarts=1)
    yield pool
    pool.release()
    assert not ray.is_initialized()


def batch(number, steps=2):
    return [
        PictureRequest(
            prompt=f"a photo of a {colour} fish",
            seed=10 * number + at,
            width=64,
            height=64,
            num_inference_steps=steps,
            guidance_scale=4.0,
        )
        for at, colour in enumerate(("red", "blue"))
    ]


def pixels(pictures):
    return [np.asarray(picture).tobytes() for picture in pictures]


def workers(title="ray::_Worker"):
    """The processes that hold models."""
    return [
        process
        for process in psutil.process_iter(["cmdline", "ppid"])
        if "".join(process.info["cmdline"] or []).startswith(title) and is_ours(process)
    ]


def is_ours(process):
    try:
        return psutil.Process() in process.parents()
    except psutil.NoSuchProcess:
        return False


def kill_workers(stop):
    """Kill every worker as soon as it makes something."""
    while not stop.wait(0.05):
        for process in workers("ray::_Worker.make"):
            with suppress(psutil.NoSuchProcess):
                process.kill()


def test_it_is_known_what_it_is_before_anything_starts():
    idle = RayPool("toybox", num_workers=3, device="cpu")
    one = DiffusersGenerator("toybox", device="cpu")
    assert isinstance(idle, StreamingGenerator)
    assert (idle.name, idle.revision, idle.device, idle.dtype) == ("toybox", one.revision, "cpu", "float32")
    assert idle.defaults == one.defaults
    assert idle.memory()["total_mb"] > 0
    idle.release()
    assert not ray.is_initialized()
    with pytest.raises(InputError, match="num_workers: expected 1 or more, found 0"):
        RayPool("toybox", num_workers=0)


def test_the_pictures_are_those_of_one_generator(pool):
    made = dict(pool.stream(batch(number) for number in range(5)))
    threads = torch.get_num_threads()
    torch.set_num_threads(1)  # as each worker has
    try:
        one = DiffusersGenerator("toybox", device="cpu")
        expected = {number: one.generate(batch(number)) for number in range(5)}
    finally:
        torch.set_num_threads(threads)
    assert {number: pixels(pictures) for number, pictures in made.items()} == {
        number: pixels(pictures) for number, pictures in expected.items()
    }
    assert pixels(pool.generate(batch(3))) == pixels(expected[3])
    assert len(workers()) == 2


def test_ray_listens_to_this_machine_only(pool):
    pool.generate(batch(0))
    ours = [psutil.Process(), *psutil.Process().children(recursive=True)]
    listening = {
        connection.laddr.ip
        for process in ours
        if process.is_running()
        for connection in process.net_connections()
        if connection.status == psutil.CONN_LISTEN
    }
    assert listening <= {"127.0.0.1", "::1", "::ffff:127.0.0.1"}


def test_no_more_is_pulled_than_there_is_room_for(pool):
    pulled = []

    def batches():
        for number in range(12):
            pulled.append(number)
            yield batch(number)

    for finished, _ in enumerate(pool.stream(batches()), start=1):
        assert len(pulled) - (finished - 1) <= 4  # two a worker
    assert finished == 12


def test_a_killed_worker_is_replaced_and_its_batches_made_again(pool):
    expected = dict(pool.stream(batch(number) for number in range(8)))
    before = {process.pid for process in workers()}
    made = {}
    for position, pictures in pool.stream(batch(number) for number in range(8)):
        assert position not in made
        made[position] = pictures
        if len(made) == 2:
            os.kill(min(before), signal.SIGKILL)
    assert {number: pixels(pictures) for number, pictures in made.items()} == {
        number: pixels(pictures) for number, pictures in expected.items()
    }
    assert len({process.pid for process in workers()} - before) == 1


def test_a_round_ends_exact_though_a_worker_is_killed(pool, runner, new_store, plan_round, clip):
    store, killed = new_store(), []
    generation = plan_round(store, per_class=10)

    def kill_one(_pictures):
        if not killed:
            killed.append(workers()[0].pid)
            os.kill(killed[0], signal.SIGKILL)

    made = runner.submit(
        lambda job: run_generation(store, pool, clip, generation, job=job, on_pictures=kill_one), "generate"
    ).result()
    assert killed
    planned = [one.picture_id for one in store.planned(generation.id)]
    assert sorted(planned) == sorted(made) == [one.id for one in store.pictures(origin="generated")]
    assert len(set(planned)) == 20


def test_cancel_drops_what_is_in_flight(pool):
    def stop(_finished, handed_out):
        if handed_out:
            msg = "stop"
            raise JobCancelled(msg)

    with pytest.raises(JobCancelled):
        list(pool.stream((batch(number, steps=400) for number in range(4)), on_step=stop))
    # Four batches of 400 steps would keep the workers busy for minutes.
    assert len(pool.generate(batch(1))) == 2
    with closing(pool.stream([batch(0), batch(1, steps=400), batch(2, steps=400)])) as stream:
        assert next(stream)[0] == 0
    assert len(pool.generate(batch(1))) == 2


def test_what_a_worker_says_comes_through(pool):
    with pytest.raises(InputError, match="must share width"):
        pool.generate([*batch(0), *batch(1, steps=3)])


def test_workers_that_die_again_and_again_end_in_an_error(pool):
    stop = threading.Event()
    killer = threading.Thread(target=kill_workers, args=(stop,))
    killer.start()
    try:
        with pytest.raises(ModelError, match=r"its worker died.*max_restarts=1.*resume"):
            pool.generate(batch(0))
    finally:
        stop.set()
        killer.join()
    assert len(pool.generate(batch(0))) == 2  # the pool stays usable


def test_release_ends_the_workers_and_the_next_batch_starts_them(pool):
    expected = pixels(pool.generate(batch(0)))
    pool.release()
    assert not workers()
    assert not ray.is_initialized()
    assert pixels(pool.generate(batch(0))) == expected


def test_more_cards_than_there_are_is_said(pool):
    if torch.cuda.is_available():
        pytest.skip("this machine has cards")
    pool.generate(batch(0))
    greedy = RayPool("toybox", num_workers=2, num_gpus=4)
    with pytest.raises(ModelError, match=r"expected 8 cards for 2 workers, found 0"):
        greedy.generate(batch(0))
    assert len(pool.generate(batch(0))) == 2  # it goes on in the Ray that it started
