"""A real client against a real endpoint on the loopback, well-behaved and not."""

import base64
import io
import json
import logging
import struct
import threading
import traceback

import pytest
from chat import Refusal, hang
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from datacrafter_widget.errors import InputError, ModelError
from datacrafter_widget.models.answers import read_answer
from datacrafter_widget.models.language import LanguageModel, OpenAILanguageModel, language_model

SCHEMA = {
    "type": "object",
    "properties": {"colour": {"type": "string"}, "count": {"type": "integer"}},
    "required": ["colour", "count"],
    "additionalProperties": False,
}
GOOD = {"colour": "red", "count": 3}
KEY = "sk-secret-0123456789abcdef"


@pytest.fixture
def model(chat):
    return OpenAILanguageModel("tiny", base_url=chat.url, timeout=5, max_retries=0)


def ask(model, question="which colour?", **more):
    return model.answer("Look closely.", question, SCHEMA, **more)


def formats(chat):
    return [request.get("response_format", {}).get("type") for request in chat.requests]


def test_a_question_gets_an_object_of_its_schema(chat, model):
    chat.say(json.dumps(GOOD))
    assert ask(model) == GOOD
    (request,) = chat.requests
    system, user = request["messages"]
    assert request["model"] == "tiny"
    assert system["content"].startswith("Look closely.")
    assert user == {"role": "user", "content": "which colour?"}
    assert request["response_format"]["json_schema"]["schema"] == SCHEMA


def test_a_server_of_ones_own_needs_no_key_and_gets_the_one_there_is(chat, model, monkeypatch):
    chat.say(json.dumps(GOOD))
    ask(model)
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    ask(OpenAILanguageModel("tiny", base_url=chat.url))
    assert [key.removeprefix("Bearer ") for key in chat.keys] == ["none", KEY]


def test_the_same_question_is_asked_once_and_its_answer_is_the_askers_own(chat, model):
    chat.say(json.dumps(GOOD))
    ask(model)["colour"] = "spoilt"
    assert ask(model) == GOOD
    assert len(chat.requests) == 1
    ask(model, "how many?")
    assert len(chat.requests) == 2


def test_answers_kept_on_disk_outlive_the_process(chat, tmp_path):
    def fresh(**changes):
        return OpenAILanguageModel(
            **{"model": "tiny", "base_url": chat.url, "cache": tmp_path / "a"} | changes
        )

    chat.say(json.dumps(GOOD))
    ask(fresh())
    assert ask(fresh()) == GOOD
    assert len(chat.requests) == 1
    (file,) = (tmp_path / "a").iterdir()
    assert json.loads(file.read_text("utf-8")) == GOOD
    ask(fresh(model="other"))
    ask(fresh(temperature=0.5))
    assert len(chat.requests) == 3
    file.write_text('{"colour": ', "utf-8")  # a damaged file is asked for again
    assert ask(fresh()) == GOOD
    assert len(chat.requests) == 4


def test_an_answer_that_cannot_be_kept_is_given_all_the_same(chat, tmp_path, caplog):
    (tmp_path / "file").write_text("not a folder")
    chat.say(json.dumps(GOOD))
    assert ask(OpenAILanguageModel("tiny", base_url=chat.url, cache=tmp_path / "file")) == GOOD
    assert "could not be kept" in caplog.text


def test_an_endpoint_without_structured_outputs_is_asked_for_plain_json_then_for_text(chat, model):
    refusal = Refusal(400, "response_format is not supported")
    chat.say(refusal, refusal, f"Sure! Here it is:\n```json\n{json.dumps(GOOD)}\n```")
    assert ask(model) == GOOD
    assert formats(chat) == ["json_schema", "json_object", None]
    assert all(json.dumps(SCHEMA) in request["messages"][0]["content"] for request in chat.requests)
    chat.say(json.dumps(GOOD))
    ask(model, "and now?")
    assert formats(chat) == [None]  # what was refused is not tried again


