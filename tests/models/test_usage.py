"""Tokens and dollars."""

import socket
import threading

import pytest

from datacrafter_widget.errors import InputError
from datacrafter_widget.models.language import OpenAILanguageModel
from datacrafter_widget.models.usage import Tokens, Usage, UsageMeter, list_price


def test_list_prices_need_no_network(monkeypatch):
    def offline(*_):
        raise AssertionError("a socket was opened")

    monkeypatch.setattr(socket.socket, "connect", offline)
    million = Tokens(1_000_000, 1_000_000)
    small, large = list_price("gpt-4o-mini", million), list_price("gpt-4o", million)
    assert 0.01 < small < large < 100
    assert list_price("gpt-4o-mini", Tokens(1_000_000, 1_000_000, 1_000_000)) < small
    assert list_price("gpt-4o-mini", Tokens(0, 0, 5)) == 0
    assert list_price("somebody's own", million) is None


def test_list_prices_hold_at_openai_alone():
    def cost(**settings):
        return OpenAILanguageModel("gpt-4o-mini", **settings).usage.cost

    openai = "https://api.openai.com/v1"
    assert cost(base_url=openai) == 0
    assert cost(base_url="http://127.0.0.1:8000/v1") is None
    assert cost(base_url="http://127.0.0.1:8000/v1", prices=(0, 1)) == 0
    assert OpenAILanguageModel("somebody's own", base_url=openai).usage.cost is None


def test_ones_own_prices_come_first():
    meter = UsageMeter("gpt-4o-mini", prices=(1.0, 2.0), listed=True)
    meter.count(Tokens(1_000_000, 500_000))
    assert meter.usage == Usage(
        calls=1, prompt_tokens=1_000_000, completion_tokens=500_000, cost=pytest.approx(2)
    )


def test_a_cost_of_which_a_part_is_unknown_is_unknown():
    meter = UsageMeter("m", prices=(1.0, 2.0))
    meter.count(Tokens(5, 5))
    meter.count(None)
    meter.count(Tokens(5, 5))
    assert meter.usage == Usage(calls=3, prompt_tokens=10, completion_tokens=10, cost=None)


def test_threads_count_together():
    meter = UsageMeter("m", prices=(1.0, 1.0))

    def count():
        for _ in range(500):
            meter.count(Tokens(1, 2))
            meter.count_cached()

    threads = [threading.Thread(target=count) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    used = meter.usage
    assert (used.calls, used.cached, used.prompt_tokens, used.completion_tokens) == (4000, 4000, 4000, 8000)
    assert used.cost == pytest.approx(0.012)


@pytest.mark.parametrize(
    "prices", [(1,), (1, 2, 3), ("a", 1), (-1, 1), (float("nan"), 1), 3, (1, float("inf"))]
)
def test_prices_are_two_numbers(prices):
    with pytest.raises(InputError, match="prices: expected US dollars"):
        OpenAILanguageModel("m", prices=prices)
