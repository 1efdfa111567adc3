"""A chat endpoint: a request out, a completion back, or a sentence on why there is none."""

from __future__ import annotations

import os
import re
import threading
import time
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from datacrafter_widget.errors import InputError, ModelError
from datacrafter_widget.models.answers import AnswerError, digest
from datacrafter_widget.models.completions import Completion, read_completion

if TYPE_CHECKING:
    from collections.abc import Mapping

    from datacrafter_widget.models.answers import Schema
    from datacrafter_widget.models.messages import Message

OPENAI_URL = "https://api.openai.com/v1"

_NO_KEY = "none"  # the client insists on a key, a server of one's own does not
_REFUSED_FORMAT = (400, 415, 422, 500, 501)  # what servers answer to a response_format they don't have
_REFUSED_QUESTION = (400, 413, 422)  # what they answer to a question they don't like
_KEY = re.compile(r"\bsk-[\w*.-]+")
_LONGEST_REASON = 300
_LARGEST_BODY = 16 * 2**20
_PAUSE = 0.5  # seconds before a broken reply is asked for again; doubled each time


class ChatEndpoint:
    """A model at an OpenAI-compatible endpoint, spoken to by the `openai` client. Safe to share by threads.

    The client is made when it is first needed, and reads the key from the environment.

    Args:
        model: the endpoint's name of the model.
        base_url: the endpoint, up to and with ``/v1``.
        timeout: seconds to wait for a reply to begin, and then to end, at each try.
        max_retries: further tries after a timeout, a lost connection, a busy or failing server.

    Raises:
        InputError: `base_url` is no address.
    """

    def __init__(self, model: str, base_url: str, *, timeout: float, max_retries: int) -> None:
        self.model = model
        self.base_url = base_url
        self._timeout = timeout
        self._max_retries = max_retries
        self._lock = threading.Lock()
        self._client: Any = None
        self._refused: dict[str, int] = {}  # by schema: how many of the formats the endpoint has refused
        try:
            place = urlsplit(base_url)  # without a user and password that it may hold
            port = f":{place.port}" if place.port else ""
        except ValueError as error:
            msg = f"base_url: expected an address such as http://localhost:8000/v1, found a mistake: {error}"
            raise InputError(msg) from None
        self.name = f"language model {model!r} at {place.hostname}{port}"
        self.is_openai = place.hostname == urlsplit(OPENAI_URL).hostname

    def complete(
        self, messages: list[Message], schema: Schema, sampling: Mapping[str, Any] | None = None
    ) -> Completion:
        """The model's reply, in the strictest format that the endpoint takes.

        Args:
            messages: the conversation.
            schema: of the object that the reply should hold; it may hold anything.
            sampling: parameters of the request, such as ``temperature``.

        Raises:
            AnswerError: the endpoint does not like this request.
            ModelError: it can't be reached, fails, or is none.
        """
        import openai

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
        shape = digest(schema)
        request = {"model": self.model, "messages": messages, **(sampling or {})}
        client = self._open()
        for level in range(self._refused.get(shape, 0), len(formats)):
            try:
                body = self._receive(client, request | formats[level])
            except openai.APIStatusError as error:
                if error.status_code in _REFUSED_FORMAT and level + 1 < len(formats):
                    continue
                # "from None": the server's words may hold the key, and would be printed with the chain
                raise self._explained(error.status_code, str(error.message)) from None
            except Exception as error:
                raise ModelError(self._unreached(error)) from None
            self._refused[shape] = level
            completion = read_completion(body)
            if isinstance(completion, Completion):
                return completion
            msg = (
                f"{self.name}: expected a chat completion, found {self.redacted(completion)}. Check base_url, "
                "which usually ends in /v1, and what answers there."
            )
            raise ModelError(msg)
        raise AssertionError("the last format either returns or raises")

    def _receive(self, client: Any, request: dict[str, Any]) -> bytes:
        """The body of the endpoint's reply.

        The client tries again until a reply has begun. When one breaks off, or drips (some servers send blanks
        to keep a connection alive, and would keep it for ever), this does.
        """
        import openai

        left = self._max_retries
        while True:
            try:
                completions = client.with_options(max_retries=left).chat.completions
                with completions.with_streaming_response.create(**request) as response:
                    left -= response.retries_taken
                    return self._body(response)
            except openai.OpenAIError:
                raise
            except Exception:
                if left <= 0:
                    raise
                time.sleep(_PAUSE * 2 ** (self._max_retries - left))
                left -= 1

    def _body(self, response: Any) -> bytes:
        latest = time.monotonic() + self._timeout
        body = bytearray()
        for part in response.iter_bytes():
            body += part
            if time.monotonic() > latest:
                raise TimeoutError
            if len(body) > _LARGEST_BODY:
                msg = f"its reply is longer than {_LARGEST_BODY} bytes"
                raise ValueError(msg)
        return bytes(body)

    def _open(self) -> Any:
        import openai

        with self._lock:
            if self._client is None:
                bare = not self.is_openai and not os.environ.get("OPENAI_API_KEY")
                try:
                    self._client = openai.OpenAI(
                        api_key=_NO_KEY if bare else None,  # None: the client reads the environment itself
                        base_url=self.base_url,
                        timeout=self._timeout,
                        max_retries=self._max_retries,
                    )
                except openai.OpenAIError:
                    msg = (
                        f"{self.name}: expected a key in the environment variable OPENAI_API_KEY, found "
                        "none. Set it before Python starts, or give base_url for a server of your own."
                    )
                    raise ModelError(msg) from None
                except Exception as error:  # what its HTTP client thinks of the address
                    raise ModelError(self._unreached(error)) from None
            return self._client

    def _explained(self, status: int, reason: str) -> ModelError:
        if status in {401, 403}:  # not in the server's words: some repeat the key
            msg = (
                f"{self.name}: the endpoint refuses the key ({status}). "
                "Set OPENAI_API_KEY to one that may use this model."
            )
            return ModelError(msg)
        advice = {
            404: " Check the model's name and base_url, which usually ends in /v1.",
            413: " Ask with fewer or smaller pictures.",
            429: " Wait, or look at your plan's limits.",
        }.get(status, " The server has a problem of its own; try again later." if status >= 500 else "")
        words = "" if reason == f"Error code: {status}" else f": {self.redacted(reason)}"
        msg = f"{self.name}: the endpoint answers {status}{words}.{advice}"
        return (AnswerError if status in _REFUSED_QUESTION else ModelError)(msg)

    def _unreached(self, error: Exception) -> str:
        """A sentence on an error of the connection, whoever raised it: the client or its HTTP library."""
        if "Timeout" in type(error).__name__:
            return (
                f"{self.name}: no answer within {self._timeout:g} s, {self._max_retries + 1} times; "
                "is the server busy? Give OpenAILanguageModel a longer timeout, or a smaller model."
            )
        cause = error.__cause__ or error
        reason = self.redacted(str(cause)) or type(cause).__name__
        return f"{self.name}: can't be reached ({reason}). Is the server running, is base_url right?"

    def redacted(self, text: str) -> str:
        """Words of others on one line, without the key, and not too long."""
        key = getattr(self._client, "api_key", None)
        if isinstance(key, str) and key != _NO_KEY and key.strip():
            text = text.replace(key.strip(), "…")
        return " ".join(_KEY.sub("…", text).split())[:_LONGEST_REASON]