def test_rubbish_is_sent_back_once_with_what_is_wrong(chat, model):
    chat.say('{"colour": "red", "count": "three"}', json.dumps(GOOD))
    assert ask(model) == GOOD
    repair = chat.requests[1]["messages"]
    assert repair[2] == {"role": "assistant", "content": '{"colour": "red", "count": "three"}'}
    assert "$.count" in repair[3]["content"]
    assert "'three' is not of type 'integer'" in repair[3]["content"]


def test_rubbish_twice_is_an_error_and_is_not_kept(chat, model):
    chat.say("I would rather not.")
    with pytest.raises(ModelError, match=r"tiny.*127\.0\.0\.1.*fits the schema.*found none"):
        ask(model)
    assert len(chat.requests) == 2
    chat.say(json.dumps(GOOD))
    assert ask(model) == GOOD


@pytest.mark.parametrize(
    "reply",
    [
        '{"colour": "red", "count": 3}',
        '<think>{"colour": "blue", "count": 1} or…</think>{"colour": "red", "count": 3}',
        'An object {like this}: {"colour": "red", "count": 3}. Anything else?',
        '{"wrong": 1}\n{"colour": "red", "count": 3}',
    ],
)
def test_the_object_is_found_among_words(reply):
    assert read_answer(reply, SCHEMA) == GOOD


@pytest.mark.parametrize("reply", ["", "null", "[1]", "{" * 5000, '{"a":' * 50_000, '{"colour": "red"}'])
def test_what_does_not_fit_is_told_in_a_sentence(reply):
    problem = read_answer(reply, SCHEMA)
    assert isinstance(problem, str)
    assert len(problem) <= 300


def test_no_answer_in_time(chat):
    chat.say(hang(3))
    with pytest.raises(ModelError, match=r"no answer within 0\.2 s, 1 times.*timeout"):
        ask(OpenAILanguageModel("tiny", base_url=chat.url, timeout=0.2, max_retries=0))


def test_a_busy_server_is_asked_again_by_the_client(chat):
    chat.say(Refusal(503, "busy"), json.dumps(GOOD))
    assert ask(OpenAILanguageModel("tiny", base_url=chat.url, max_retries=1)) == GOOD


def test_nobody_there(chat, model):
    chat.close()
    with pytest.raises(ModelError, match=r"can't be reached.*server running"):
        ask(model)


@pytest.mark.parametrize("status", [401, 400])
def test_the_key_is_nowhere_to_be_seen(chat, monkeypatch, caplog, tmp_path, status):
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    chat.say(Refusal(status, f"Incorrect API key provided: {KEY}"))
    model = OpenAILanguageModel("tiny", base_url=chat.url, max_retries=0, cache=tmp_path)
    with caplog.at_level(logging.DEBUG), pytest.raises(ModelError, match=str(status)) as caught:
        ask(model)
    told = "".join(traceback.format_exception(caught.value))
    assert "sk-secret" not in told + str(caught.value) + repr(model) + repr(vars(model)) + caplog.text
    if status == 401:
        assert "OPENAI_API_KEY" in str(caught.value)


def test_openai_without_a_key(chat):
    with pytest.raises(ModelError, match=r"api\.openai\.com.*OPENAI_API_KEY"):
        ask(OpenAILanguageModel("gpt-4o-mini"))
    assert not chat.requests


def test_a_password_in_the_address_is_not_told(chat):
    chat.say("rubbish")
    url = chat.url.replace("http://", "http://me:hidden@")
    with pytest.raises(ModelError) as caught:
        ask(OpenAILanguageModel("tiny", base_url=url, max_retries=0))
    assert "hidden" not in str(caught.value)


@pytest.mark.parametrize(
    ("reply", "expected"),
    [
        (Refusal(404, "model 'tiny' not found"), r"404.*not found.*model's name"),
        (Refusal(429, "quota used up"), r"429.*quota used up.*limits"),
        ({"choices": []}, r"/v1"),
        ({"choices": [{"index": 0, "message": {"role": "assistant", "refusal": "No."}}]}, r"refuses: No\."),
    ],
)
def test_an_error_says_what_to_do(chat, model, reply, expected):
    chat.say(reply)
    with pytest.raises(ModelError, match=expected):
        ask(model)


