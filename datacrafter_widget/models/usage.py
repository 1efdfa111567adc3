"""What a language model has been asked for, and what that cost."""

from __future__ import annotations

import math
import threading
from dataclasses import dataclass

from datacrafter_widget.errors import InputError

Prices = tuple[float, float]
_MILLION = 1_000_000


@dataclass(frozen=True)
class Usage:
    """What a language model was asked for since it was made.

    Attributes:
        calls: replies that came from the endpoint, useless ones too: they are billed all the same.
        cached: answers that were known already, and cost nothing.
        prompt_tokens: tokens sent, as the endpoint counts them.
        completion_tokens: tokens that came back.
        cost: US dollars; None where the price is not known, or the endpoint does not count tokens.
    """

    calls: int = 0
    cached: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0
    cost: float | None = None


@dataclass(frozen=True)
class Tokens:
    """Tokens of one reply.

    Attributes:
        prompt: tokens sent.
        completion: tokens that came back.
        prompt_cached: those of `prompt` that the endpoint had read before, and bills at a lower price.
    """

    prompt: int
    completion: int
    prompt_cached: int = 0


class UsageMeter:
    """Adds up replies, from any thread.

    Args:
        model: the endpoint's name of the model.
        prices: US dollars for a million prompt tokens and for a million completion tokens, or None.
        listed: whether OpenAI's list prices hold, as `genai-prices` brings them along (no network is used).
            They count where `prices` is None.

    Raises:
        InputError: `prices` is no pair of numbers from 0.
    """

    def __init__(self, model: str, *, prices: Prices | None = None, listed: bool = False) -> None:
        self._prices = None if prices is None else check_prices(prices)
        self._model = model
        self._listed = listed
        self._lock = threading.Lock()
        self._calls = self._cached = self._prompt = self._completion = 0
        self._cost: float | None = 0.0

    @property
    def usage(self) -> Usage:
        """What was counted so far."""
        with self._lock:
            cost = self._cost
            if self._calls == 0 and self._price(Tokens(0, 0)) is None:
                cost = None
            return Usage(self._calls, self._cached, self._prompt, self._completion, cost)

    def count(self, tokens: Tokens | None) -> None:
        """Count a reply; None where the endpoint did not say how many tokens it took."""
        price = None if tokens is None else self._price(tokens)
        with self._lock:
            self._calls += 1
            if tokens is not None:
                self._prompt += tokens.prompt
                self._completion += tokens.completion
            self._cost = None if self._cost is None or price is None else self._cost + price

    def count_cached(self) -> None:
        """Count an answer that was known already."""
        with self._lock:
            self._cached += 1

    def _price(self, tokens: Tokens) -> float | None:
        if self._prices is not None:
            prompt, completion = self._prices
            return (tokens.prompt * prompt + tokens.completion * completion) / _MILLION
        return list_price(self._model, tokens) if self._listed else None


def list_price(model: str, tokens: Tokens) -> float | None:
    """US dollars that OpenAI asks for a reply, or None for a model that has no price on the list."""
    import genai_prices

    usage = genai_prices.Usage(
        input_tokens=tokens.prompt,
        output_tokens=tokens.completion,
        cache_read_tokens=min(tokens.prompt_cached, tokens.prompt),
    )
    try:
        return float(genai_prices.calc_price(usage, model, provider_id="openai").total_price)
    except (LookupError, ValueError):
        return None


def check_prices(prices: Prices) -> Prices:
    """Make sure that prices are two numbers from 0.

    Raises:
        InputError: they are not.
    """
    try:
        prompt, completion = (float(price) for price in prices)
    except (TypeError, ValueError):
        prompt = completion = math.nan
    if not (0 <= prompt < math.inf and 0 <= completion < math.inf):
        msg = (
            "prices: expected US dollars for a million prompt tokens and for a million completion tokens, such "
            f"as (0.15, 0.6), found {prices!r}"
        )
        raise InputError(msg)
    return prompt, completion
