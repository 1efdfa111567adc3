import asyncio
import gc
import logging
import signal
import threading
import time
import weakref

import pytest

from datacrafter_widget.errors import DataCrafterError, InputError, JobCancelled
from datacrafter_widget.jobs import JobRunner


@pytest.fixture
def runner():
    runner = JobRunner()
    yield runner
    runner.close()


def block(started, gate):
    def work(job):
        started.set()
        while not gate.wait(0.01):
            job.checkpoint()
        return "opened"

    return work


def test_result_and_progress(runner):
    def work(job):
        job.update(total=3)
        job.update(done=3, message="all of it")
        return 42

    job = runner.submit(work, "count")
    assert job.result(timeout=10) == 42
    assert job.state == "done"
    assert (job.progress.done, job.progress.total, job.progress.message) == (3, 3, "all of it")
    assert "count" in repr(job)


def test_failure_is_kept_and_raised_and_the_next_job_runs(runner):
    def fail(_):
        msg = "broken"
        raise ValueError(msg)

    job = runner.submit(fail, "fail")
    with pytest.raises(ValueError, match="broken"):
        job.result(timeout=10)
    assert job.state == "failed"
    assert "ValueError: broken" in repr(job)
    assert runner.submit(lambda _: 1, "next").result(timeout=10) == 1


def test_even_system_exit_leaves_the_thread_alive(runner):
    def leave(_):
        raise SystemExit

    assert runner.submit(leave, "leave").wait(10).done()
    assert runner.submit(lambda _: 1, "next").result(timeout=10) == 1


def test_cancel_running_and_queued(runner):
    started, gate = threading.Event(), threading.Event()
    running = runner.submit(block(started, gate), "running")
    queued = runner.submit(lambda _: 1, "queued")
    assert started.wait(10)
    assert queued.cancel()
    assert queued.state == "cancelled"
    assert running.cancel()
    assert running.wait(10).done()
    assert running.state == "cancelled"
    assert not running.cancel()
    with pytest.raises(JobCancelled, match="queued"):
        queued.result()


def test_the_end_comes_once_and_before_anyone_learns_that_it_is_over(runner):
    started, gate, ends = threading.Event(), threading.Event(), []
    running = runner.submit(block(started, gate), "running", at_end=lambda: ends.append(running.done()))
    queued = runner.submit(lambda _: 1, "queued", at_end=lambda: ends.append(queued.done()))
    assert started.wait(10)
    queued.cancel()
    assert ends == [False]
    running.cancel()
    running.wait(10)
    assert ends == [False, False]

    def fail():
        raise ValueError("nowhere to write to")

    with pytest.raises(ValueError, match="nowhere"):
        runner.submit(lambda _: 1, "fails at its end", at_end=fail).result(timeout=10)


def test_interactive_jobs_go_before_a_running_long_job(runner):
    started, gate = threading.Event(), threading.Event()
    order = []
    long = runner.submit(block(started, gate), "long")
    later = runner.submit(lambda _: order.append("later"), "later")
    assert started.wait(10)

    def quick(_):
        order.append("quick")
        return threading.current_thread()

    thread = runner.submit(quick, "quick", interactive=True).result(timeout=10)
    assert long.state == "running"
    gate.set()
    later.result(timeout=10)
    assert order == ["quick", "later"]
    assert runner.submit(lambda _: threading.current_thread(), "where").result() is thread


def test_checkpoint_on_another_thread_lets_nobody_in(runner):
    entered, gate = threading.Event(), threading.Event()

    def work(job):
        quick = runner.submit(lambda _: None, "quick", interactive=True)
        other = threading.Thread(target=job.checkpoint)
        other.start()
        other.join()
        entered.set()
        assert quick.state == "queued"
        gate.wait(10)

    job = runner.submit(work, "long")
    assert entered.wait(10)
    gate.set()
    job.result(timeout=10)


def test_job_is_awaitable_and_leaves_the_loop_free(runner):
    async def cell():
        started, gate = threading.Event(), threading.Event()
        job = runner.submit(block(started, gate), "slow")
        asyncio.get_running_loop().call_later(0.05, gate.set)  # runs only if the loop is free
        assert await job == "opened"
        assert await job == "opened"  # also when it is over
        cancelled = runner.submit(block(started, threading.Event()), "cancelled")
        asyncio.get_running_loop().call_later(0.05, cancelled.cancel)
        with pytest.raises(JobCancelled):
            await cancelled
        still = runner.submit(block(started, gate := threading.Event()), "still")
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(still, 0.05)
        assert not still.done()  # to stop waiting is not to cancel
        gate.set()
        return await asyncio.gather(still, runner.submit(lambda _: 2, "two"))

    assert asyncio.run(cell()) == ["opened", 2]


def test_subscribers_see_every_state_and_cannot_break_the_job(runner, caplog):
    states = []
    runner.subscribe(lambda job: states.append((job.name, job.state, job.progress.done)))
    gate = threading.Event()

    def work(job):
        gate.wait(10)
        job.update(done=1)

    def bad(_):
        msg = "a bad subscriber"
        raise RuntimeError(msg)

    with caplog.at_level(logging.ERROR):
        job = runner.submit(work, "work")
        unsubscribe = job.subscribe(bad)
        gate.set()
        job.result(timeout=10)
    unsubscribe()
    assert "a bad subscriber" in caplog.text
    runner.close()
    assert states == [
        ("work", state, done) for state, done in [("queued", 0), ("running", 0), ("running", 1), ("done", 1)]
    ]


