"""What a language model's endpoint does wrong, and what the user is told: always a ModelError, never a hang."""

import gzip
import json
import time

import pytest
from chat import Body, Refusal, completion, dripping, half_closed, hang

from datacrafter_widget.errors import InputError, ModelError
from datacrafter_widget.models.answers import AnswerError
from datacrafter_widget.models.language import OpenAILanguageModel
from datacrafter_widget.models.usage import Usage

SCHEMA = {
    "type": "object",
    "properties": {"colour": {"type": "string"}},
    "required": ["colour"],
    "additionalProperties": False,
}
GOOD = {"colour": "red"}
RED = json.dumps(GOOD)
WHOLE = json.dumps(completion(RED)).encode()


def ask(chat, question="which colour?", **settings):
    model = OpenAILanguageModel("tiny", base_url=chat.url, **{"timeout": 5, "max_retries": 0} | settings)
    return model, lambda: model.answer("Look closely.", question, SCHEMA)


BAD = {
    "server error": (Refusal(500, "out of order"), r"answers 500: .*out of order.*try again later"),
    "gateway": (
        Body(b"<html>Bad\n Gateway</html>", type="text/html", status=502),
        r"answers 502\. The server",
    ),
    "busy": (Refusal(429, "slow down"), r"answers 429: .*slow down.*plan's limits"),
    "too large": (Refusal(413, "too large"), r"answers 413.*smaller pictures"),
    "closed in the middle": (half_closed(RED), r"can't be reached .*server running"),
    "closed at once": (Body(lambda: iter([]), length=50), r"can't be reached"),
    "nothing": (Body(b""), r"expected a chat completion, found nothing at all.*/v1"),
    "garbage": (Body(bytes(range(256)) * 20), r"found what is no JSON: '.*base_url"),
    "garbage zipped": (Body(b"\x00\x01", headers={"Content-Encoding": "gzip"}), r"can't be reached"),
    "a page": (Body(b"<!doctype html><title>Sign in</title>", type="text/html"), r"found .*Sign in"),
    "JSON cut short": (Body(WHOLE[:-20]), r"found what is no JSON"),
    "JSON without end": (Body(b"[" * 100_000), r"found what is no JSON"),
    "another's JSON": (Body(b'{"error": {"message": "no such\\nmodel"}}'), r"found none: .*no such"),
    "a number": (Body(b"3"), r"found none: '3'"),
    "no choices": ({"choices": []}, r"found none"),
    "choices of another kind": ({"choices": "red"}, r"found none"),
    "no message": ({"choices": [{"message": None}]}, r"found none"),
    "null": (completion(None), r"fits the schema.*found none"),
    "a number as text": ({"choices": [{"message": {"content": 3}}]}, r"fits the schema.*found none"),
    "refusal": (completion(None, refusal="I won't."), r"model refuses: I won't\."),
    "filtered": (completion("", finish="content_filter"), r"content filter withholds"),
    "cut off": (completion('{"colour": "re', finish="length"), r"cut off at the model's limit of tokens"),
    "half characters": (completion('{"colour": 3, "\ud800": 1} \ud800'), r"fits the schema"),
}


@pytest.mark.parametrize(("reply", "told"), BAD.values(), ids=BAD)
def test_a_bad_reply_is_told_in_a_sentence(chat, reply, told):
    chat.say(reply)
    model, question = ask(chat)
    with pytest.raises(ModelError, match=told) as caught:
        question()
    message = str(caught.value)
    assert message.startswith("language model 'tiny' at 127.0.0.1:")
    assert message.isprintable()
    assert len(message) < 600
    assert model.problem == message
    chat.say(RED)
    assert question() == GOOD  # the model is none the worse for it
    assert model.problem is None


@pytest.mark.parametrize("kind", ["null", "refusal", "filtered", "cut off", "too large", "half characters"])
def test_what_another_question_may_get_is_an_answer_error(chat, kind):
    chat.say(BAD[kind][0])
    with pytest.raises(AnswerError):
        ask(chat)[1]()


@pytest.mark.parametrize("kind", ["server error", "busy", "closed in the middle", "nothing", "a page"])
def test_what_no_question_gets_is_none(chat, kind):
    chat.say(BAD[kind][0])
    with pytest.raises(ModelError) as caught:
        ask(chat)[1]()
    assert not isinstance(caught.value, AnswerError)


