"""What every test shares: no network, the toybox's models, and its originals as picture files."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from chat import ChatServer

from datacrafter_widget.models.diffusers_generator import DiffusersGenerator
from datacrafter_widget.models.encoder import OpenClipEncoder

os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")  # spinning threads starve each other on shared cores
if "PYTEST_XDIST_WORKER" in os.environ:
    os.environ.setdefault("OMP_NUM_THREADS", "1")  # two workers of one thread do more than one of two


@pytest.fixture(scope="session")
def originals(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Class folders with six rendered pictures each; all of class "crane" are birds."""
    from datacrafter_widget.toybox import write_originals

    folder = tmp_path_factory.mktemp("toybox") / "originals"
    write_originals(folder, per_class=6, seed=11)
    return folder


@pytest.fixture(scope="session")
def toybox() -> DiffusersGenerator:
    """The toybox's generator."""
    return DiffusersGenerator("toybox", device="cpu")


@pytest.fixture(scope="session")
def clip() -> OpenClipEncoder:
    """The toybox's encoder."""
    return OpenClipEncoder("toybox", device="cpu")


@pytest.fixture
def chat(monkeypatch: pytest.MonkeyPatch) -> Iterator[ChatServer]:
    """A language model's endpoint on this machine, and an environment without keys."""
    for name in ("OPENAI_API_KEY", "OPENAI_BASE_URL", "OPENAI_ADMIN_KEY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    server = ChatServer()
    yield server
    server.close()