def test_interrupt_ends_the_waiting_not_the_job(runner):
    started, gate = threading.Event(), threading.Event()
    job = runner.submit(block(started, gate), "long")
    assert started.wait(10)
    timer = threading.Timer(0.1, lambda: signal.raise_signal(signal.SIGINT))
    timer.start()
    with pytest.raises(KeyboardInterrupt):
        job.wait(20)
    assert job.state == "running"
    gate.set()
    assert job.result(timeout=10) == "opened"


def test_wait_and_result_time_out(runner):
    started, gate = threading.Event(), threading.Event()
    job = runner.submit(block(started, gate), "long")
    assert not job.wait(0.02).done()
    with pytest.raises(TimeoutError, match="long"):
        job.result(timeout=0.02)
    gate.set()
    assert job.wait(10).done()


def test_wait_shows_a_bar_in_a_terminal(runner, monkeypatch, capsys):
    monkeypatch.setattr("sys.stderr.isatty", lambda: True, raising=False)

    def work(job):
        for done in range(1, 5):
            job.update(done=done, total=4, message="drawing")
            time.sleep(0.3)

    runner.submit(work, "generate").wait()
    assert "generate" in capsys.readouterr().err


@pytest.mark.parametrize("cancelled", [False, True])
def test_a_job_that_is_over_keeps_nothing_of_what_it_worked_with(cancelled):
    class Session:
        def work(self, _):
            if cancelled:
                raise JobCancelled("enough")
            return 1

        def hear(self, job):
            pass

    session, runner = Session(), JobRunner()
    job = runner.submit(session.work, "work", at_end=lambda held=session: held.hear(None))
    job.subscribe(session.hear)
    job.wait()
    runner.close()
    gone = [weakref.ref(each) for each in (session, runner)]
    del session, runner
    gc.collect()
    assert [each() for each in gone] == [None, None]
    assert job.state == ("cancelled" if cancelled else "done")


def test_a_bar_is_full_when_a_job_ended_well_before_all_was_done(runner, monkeypatch, capsys):
    monkeypatch.setattr("sys.stderr.isatty", lambda: True, raising=False)

    def work(job):
        job.update(done=188, total=250)
        time.sleep(1.5)

    runner.submit(work, "search").wait()
    said = capsys.readouterr().err
    assert "188/250" in said
    assert "100%" in said.split("\r")[-1]


def test_a_bar_says_what_a_job_in_the_queue_waits_for(runner, monkeypatch, capsys):
    monkeypatch.setattr("sys.stderr.isatty", lambda: True, raising=False)
    started, gate = threading.Event(), threading.Event()

    def work(job):
        job.update(message="drawing the map")
        started.set()
        gate.wait(20)

    runner.submit(work, "look")
    assert started.wait(10)
    job = runner.submit(lambda _: 1, "generate")
    assert not job.wait(2.5).done()  # a bar appears after a second
    gate.set()
    assert job.result() == 1
    assert "waits for: look (drawing the map)" in capsys.readouterr().err


def test_close_cancels_joins_and_refuses_new_work():
    runner = JobRunner()
    started = threading.Event()
    job = runner.submit(block(started, threading.Event()), "long")
    queued = runner.submit(lambda _: 1, "queued")
    assert started.wait(10)
    runner.close()
    runner.close()
    assert (job.state, queued.state) == ("cancelled", "cancelled")
    with pytest.raises(InputError, match="closed"):
        runner.submit(lambda _: 1, "late")


def test_close_says_which_job_does_not_stop():
    runner = JobRunner()
    started, gate = threading.Event(), threading.Event()

    def deaf(_):
        started.set()
        gate.wait(20)

    runner.submit(deaf, "deaf")
    assert started.wait(10)
    with pytest.raises(DataCrafterError, match="'deaf' did not stop"):
        runner.close(timeout=0.05)
    gate.set()
    runner.close()


def test_html_is_escaped(runner):
    job = runner.submit(lambda _: None, "<script>alert(1)</script>")
    job.wait(10)
    assert "<script>" not in job._repr_html_()


def test_jobs_are_found_by_number(runner):
    job = runner.submit(lambda _: None, "one")
    assert runner.job(job.id) is job
    assert runner.jobs() == [job]
    with pytest.raises(InputError, match="no job 99"):
        runner.job(99)


def test_the_rate_is_that_of_what_a_job_does_now(runner):
    seen = []

    def work(job):
        job.update(done=0, total=100)
        seen.append(job.rate)
        time.sleep(0.02)
        job.update(done=50)
        seen.append(job.rate)
        job.update(done=0, total=10, message="something else")
        seen.append(job.rate)

    job = runner.submit(work, "work")
    job.result(10, quiet=True)
    assert seen[0] is None
    assert 0 < seen[1] < 50 / 0.02
    assert seen[2:] == [None]
    assert job.rate is None
