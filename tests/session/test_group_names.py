"""Groups of words on the map: called by a language model where there is one, by their central word elsewhere."""

import itertools
import threading

import pytest
from chat import Refusal, naming

from datacrafter_widget import JobCancelled, ModelError, Session
from datacrafter_widget.models.language import OpenAILanguageModel


@pytest.fixture(scope="module")
def folder(tmp_path_factory, originals):
    """A session that was looked at without a language model; tests reopen it."""
    folder = tmp_path_factory.mktemp("groups") / "s"
    with Session.open(folder, images=originals) as session:
        session.observe().result()
    return folder


def names_of(session):
    return {node["text"] for node in session.label_cut(budget=5) if len(node["members"]) > 1}


def labels(session):
    return {row["text"] for row in session.label_table()}


def numbered():
    number = itertools.count()
    return naming(lambda _: f"family {chr(97 + next(number) // 26)}{chr(97 + next(number) % 26)}")


def listen(session, kind):
    heard = []
    session.events.subscribe(lambda event: heard.append(event) if event["kind"] == kind else None)
    return heard


def test_groups_are_called_by_their_central_word_by_default(folder):
    with Session.open(folder) as session:
        session.observe().result()
        assert session.info()["language"] is None
        assert names_of(session)
        assert names_of(session) <= labels(session)
        assert not (folder / "answers").exists()


def test_a_language_model_names_them_and_is_asked_once_for_the_same_words(folder, chat, monkeypatch):
    monkeypatch.setenv("OPENAI_BASE_URL", chat.url)
    chat.say(numbered())
    with Session.open(folder, language="openai/tiny") as session:
        session.observe().result()
        assert session.info()["language"]["name"] == "openai/tiny"
        names = names_of(session)
        assert names
        assert all(name.startswith("family ") for name in names)
        assert all(member for node in session.label_cut() for member in node["members"])
        asked = len(chat.requests)
        session.observe().result()
        assert names_of(session) == names
    with Session.open(folder, language="openai/tiny") as again:
        again.observe().result()
        assert names_of(again) == names
    assert len(chat.requests) == asked


def test_the_map_does_not_wait_for_the_names(folder, chat):
    may_answer = threading.Event()
    named = numbered()

    def late(body):
        assert may_answer.wait(60)
        return named(body)

    chat.say(late)
    model = OpenAILanguageModel("tiny", base_url=chat.url, max_retries=0)
    with Session.open(folder, language=model) as session:
        arrived = threading.Event()
        drawn = threading.Event()
        session.events.subscribe(lambda event: drawn.set() if event["kind"] == "metrics" else None)
        job = session.observe()
        assert drawn.wait(60)
        assert names_of(session) <= labels(session)
        assert not job.done()
        job.cancel()  # takes effect while the model is still thinking
        with pytest.raises(JobCancelled):
            job.result(30)
        session.events.subscribe(lambda event: arrived.set() if event["kind"] == "labels" else None)
        may_answer.set()
        assert arrived.wait(60)
        assert all(name.startswith("family ") for name in names_of(session))


@pytest.mark.parametrize("reply", [Refusal(401, "wrong key"), "no idea", '{"names": [{"group": 1}]}'])
def test_without_an_answer_the_central_words_stay_and_the_user_is_told(folder, chat, reply):
    chat.say(reply)
    model = OpenAILanguageModel("tiny", base_url=chat.url, max_retries=0)
    with Session.open(folder, language=model) as session:
        warnings = listen(session, "warning")
        session.observe().result()
        assert names_of(session) <= labels(session)
        assert names_of(session)
        (warning,) = warnings
        assert "most central word" in warning["message"]
        chat.say(numbered())  # it is there again
        session.observe().result()
        assert all(name.startswith("family ") for name in names_of(session))


def test_an_endpoint_that_is_down_costs_nothing_but_the_names(folder, chat):
    chat.close()
    model = OpenAILanguageModel("tiny", base_url=chat.url, max_retries=0)
    with Session.open(folder, language=model) as session:
        warnings = listen(session, "warning")
        session.observe().result()
        assert "can't be reached" in warnings[0]["message"]
        assert names_of(session) <= labels(session)


def test_any_object_that_answers_will_do(folder):
    class Always:
        def answer(self, instructions, question, schema, *, images=()):  # noqa: ARG002
            return {"names": [{"group": 1, "name": "everything"}]}

    with Session.open(folder, language=Always()) as session:
        session.observe().result()
        (whole,) = session.label_cut(budget=1)
        assert whole["text"] == "everything"
        assert session.info()["language"]["name"] == "Always"


def test_an_unknown_model_is_told_at_once(folder):
    with pytest.raises(ModelError, match=r"language: expected 'openai/<model>'.*found 'gpt'"):
        Session.open(folder, language="gpt")
    with Session.open(folder):
        pass  # and the folder is free