def test_pictures_are_sent_along(chat, model):
    chat.say(json.dumps(GOOD))
    ask(model, images=[Image.new("RGB", (4, 4), "red")])
    ask(model, images=[Image.new("RGB", (4, 4), "blue")])
    first, second = (request["messages"][1]["content"] for request in chat.requests)
    assert first[0] == {"type": "text", "text": "which colour?"}
    assert first[1]["image_url"]["url"].startswith("data:image/png;base64,")
    assert first[1] != second[1]


def test_a_picture_is_sent_without_what_its_file_holds_beside_the_pixels(chat, model, tmp_path):
    chat.say(json.dumps(GOOD))
    secret = f"{tmp_path}/taken by me with {KEY}"
    text = PngInfo()
    text.add_text("Comment", secret)
    text.add_itxt("XML:com.adobe.xmp", secret)
    exif = Image.Exif()
    exif[0x010E] = secret
    pixels = Image.effect_noise((40, 30), 50)
    for number, mode in enumerate(("RGB", "RGBA", "L", "P", "CMYK")):
        path = tmp_path / f"{number}.{'jpg' if mode == 'CMYK' else 'png'}"
        pixels.convert(mode).save(path, pnginfo=text, exif=exif, icc_profile=secret.encode())
        with Image.open(path) as image:
            assert secret.encode() in path.read_bytes() or image.getexif()
            ask(model, f"picture {number}", images=[image])
    for request in chat.requests:
        url = request["messages"][1]["content"][1]["image_url"]["url"]
        sent = base64.b64decode(url.partition(",")[2])
        with Image.open(io.BytesIO(sent)) as image:
            assert (image.mode, image.size) == ("RGB", (40, 30))
            assert not image.info
            assert not image.getexif()
        assert set(chunks(sent)) == {b"IHDR", b"IDAT", b"IEND"}
        assert str(tmp_path) not in json.dumps(request)
        assert KEY not in json.dumps(request)


def chunks(png):
    at = 8
    while at < len(png):
        (length,) = struct.unpack(">I", png[at : at + 4])
        yield png[at + 4 : at + 8]
        at += 12 + length


def test_a_large_picture_is_sent_smaller_and_stays_as_it_is(chat, model):
    chat.say(json.dumps(GOOD))
    large = Image.new("RGB", (2000, 1000), "red")
    ask(model, images=[large])
    url = chat.requests[0]["messages"][1]["content"][1]["image_url"]["url"]
    with Image.open(io.BytesIO(base64.b64decode(url.partition(",")[2]))) as sent:
        assert sent.size == (768, 384)
    assert large.size == (2000, 1000)


def test_many_threads_may_ask(chat, model):
    chat.say(json.dumps(GOOD))
    answers = []
    threads = [
        threading.Thread(target=lambda n=n: answers.append(ask(model, f"question {n}"))) for n in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answers == [GOOD] * 8


@pytest.mark.parametrize("schema", [{"type": "array"}, {"type": "object", "required": 3}, {}])
def test_a_schema_has_to_be_one_of_an_object(chat, model, schema):
    with pytest.raises(InputError, match="schema: expected"):
        model.answer("", "", schema)
    assert not chat.requests


def test_names_of_models(chat, monkeypatch):
    chat.say(json.dumps(GOOD))
    monkeypatch.setenv("OPENAI_BASE_URL", chat.url)
    model = language_model("openai/org/model-1")
    assert model.name == "openai/org/model-1"
    assert ask(model) == GOOD
    assert chat.requests[0]["model"] == "org/model-1"
    assert isinstance(language_model("ollama/llama3.2"), LanguageModel)
    assert language_model(model) is model
    assert language_model(None) is None


@pytest.mark.parametrize("spec", ["gpt-4o-mini", "openai/", "nobody/model", "", 3, OpenAILanguageModel])
def test_what_is_no_model_is_told(spec):
    with pytest.raises(ModelError, match=r"openai/<model>.*found"):
        language_model(spec)
