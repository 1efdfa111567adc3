import pytest

from datacrafter_widget.errors import InputError
from datacrafter_widget.store import Store

TAUGHT = {
    "kind": "lora",
    "words": "sks crane",
    "settings": {"steps": 3},
    "model": "toybox",
}


def test_a_concept_is_kept_with_its_settings_and_state(tmp_path):
    with Store(tmp_path / "s") as store:
        crane = store.add_class("crane")
        store.add_concept("<crane-1>", crane.id, **TAUGHT)
        store.update_concept("<crane-1>", state="ready", model_revision="abc")
        store.concept_folder("<crane-1>").mkdir(parents=True)
    with Store(tmp_path / "s", read_only=True) as store:
        (concept,) = store.concepts()
        assert store.concept("<crane-1>") == concept
        assert (concept.class_id, concept.settings, concept.state) == (crane.id, {"steps": 3}, "ready")
        assert concept.model_revision == "abc"
        assert store.concept_folder("<crane-1>") == tmp_path / "s" / "concepts" / "crane-1"


def test_a_folder_with_nothing_but_concepts_is_no_stranger(tmp_path):
    (tmp_path / "concepts").mkdir()
    Store(tmp_path).close()


def test_a_forgotten_concept_leaves_its_token_and_no_files(tmp_path):
    with Store(tmp_path / "s") as store:
        store.add_concept("<crane-1>", None, **TAUGHT)
        folder = store.concept_folder("<crane-1>")
        folder.mkdir(parents=True)
        store.forget_concept("<crane-1>")
        assert not folder.exists()
        store.add_concept("<crane-1>", None, **TAUGHT)


def test_a_taken_token_an_unknown_one_and_a_folder_outside_are_refused(tmp_path):
    with Store(tmp_path / "s") as store:
        store.add_concept("<crane-1>", None, **TAUGHT)
        with pytest.raises(InputError, match="taken"):
            store.add_concept("<crane-1>", None, **TAUGHT)
        with pytest.raises(InputError, match=r"\(<crane-1>\), found '<fish-1>'"):
            store.concept("<fish-1>")
        with pytest.raises(InputError, match="exist"):
            store.add_concept("<crane-2>", 99, **TAUGHT)
        with pytest.raises(InputError, match="angle brackets"):
            store.concept_folder("<../../up>")
        with pytest.raises(InputError, match="schema"):
            store.update_concept("<crane-1>", state="bored")
        assert [concept.token for concept in store.concepts()] == ["<crane-1>"]
