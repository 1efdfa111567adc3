"""Several generators at once, on this machine's cards or a cluster's: a pool of Ray actors."""

from __future__ import annotations

import contextlib
import os
import textwrap
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

from datacrafter_widget.errors import DataCrafterError, InputError, JobCancelled, ModelError
from datacrafter_widget.models.device import memory_report
from datacrafter_widget.models.diffusers_generator import DiffusersGenerator
from datacrafter_widget.models.hub import first_line

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable, Iterator, Sequence

    from PIL import Image

    from datacrafter_widget.models.concepts import Concept
    from datacrafter_widget.models.generator import PictureRequest

_BATCHES_A_WORKER = 2
"""One that it makes, and one that waits, so that it never waits for us."""
_POLL_SECONDS = 0.1
_STARTS = 4
"""Ray gives up when its parts take over 15 s to start, as on a busy machine (ray-project/ray#65983)."""
_OBJECT_STORE_BYTES = 512 * 1024**2


class RayPool:
    """A generator whose batches are made by several processes, each with a model of its own.

    The workers start with the first batch. A worker that dies is replaced, and what it was at is made again:
    each batch comes back once. The process that holds the pool is the only one that writes the session.

    Without a cluster a private Ray is started, which listens on this machine's loopback only and sends no
    usage statistics; the pool that started it ends it in `release`, for other pools too.

    A batch's pictures are the ones that `DiffusersGenerator` makes of it on the same device (on a CPU: with
    as many threads).

    Attributes:
        name: what the user called the model.
        folder: where its files are, on this machine.
        revision: the hub's commit, or a hash of the folder's contents.
        device: what the workers run on.
        dtype: their precision; "auto" where only they can tell.
        defaults: settings that suit the model.
        num_workers: how many there are.

    Example:
        >>> pool = RayPool("stabilityai/sd-turbo", num_workers=4)  # doctest: +SKIP
        >>> session = Session.open("birds", generator=pool)  # doctest: +SKIP
    """

    def __init__(
        self,
        model: str | os.PathLike[str],
        *,
        num_workers: int,
        device: str = "auto",
        dtype: str = "auto",
        num_gpus: float | None = None,
        num_cpus: float | None = None,
        max_restarts: int = 3,
        address: str | None = None,
        **options: Any,
    ) -> None:
        """Find the model; nothing is started yet.

        Args:
            model: as `DiffusersGenerator` takes it. On other machines a folder must have the same path.
            num_workers: how many workers.
            device: "auto", "cpu", "cuda" (the card that Ray gives a worker).
            dtype: "auto", "float32", "float16" or "bfloat16".
            num_gpus: cards a worker; 0.5 puts two workers on one. By default 1 if `device` is a CUDA card.
            num_cpus: cores a worker, and threads of one that runs on the CPU. By default an equal share of
                this machine's, or 1 on a cluster.
            max_restarts: how often a batch is made again because its worker died.
            address: of a Ray cluster that runs already, as `ray.init` takes it. By default the one in the
                environment's RAY_ADDRESS, or a private one.
            **options: for every worker's `DiffusersGenerator`.

        Raises:
            InputError: a number out of range, or an unknown device or precision name.
            ModelError: the model is not there, or the device is not.
        """
        for what, value, least in (("num_workers", num_workers, 1), ("max_restarts", max_restarts, 0)):
            if value < least:
                msg = f"{what}: expected {least} or more, found {value}"
                raise InputError(msg)
        # With cards asked for, this machine may have none of them itself.
        here: dict[str, Any] = (
            {"device": "auto", "dtype": "auto"} if num_gpus else {"device": device, "dtype": dtype}
        )
        described = DiffusersGenerator(model, **here, **options)
        on_card = described.device.startswith("cuda")
        self._num_gpus = float(on_card) if num_gpus is None else float(num_gpus)
        self.name, self.folder, self.revision = described.name, described.folder, described.revision
        self.device = "cuda" if self._num_gpus else described.device
        self.dtype = described.dtype if dtype == "auto" and (on_card or not self._num_gpus) else dtype
        self.defaults = described.defaults
        self.num_workers = num_workers
        self._num_cpus = num_cpus
        self._max_restarts = max_restarts
        self._address = address or os.environ.get("RAY_ADDRESS") or None
        path = Path(model).expanduser()
        self._model = str(path.absolute() if path.is_dir() else model)
        self._options = {**options, "device": self.device, "dtype": dtype}
        self._concepts: tuple[Concept, ...] = ()
        self._lock = threading.RLock()
        self._workers: list[Any] = []
        self._ray_job: str | None = None
        self._started_ray = False

    def use_concepts(self, concepts: Sequence[Concept]) -> None:
        """Let prompts name these learned concepts from the next batch on; their files are read by the workers."""
        self._concepts = tuple(concepts)

    def generate(
        self, requests: Sequence[PictureRequest], *, on_step: Callable[[int, int], object] | None = None
    ) -> list[Image.Image]:
        """Make one batch on one worker. Raises as `stream` does."""
        return next((pictures for _, pictures in self.stream([requests], on_step=on_step)), [])

    def stream(
        self,
        batches: Iterable[Sequence[PictureRequest]],
        *,
        on_step: Callable[[int, int], object] | None = None,
    ) -> Generator[tuple[int, list[Image.Image]]]:
        """Make batches on all workers, two in hand for each.

        Args:
            batches: pulled from only as far as workers have room. What goes together in one batch is as for
                `DiffusersGenerator.generate`.
            on_step: called several times a second with the batches finished and the batches handed out. An
                exception that it raises drops what is in flight and leaves the stream.

        Yields:
            (position in `batches`, its pictures), as they get ready.

        Raises:
            InputError: requests that do not go together.
            OutOfMemoryError: with the batch size to try.
            ModelError: Ray or the model can't be had, the model failed, or workers die again and again.
        """
        ray = _import_ray()
        waiting = enumerate(batches)
        in_hand: dict[Any, tuple[int, Any]] = {}
        finished = handed_out = 0
        try:
            while True:
                while len(in_hand) < _BATCHES_A_WORKER * self.num_workers:
                    position, requests = next(waiting, (None, ()))
                    if position is None:
                        break
                    worker = self._least_busy(ray, [worker for _, worker in in_hand.values()])
                    in_hand[worker.make.remote(list(requests), self._concepts)] = position, worker
                    handed_out += 1
                if not in_hand:
                    return
                ready, _ = ray.wait(list(in_hand), num_returns=1, timeout=_POLL_SECONDS)
                if on_step is not None:
                    on_step(finished, handed_out)
                for result in ready:
                    position, _ = in_hand.pop(result)
                    finished += 1
                    yield position, self._get(ray, result)
        finally:
            for result in in_hand:
                if ray.is_initialized():
                    ray.cancel(result)

    def find_batch_size(
        self, request: PictureRequest, *, on_step: Callable[[int, int], object] | None = None
    ) -> int:
        """The batch size to make pictures like this one with, as one worker finds it. Raises as `stream`."""
        ray = _import_ray()
        result = self._running(ray)[0].find_batch_size.remote(request, self._concepts)
        try:
            while not ray.wait([result], timeout=_POLL_SECONDS)[0]:
                if on_step is not None:
                    on_step(0, 1)
        except BaseException:
            ray.cancel(result)
            raise
        return int(self._get(ray, result))

    def release(self) -> None:
        """End the workers, and Ray if this pool started it; the next batch starts them again.

        A stream that is running ends with a `ModelError`.
        """
        with self._lock:
            if not self._workers and not self._started_ray:
                return
            ray = _import_ray()
            if self._connected(ray):
                for worker in self._workers:
                    ray.kill(worker)
            if self._started_ray:
                ray.shutdown()
            self._workers, self._started_ray = [], False

    def memory(self) -> dict[str, Any]:
        """What this machine's memory holds (see `memory_report`); the workers' cards are theirs to watch."""
        return {**memory_report("cpu"), "name": f"Ray, {self.num_workers} x {self.device}"}

    def __repr__(self) -> str:
        return f"RayPool({self.name!r}, num_workers={self.num_workers}, device={self.device!r})"

    def _get(self, ray: Any, result: Any) -> Any:
        """What a worker has made, or its failure in our words."""
        try:
            return ray.get(result)
        except ray.exceptions.RayTaskError as error:
            if isinstance(error.cause, DataCrafterError):
                raise error.cause from error
            problem = f"{type(error.cause).__name__}: {first_line(error.cause)}"
            msg = f"a worker failed with the model {self.name!r}: {problem}"
            raise ModelError(msg) from error
        except ray.exceptions.RayError as error:
            reason = str(error).strip().splitlines()[-1:]  # before it come the frames of Ray's own code
            msg = (
                f"a batch of {self.name!r} was lost: expected its pictures, found that its worker died, and again "
                f"each time it was tried (max_restarts={self._max_restarts}): "
                f"{textwrap.shorten(' '.join(reason), 200, placeholder=' …')} Its memory may have run out: try a "
                "smaller batch_size or fewer workers; Ray's logs are in /tmp/ray. What was finished is kept: "
                "resume to go on"
            )
            raise ModelError(msg) from error

    def _least_busy(self, ray: Any, busy: Sequence[Any]) -> Any:
        return min(self._running(ray), key=busy.count)

    def _running(self, ray: Any) -> list[Any]:
        """The workers, started now if they weren't."""
        with self._lock:
            if not (self._workers and self._connected(ray)):
                if not ray.is_initialized():
                    self._start(ray)
                self._check_cards(ray)
                self._ray_job = ray.get_runtime_context().get_job_id()
                worker = ray.remote(
                    num_cpus=self._cores() if self._started_ray else self._num_cpus or 1,
                    num_gpus=self._num_gpus,
                    max_restarts=-1,  # a batch has a limit, a long night has none
                    max_task_retries=self._max_restarts,
                )(_Worker)
                self._workers = [worker.remote(self._model, self._options) for _ in range(self.num_workers)]
            return self._workers

    def _check_cards(self, ray: Any) -> None:
        """Workers would wait for ever for cards that are not there; a cluster named by address may grow them."""
        wanted, cards = self._num_gpus * self.num_workers, ray.cluster_resources().get("GPU", 0)
        if wanted <= cards or self._address is not None:
            return
        self.release()
        msg = (
            f"expected {wanted:g} cards for {self.num_workers} workers, found {cards:g}; use fewer workers, a part "
            "of a card each, such as num_gpus=0.5, or the address= of a cluster that has them"
        )
        raise ModelError(msg)

    def _connected(self, ray: Any) -> bool:
        """Whether Ray still is the one that the workers were started in."""
        return ray.is_initialized() and ray.get_runtime_context().get_job_id() == self._ray_job

    def _cores(self) -> float:
        return self._num_cpus or max(1, (os.cpu_count() or 1) // self.num_workers)

    def _start(self, ray: Any) -> None:
        """Connect to the cluster, or start a private one on the loopback."""
        quiet = {"logging_level": "WARNING", "log_to_driver": False}
        os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
        try:
            if self._address is not None:
                ray.init(address=self._address, **quiet)
                return
            self._start_private(ray, quiet)
        except Exception as error:
            where = f"at {self._address}" if self._address else "on this machine"
            msg = (
                f"Ray can't be reached {where}: expected a running Ray, found {type(error).__name__}: "
                f"{first_line(error)}. Check the address (`ray status`) and the room in /dev/shm and /tmp"
            )
            raise ModelError(msg) from error
        self._started_ray = True

    def _start_private(self, ray: Any, quiet: dict[str, Any]) -> None:
        for left in reversed(range(_STARTS)):
            try:
                with _on_the_loopback(ray):
                    ray.init(
                        address="local",
                        num_cpus=max(1, round(self._cores() * self.num_workers + 0.5)),
                        include_dashboard=False,
                        object_store_memory=_OBJECT_STORE_BYTES,
                        _node_ip_address="127.0.0.1",
                        **quiet,
                    )
            except Exception:
                ray.shutdown()
                if not left:
                    raise
            else:
                return


class _Worker:
    """What runs in each of Ray's processes."""

    def __init__(self, model: str, options: dict[str, Any]) -> None:
        self._model = model
        self._options = options
        self._generator: DiffusersGenerator | None = None
        self._concepts: tuple[Concept, ...] = ()

    def make(self, requests: Sequence[PictureRequest], concepts: tuple[Concept, ...]) -> list[Image.Image]:
        """One batch; stops within a step when it was dropped."""
        return self._opened(concepts).generate(requests, on_step=_raise_if_dropped)

    def find_batch_size(self, request: PictureRequest, concepts: tuple[Concept, ...]) -> int:
        """How many such pictures fit this process's device."""
        return self._opened(concepts).find_batch_size(request, on_step=_raise_if_dropped)

    def _opened(self, concepts: tuple[Concept, ...]) -> DiffusersGenerator:
        if self._generator is None:
            self._generator = DiffusersGenerator(self._model, **self._options)
        if concepts != self._concepts:
            self._generator.use_concepts(concepts)
            self._concepts = concepts
        return self._generator


def _raise_if_dropped(_step: int, _steps: int) -> None:
    import ray

    is_canceled = getattr(ray.get_runtime_context(), "is_canceled", None)  # older ones finish the batch
    if is_canceled is not None and is_canceled():
        msg = "the batch was dropped"
        raise JobCancelled(msg)


@contextlib.contextmanager
def _on_the_loopback(ray: Any) -> Iterator[None]:
    """Let a private Ray listen to this machine only, on Linux as it does on Windows and macOS.

    Ray has no public way to say so: it takes "127.0.0.1" for "the address that others see", and listens there.
    """
    constants = ray._private.ray_constants  # noqa: SLF001
    clusters = getattr(constants, "ENABLE_RAY_CLUSTER", None)
    constants.ENABLE_RAY_CLUSTER = False
    try:
        yield
    finally:
        constants.ENABLE_RAY_CLUSTER = clusters


def _import_ray() -> Any:
    try:
        import ray
    except ImportError as error:
        msg = (
            "RayPool needs Ray, which isn't installed; install it with: pip install 'datacrafter-widget[ray]'"
        )
        raise ModelError(msg) from error
    return ray
