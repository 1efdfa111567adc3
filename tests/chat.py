"""A chat endpoint on the loopback: what an OpenAI-compatible server says, good and bad."""

import json
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass(frozen=True)
class Refusal:
    """An HTTP error, in the form of OpenAI's."""

    status: int
    message: str


Reply = str | Refusal | dict[str, Any] | Callable[[dict[str, Any]], "Reply"]


class ChatServer:
    """Answers chat completions with the replies it was given, the last one again and again.

    A reply is the model's text, a whole body (dict), a `Refusal`, or a function of the request that gives one.
    """

    def __init__(self) -> None:
        self.replies: list[Reply] = ["{}"]
        self.requests: list[dict[str, Any]] = []
        self.keys: list[str] = []
        server = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                reply: Reply = server._next(self.path, self.headers["Authorization"], body)
                while callable(reply):
                    reply = reply(body)
                status, content = _response(reply)
                try:
                    self.send_response(status)
                    self.send_header("Content-Type", "application/json")
                    self.send_header("Content-Length", str(len(content)))
                    self.end_headers()
                    self.wfile.write(content)
                except OSError:
                    pass  # the client gave up

            def log_message(self, *_):
                pass

        self._lock = threading.Lock()
        self._http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._http.daemon_threads = True
        self._thread = threading.Thread(target=self._http.serve_forever, args=(0.05,), daemon=True)
        self._thread.start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._http.server_port}/v1"

    def say(self, *replies: Reply) -> None:
        """Give these replies from now on, and forget what was asked."""
        with self._lock:
            self.replies = list(replies)
            self.requests.clear()

    def close(self) -> None:
        self._http.shutdown()
        self._http.server_close()

    def _next(self, path: str, authorization: str, body: dict[str, Any]) -> Reply:
        with self._lock:
            self.requests.append(body)
            self.keys.append(authorization)
            if path != "/v1/chat/completions":
                return Refusal(404, f"no such path: {path}")
            return self.replies.pop(0) if len(self.replies) > 1 else self.replies[0]


def hang(seconds: float) -> Callable[[dict[str, Any]], Reply]:
    """A reply that comes late."""

    def wait(_body: dict[str, Any]) -> Reply:
        time.sleep(seconds)
        return "{}"

    return wait


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


def _response(reply: Any) -> tuple[int, bytes]:
    if isinstance(reply, Refusal):
        error = {"message": reply.message, "type": "invalid_request_error", "param": None, "code": None}
        return reply.status, json.dumps({"error": error}).encode()
    if isinstance(reply, str):
        message = {"role": "assistant", "content": reply}
        reply = {
            "id": "chat-1",
            "object": "chat.completion",
            "created": 1,
            "model": "test",
            "choices": [{"index": 0, "finish_reason": "stop", "message": message}],
        }
    return 200, json.dumps(reply).encode()
