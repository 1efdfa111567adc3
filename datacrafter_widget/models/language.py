"""Language models: a question in, JSON of a given shape out. Any OpenAI-compatible endpoint is one."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

from datacrafter_widget.errors import InputError, ModelError
from datacrafter_widget.models.answers import AnswerCache, AnswerError, check_schema, digest, read_answer
from datacrafter_widget.models.endpoint import OPENAI_URL, ChatEndpoint
from datacrafter_widget.models.messages import chat_messages, repair_messages
from datacrafter_widget.models.usage import UsageMeter

if TYPE_CHECKING:
    from collections.abc import Sequence

    from PIL import Image

    from datacrafter_widget.models.answers import Schema
    from datacrafter_widget.models.completions import Completion
    from datacrafter_widget.models.messages import Message
    from datacrafter_widget.models.usage import Prices, Usage

#: Where a provider answers by default; None leaves it to OPENAI_BASE_URL and then to OpenAI.
PROVIDERS = {
    "openai": None,
    "ollama": "http://localhost:11434/v1",
    "vllm": "http://localhost:8000/v1",
}


@runtime_checkable
class LanguageModel(Protocol):
    """What this package asks of a language model. Calls may come from several threads at once."""

    def answer(
        self,
        instructions: str,
        question: str,
        schema: Schema,
        *,
        images: Sequence[Image.Image] = (),
    ) -> dict[str, Any]:
        """Answer a question with an object that fits a schema.

        Args:
            instructions: what to do, and how; written by us.
            question: what to do it with; may hold untrusted text, as JSON.
            schema: JSON schema (2020-12) of the answer, with ``"type": "object"`` at its root. Where the
                endpoint has structured outputs, they work best when every object names all its properties as
                ``required`` and has ``"additionalProperties": false``.
            images: RGB pictures that the question is about, in order.

        Returns:
            The answer, checked against the schema.

        Raises:
            InputError: the schema is none.
            AnswerError: the model refuses, is cut off, or keeps giving what does not fit.
            ModelError: the model can't be reached, or the endpoint fails.
        """


class OpenAILanguageModel:
    """A chat model behind an OpenAI-compatible endpoint (OpenAI, vLLM, Ollama, LM Studio …).

    The answer is asked for as structured output; an endpoint that refuses is asked for plain JSON, then for
    text. What comes is checked in any case, and the model gets one chance to repair it. The same question is
    asked once: its answer is kept in memory, and in `cache` for later processes.

    The key is read by the `openai` client from OPENAI_API_KEY, and goes nowhere else. A server of one's own
    needs none. Safe to share by threads; the client is made when it is first needed.

    Pictures are sent without anything that their files hold beside the pixels.

    Args:
        model: the endpoint's name of the model, e.g. ``"gpt-4o-mini"``.
        base_url: the endpoint, up to and with ``/v1``; default OPENAI_BASE_URL, or else OpenAI.
        timeout: seconds to wait for an answer to begin, and then to end, at each try.
        max_retries: further tries after a timeout, a lost connection, a busy or failing server (429, 5xx);
            longer and longer after one another, or when the server says so.
        temperature: of the model's sampling; None leaves the endpoint's own (some models take no other).
        cache: folder to keep answers in, or None.
        name: what the user called it; default `model`.
        prices: US dollars for a million prompt tokens and for a million completion tokens, for `usage`;
            default OpenAI's list prices at OpenAI's own endpoint, and unknown elsewhere.

    Attributes:
        name: what the user called it.
        problem: why the last question has no answer, in a sentence; None when it has one.
    """

    def __init__(
        self,
        model: str,
        *,
        base_url: str | None = None,
        timeout: float = 60.0,
        max_retries: int = 2,
        temperature: float | None = None,
        cache: str | os.PathLike[str] | None = None,
        name: str | None = None,
        prices: Prices | None = None,
    ) -> None:
        if not model.strip():
            msg = f"model: expected the endpoint's name of a model, such as 'gpt-4o-mini', found {model!r}"
            raise InputError(msg)
        if not timeout > 0:
            msg = f"timeout: expected seconds above 0, found {timeout!r}"
            raise InputError(msg)
        self.name = name or model
        self.problem: str | None = None
        self._endpoint = ChatEndpoint(
            model,
            base_url or os.environ.get("OPENAI_BASE_URL") or OPENAI_URL,
            timeout=timeout,
            max_retries=max_retries,
        )
        self._sampling = {} if temperature is None else {"temperature": temperature}
        self._cache = AnswerCache(cache)
        self._meter = UsageMeter(model, prices=prices, listed=self._endpoint.is_openai)

    @property
    def usage(self) -> Usage:
        """What it was asked for since it was made, and what that cost."""
        return self._meter.usage

    def answer(
        self,
        instructions: str,
        question: str,
        schema: Schema,
        *,
        images: Sequence[Image.Image] = (),
    ) -> dict[str, Any]:
        """Answer a question with an object that fits a schema; see `LanguageModel.answer`."""
        check_schema(schema)
        messages = chat_messages(instructions, question, schema, images)
        key = digest([self._endpoint.model, self._endpoint.base_url, self._sampling, messages, schema])
        kept = self._cache.get(key)
        if kept is not None:
            known = read_answer(kept, schema)
            if isinstance(known, dict):
                self._meter.count_cached()
                return known
        try:
            answer = self._ask(messages, schema)
        except ModelError as error:
            self.problem = str(error)
            raise
        self.problem = None
        self._cache.put(key, answer)
        return answer

    def _ask(self, messages: list[Message], schema: Schema) -> dict[str, Any]:
        who = self._endpoint.name
        reply = self._complete(messages, schema)
        found = read_answer(reply.text, schema)
        if isinstance(found, str) and reply.finish != "length":  # a repair would be cut off as well
            reply = self._complete(repair_messages(messages, reply.text, found), schema)
            found = read_answer(reply.text, schema)
        if isinstance(found, dict):
            return found
        if reply.finish == "length":
            msg = (
                f"{who}: expected JSON that fits the schema, found an answer that is cut off at the "
                "model's limit of tokens. Ask for less at once, or take a model with a higher limit."
            )
            raise AnswerError(msg)
        msg = (
            f"{who}: expected JSON that fits the schema, found, after one try to repair it: "
            f"{self._endpoint.redacted(found)}. Try a larger model."
        )
        raise AnswerError(msg)

    def _complete(self, messages: list[Message], schema: Schema) -> Completion:
        """The model's reply, counted; it may be anything but a refusal."""
        completion = self._endpoint.complete(messages, schema, self._sampling)
        self._meter.count(completion.tokens)
        who = self._endpoint.name
        if completion.refusal:
            refusal = self._endpoint.redacted(completion.refusal)
            msg = f"{who}: expected an answer, the model refuses: {refusal}"
            raise AnswerError(msg)
        if completion.finish == "content_filter":
            msg = (
                f"{who}: expected an answer, found that the endpoint's content filter withholds it. "
                "Leave out what it may object to, or take another model."
            )
            raise AnswerError(msg)
        return completion


def language_model(
    spec: str | LanguageModel | None, *, cache: str | os.PathLike[str] | None = None
) -> LanguageModel | None:
    """What a language model's name means.

    Args:
        spec: ``"openai/<model>"`` (at OPENAI_BASE_URL, or else OpenAI), ``"ollama/<model>"`` or
            ``"vllm/<model>"`` (on this machine), an object that follows `LanguageModel`, or None.
        cache: folder for the answers of a model given by name.

    Returns:
        The model, not yet connected; None for None.

    Raises:
        ModelError: none of these.
    """
    if spec is None:
        return None
    if isinstance(spec, str):
        provider, _, model = spec.partition("/")
        if provider in PROVIDERS and model.strip():
            return OpenAILanguageModel(model, base_url=PROVIDERS[provider], cache=cache, name=spec)
    elif isinstance(spec, LanguageModel) and not isinstance(spec, type):
        return spec
    names = ", ".join(f"'{provider}/<model>'" for provider in PROVIDERS)
    msg = (
        f"language: expected {names}, or an object with answer(instructions, question, schema) such as "
        f"OpenAILanguageModel(model, base_url=...), found {spec!r}"
    )
    raise ModelError(msg)