@pytest.mark.parametrize(
    "trouble",
    [
        Refusal(429, "slow down"),
        Refusal(500, "?"),
        Refusal(503, "?"),
        half_closed(RED),
        hang(0.6),
        dripping(60),
    ],
    ids=["429", "500", "503", "half-closed", "slow", "dripping"],
)
def test_what_passes_is_tried_again(chat, trouble):
    chat.say(trouble, RED)
    model, question = ask(chat, max_retries=1, timeout=0.3)
    assert question() == GOOD
    assert len(chat.requests) == 2
    assert model.usage.calls == 1


def test_the_endpoint_says_how_long_to_wait(chat):
    """One try more is enough only for a client that waits as long as it is told."""
    opens = []

    def closed_for_a_while(_body):
        opens.append(time.monotonic() + 1.2)
        wait = {"Retry-After": "1.5"}
        return Refusal(429, "later", wait) if time.monotonic() < opens[0] else RED

    chat.say(closed_for_a_while)
    assert ask(chat, max_retries=1)[1]() == GOOD
    assert len(chat.requests) == 2


@pytest.mark.parametrize("trouble", [Refusal(503, "busy"), half_closed(RED), hang(1), dripping(60)])
def test_tries_come_to_an_end(chat, trouble):
    chat.say(trouble)
    with pytest.raises(ModelError):
        ask(chat, max_retries=2, timeout=0.2)[1]()
    assert len(chat.requests) == 3


def test_a_reply_that_drips_ends_with_the_time(chat):
    chat.say(dripping(60))
    with pytest.raises(ModelError, match=r"no answer within 0\.3 s, 1 times"):
        ask(chat, timeout=0.3)[1]()


def test_an_endless_reply_is_not_read_to_its_end(chat):
    chat.say(Body(lambda: iter([b" " * 2**20] * 40)))
    with pytest.raises(ModelError, match="longer than 16777216 bytes"):
        ask(chat, timeout=60)[1]()


def test_a_zipped_reply_and_one_in_parts_are_read(chat):
    chat.say(Body(gzip.compress(WHOLE), headers={"Content-Encoding": "gzip"}))
    assert ask(chat)[1]() == GOOD
    chat.say(completion([{"type": "text", "text": '{"colour":'}, {"type": "text", "text": '"red"}'}, None]))
    assert ask(chat)[1]() == GOOD


def test_an_answer_at_the_limit_of_tokens_counts_when_it_is_whole(chat):
    chat.say(completion(RED, finish="length"))
    assert ask(chat)[1]() == GOOD


def test_an_answer_that_was_cut_off_is_not_paid_for_twice(chat):
    chat.say(completion('{"colour": "re', finish="length"))
    with pytest.raises(AnswerError):
        ask(chat)[1]()
    assert len(chat.requests) == 1


def test_half_characters_are_sent_as_whole_ones_and_kept(chat, tmp_path):
    chat.say(completion('{"colour": "\\ud800"}'))
    model, question = ask(chat, "what is \udcff?", cache=tmp_path)
    assert question() == {"colour": "\ud800"}
    assert chat.requests[0]["messages"][1]["content"] == "what is ??"
    question()
    assert model.usage.cached == 1


@pytest.mark.parametrize("address", ["http://[", "http://host:port/v1"])
def test_an_address_that_is_none_is_told_at_once(address):
    with pytest.raises(InputError, match="base_url: expected an address"):
        OpenAILanguageModel("tiny", base_url=address)


@pytest.mark.parametrize("address", ["nowhere", "ftp://127.0.0.1/v1", "http://127.0.0.1:1/v1"])
def test_an_address_where_nobody_is_is_told_when_it_is_used(chat, address):
    assert chat
    model = OpenAILanguageModel("tiny", base_url=address, max_retries=0)
    with pytest.raises(ModelError, match=r"can't be reached.*base_url"):
        model.answer("", "", SCHEMA)


def test_replies_are_counted_whatever_they_are_worth(chat):
    chat.say(
        completion("?", prompt=100, completion_tokens=1),
        completion(RED, prompt=120, completion_tokens=7),
    )
    model, question = ask(chat, prices=(2.0, 10.0))
    assert model.usage == Usage(cost=0.0)
    question()
    question()
    tokens = {"prompt_tokens": 220, "completion_tokens": 8}
    assert model.usage == Usage(calls=2, cached=1, **tokens, cost=pytest.approx(220 * 2e-6 + 8 * 1e-5))
    chat.say(completion(None, refusal="No.", prompt=10, completion_tokens=0))
    with pytest.raises(AnswerError):
        model.answer("Look.", "another", SCHEMA)
    assert (model.usage.calls, model.usage.prompt_tokens) == (3, 230)
    chat.say(Refusal(503, "busy"))
    with pytest.raises(ModelError):
        model.answer("Look.", "a third", SCHEMA)
    assert model.usage.calls == 3
