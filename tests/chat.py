"""A chat endpoint on the loopback: what an OpenAI-compatible server says, good and bad."""

import json
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from pytest_httpserver import HTTPServer
from werkzeug import Request, Response


@dataclass(frozen=True)
class Refusal:
    """An HTTP error, in the form of OpenAI's."""

    status: int
    message: str
    headers: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Body:
    """A reply with any bytes at all.

    Attributes:
        content: the bytes, or parts of them, which are sent as they are made.
        length: what the header says of their number; by default the truth, or nothing for parts.
    """

    content: bytes | Callable[[], Iterator[bytes]]
    length: int | None = None
    type: str = "application/json"
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)


Reply = str | Refusal | Body | dict[str, Any] | Callable[[dict[str, Any]], "Reply"]


class _PromptServer(HTTPServer):
    """One that stops at once: its like looks up only twice a second, and there are many tests."""

    def thread_target(self) -> None:
        self.server.serve_forever(poll_interval=0.02)


class ChatServer:
    """Answers chat completions with the replies it was given, the last one again and again.

    A reply is the model's text, a whole completion (dict), a `Refusal`, a `Body`, or a function of the request
    that gives one.
    """

    def __init__(self) -> None:
        self.replies: list[Reply] = ["{}"]
        self.requests: list[dict[str, Any]] = []
        self.keys: list[str] = []
        self._lock = threading.Lock()
        self._http = _PromptServer(host="127.0.0.1", port=0, threaded=True)
        self._http.expect_request("/v1/chat/completions", method="POST").respond_with_handler(self._respond)
        self._http.start()

    @property
    def url(self) -> str:
        return self._http.url_for("/v1")

    def say(self, *replies: Reply) -> None:
        """Give these replies from now on, and forget what was asked."""
        with self._lock:
            self.replies = list(replies)
            self.requests.clear()

    def close(self) -> None:
        if self._http.is_running():
            self._http.stop()

    def _respond(self, request: Request) -> Response:
        body = request.get_json()
        with self._lock:
            self.requests.append(body)
            self.keys.append(request.headers.get("Authorization", ""))
            reply = self.replies.pop(0) if len(self.replies) > 1 else self.replies[0]
        while callable(reply):
            reply = reply(body)
        return _response(reply)


def completion(
    text: str | None, *, finish: str = "stop", prompt: int = 10, completion_tokens: int = 5, **message: Any
) -> dict[str, Any]:
    """A whole completion, with what it took."""
    return {
        "id": "chat-1",
        "object": "chat.completion",
        "created": 1,
        "model": "test",
        "choices": [
            {
                "index": 0,
                "finish_reason": finish,
                "message": {"role": "assistant", "content": text, **message},
            }
        ],
        "usage": {
            "prompt_tokens": prompt,
            "completion_tokens": completion_tokens,
            "total_tokens": prompt + completion_tokens,
        },
    }


def hang(seconds: float) -> Callable[[dict[str, Any]], Reply]:
    """A reply that comes late."""

    def wait(_body: dict[str, Any]) -> Reply:
        time.sleep(seconds)
        return "{}"

    return wait


def half_closed(text: str = "{}") -> Body:
    """A reply whose connection is closed in the middle of the body."""
    whole = json.dumps(completion(text)).encode()
    return Body(lambda: iter([whole[: len(whole) // 2]]), length=len(whole))


def dripping(seconds: float, every: float = 0.05) -> Body:
    """A reply that sends blanks to keep the connection, and nothing else for so long."""

    def drip() -> Iterator[bytes]:
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            yield b" "
            time.sleep(every)

    return Body(drip)


def naming(name: Callable[[list[str]], str]) -> Callable[[dict[str, Any]], Reply]:
    """A model that names each group of labels it is asked for with `name(labels)`."""

    def answer(body: dict[str, Any]) -> Reply:
        question = json.loads(body["messages"][1]["content"])
        return json.dumps(
            {
                "names": [
                    {"group": group["group"], "name": name(group["labels"])} for group in question["groups"]
                ]
            }
        )

    return answer


def _response(reply: Any) -> Response:
    if isinstance(reply, Refusal):
        error = {"message": reply.message, "type": "invalid_request_error", "param": None, "code": None}
        reply = Body(json.dumps({"error": error}).encode(), status=reply.status, headers=reply.headers)
    elif isinstance(reply, str):
        reply = Body(json.dumps(completion(reply)).encode())
    elif isinstance(reply, dict):
        reply = Body(json.dumps(reply).encode())
    content = reply.content() if callable(reply.content) else reply.content
    headers = dict(reply.headers)
    if reply.length is not None:
        headers["Content-Length"] = str(reply.length)
    return Response(content, reply.status, headers, content_type=reply.type)
