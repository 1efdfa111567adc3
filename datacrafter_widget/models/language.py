"""Language models: a question in, JSON of a given shape out. Any OpenAI-compatible endpoint is one."""

from __future__ import annotations

import base64
import hashlib
import io
import json
import os
import re
import threading
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable
from urllib.parse import urlsplit

from datacrafter_widget.errors import InputError, ModelError
from datacrafter_widget.models.answers import AnswerCache, check_schema, read_answer

if TYPE_CHECKING:
    from collections.abc import Sequence

    from PIL import Image

    from datacrafter_widget.models.answers import Schema

OPENAI_URL = "https://api.openai.com/v1"
#: Where a provider answers by default; None leaves it to OPENAI_BASE_URL and then to OpenAI.
PROVIDERS = {
    "openai": None,
    "ollama": "http://localhost:11434/v1",
    "vllm": "http://localhost:8000/v1",
}

_NO_KEY = "none"  # the client insists on a key, a server of one's own does not
_REFUSED_FORMAT = (400, 415, 422, 500, 501)  # what servers answer to a response_format they don't have
_KEY = re.compile(r"\bsk-[\w*.-]+")
_LONGEST_REASON = 300

Message = dict[str, Any]


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
            ModelError: the model can't be reached, refuses, or keeps giving what does not fit.
        """


class OpenAILanguageModel:
    """A chat model behind an OpenAI-compatible endpoint (OpenAI, vLLM, Ollama, LM Studio …).

    The answer is asked for as structured output; an endpoint that refuses is asked for plain JSON, then for
    text. What comes is checked in any case, and the model gets one chance to repair it. The same question is
    asked once: its answer is kept in memory, and in `cache` for later processes.

    The key is read by the `openai` client from OPENAI_API_KEY, and goes nowhere else. A server of one's own
    needs none. Safe to share by threads; the client is made when it is first needed.

    Args:
        model: the endpoint's name of the model, e.g. ``"gpt-4o-mini"``.
        base_url: the endpoint, up to and with ``/v1``; default OPENAI_BASE_URL, or else OpenAI.
        timeout: seconds to wait for an answer, at each try.
        max_retries: further tries after a timeout, a lost connection, a busy server; the client waits between.
        temperature: of the model's sampling; None leaves the endpoint's own (some models take no other).
        cache: folder to keep answers in, or None.
        name: what the user called it; default `model`.

    Attributes:
        name: what the user called it.
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
    ) -> None:
        if not model.strip():
            msg = f"model: expected the endpoint's name of a model, such as 'gpt-4o-mini', found {model!r}"
            raise InputError(msg)
        if not timeout > 0:
            msg = f"timeout: expected seconds above 0, found {timeout!r}"
            raise InputError(msg)
        self.name = name or model
        self._model = model
        self._base_url = base_url or os.environ.get("OPENAI_BASE_URL") or OPENAI_URL
        self._timeout = timeout
        self._max_retries = max_retries
        self._sampling = {} if temperature is None else {"temperature": temperature}
        self._cache = AnswerCache(cache)
        self._lock = threading.Lock()
        self._client: Any = None
        self._refused: dict[str, int] = {}  # by schema: how many of the formats the endpoint has refused

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
        messages = _messages(instructions, question, schema, images)
        key = _digest([self._model, self._base_url, self._sampling, messages, schema])
        kept = self._cache.get(key)
        if kept is not None:
            known = read_answer(kept, schema)
            if isinstance(known, dict):
                return known
        answer = self._ask(messages, schema)
        self._cache.put(key, answer)
        return answer

    def _ask(self, messages: list[Message], schema: Schema) -> dict[str, Any]:
        reply = self._complete(messages, schema)
        found = read_answer(reply, schema)
        if isinstance(found, str):
            repair = f"That does not fit the schema: {found}. Answer again, with the JSON object alone."
            reply = self._complete(
                [
                    *messages,
                    {"role": "assistant", "content": reply or "(nothing)"},
                    {"role": "user", "content": repair},
                ],
                schema,
            )
            found = read_answer(reply, schema)
        if isinstance(found, str):
            msg = (
                f"{self._who()}: expected JSON that fits the schema, found, after one try to repair it: "
                f"{found}. Try a larger model."
            )
            raise ModelError(msg)
        return found

    def _complete(self, messages: list[Message], schema: Schema) -> str:
        """The model's reply, in the strictest format that the endpoint takes."""
        import openai

        client = self._open()
        formats: list[dict[str, Any]] = [
            {
                "response_format": {
                    "type": "json_schema",
                    "json_schema": {"name": "answer", "schema": schema, "strict": True},
                }
            },
            {"response_format": {"type": "json_object"}},
            {},
        ]
        shape = _digest(schema)
        for level in range(self._refused.get(shape, 0), len(formats)):
            try:
                completion = client.chat.completions.create(
                    model=self._model, messages=messages, **self._sampling, **formats[level]
                )
            except openai.APIStatusError as error:
                if error.status_code in _REFUSED_FORMAT and level + 1 < len(formats):
                    continue
                # "from None": the server's words may hold the key, and would be printed with the chain
                raise ModelError(self._explain(error.status_code, str(error.message))) from None
            except openai.APITimeoutError:
                msg = (
                    f"{self._who()}: no answer within {self._timeout:g} s, {self._max_retries + 1} times; "
                    "is the server busy? Give OpenAILanguageModel a longer timeout, or a smaller model."
                )
                raise ModelError(msg) from None
            except openai.APIConnectionError as error:
                reason = self._redacted(str(error.__cause__ or error))
                msg = f"{self._who()}: can't be reached ({reason}). Is the server running, is base_url right?"
                raise ModelError(msg) from None
            except openai.OpenAIError as error:
                msg = f"{self._who()}: {self._redacted(str(error))}"
                raise ModelError(msg) from None
            self._refused[shape] = level
            return self._text(completion)
        raise AssertionError("the last format either returns or raises")

    def _text(self, completion: Any) -> str:
        choices = getattr(completion, "choices", None)
        if not choices:
            msg = f"{self._who()}: expected a chat completion, found none; base_url usually ends in /v1"
            raise ModelError(msg)
        message = choices[0].message
        if getattr(message, "refusal", None):
            msg = f"{self._who()}: the model refuses: {message.refusal[:_LONGEST_REASON]}"
            raise ModelError(msg)
        return message.content or ""

    def _open(self) -> Any:
        import openai

        with self._lock:
            if self._client is None:
                own = urlsplit(self._base_url).hostname != urlsplit(OPENAI_URL).hostname
                # None: the client reads the environment itself
                key = _NO_KEY if own and not os.environ.get("OPENAI_API_KEY") else None
                try:
                    self._client = openai.OpenAI(
                        api_key=key,
                        base_url=self._base_url,
                        timeout=self._timeout,
                        max_retries=self._max_retries,
                    )
                except openai.OpenAIError:
                    msg = (
                        f"{self._who()}: expected a key in the environment variable OPENAI_API_KEY, found "
                        "none. Set it before Python starts, or give base_url for a server of your own."
                    )
                    raise ModelError(msg) from None
            return self._client

    def _explain(self, status: int, reason: str) -> str:
        if status in {401, 403}:  # not in the server's words: some repeat the key
            return (
                f"{self._who()}: the endpoint refuses the key ({status}). "
                "Set OPENAI_API_KEY to one that may use this model."
            )
        advice = {
            404: " Check the model's name and base_url, which usually ends in /v1.",
            429: " Wait, or look at your plan's limits.",
        }.get(status, "")
        return f"{self._who()}: the endpoint answers {status}: {self._redacted(reason)}.{advice}"

    def _redacted(self, text: str) -> str:
        key = getattr(self._client, "api_key", None)
        if isinstance(key, str) and key != _NO_KEY:
            text = text.replace(key, "…")
        return _KEY.sub("…", text)[:_LONGEST_REASON]

    def _who(self) -> str:
        place = urlsplit(self._base_url)  # without a user and password that it may hold
        port = f":{place.port}" if place.port else ""
        return f"language model {self._model!r} at {place.hostname}{port}"


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


def _messages(
    instructions: str, question: str, schema: Schema, images: Sequence[Image.Image]
) -> list[Message]:
    # The schema stands in the text too: for endpoints that take no response_format, or take and ignore it.
    shape = json.dumps(schema, ensure_ascii=False)
    system = f"{instructions}\n\nAnswer with one JSON object, without any other text, that fits this schema:\n{shape}"
    content: str | list[Message] = question
    if images:
        pictures = [{"type": "image_url", "image_url": {"url": _data_url(image)}} for image in images]
        content = [{"type": "text", "text": question}, *pictures]
    return [{"role": "system", "content": system}, {"role": "user", "content": content}]


def _data_url(image: Image.Image) -> str:
    buffer = io.BytesIO()
    image.save(buffer, "PNG")
    return f"data:image/png;base64,{base64.b64encode(buffer.getvalue()).decode()}"


def _digest(value: Any) -> str:
    return hashlib.sha256(json.dumps(value, sort_keys=True, ensure_ascii=False).encode()).hexdigest()
