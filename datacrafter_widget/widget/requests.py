"""Turns the page's requests into calls on a session. No logic: each is one call or two."""

from base64 import b64decode
from collections.abc import Callable
from dataclasses import asdict
from functools import partial
from typing import Any

from datacrafter_widget.active.anchors import Kind
from datacrafter_widget.errors import DataCrafterError, InputError
from datacrafter_widget.models.concepts import ConceptKind
from datacrafter_widget.session import Session
from datacrafter_widget.session.built import built
from datacrafter_widget.session.personalizing import PersonalizingHandle
from datacrafter_widget.store.decoding import decode
from datacrafter_widget.widget.previews import webp

Answer = tuple[Any, list[bytes]]

SLOW = frozenset(
    {
        "export",
        "take_collected",
        "use_strategy",
        "thumbnails",
        "proxies",
        "families",
        "picture",
        "candidates",
        "candidate_pictures",
        "understand",
        "edit_rows",
        "edit_pictures",
        "publish_edit",
        "gallery",
        "gallery_entry",
        "gallery_pictures",
        "like_entry",
        "delete_entry",
        "fork_entry",
    }
)
"""Requests that read many rows or files: answered on another thread, so that cells are not held up."""

LARGEST_THUMBNAIL = 512
CANDIDATE = 160
"""Pixels on the longer side of what a personalised generator drew."""


def answer(session: Session, name: str, arguments: dict[str, Any]) -> Answer:
    """Do what a checked request asks; returns a JSON-able result and buffers."""
    return ANSWERS[name](session, **arguments)


def _thumbnails(session: Session, ids: list[int], size: int) -> Answer:
    size = min(max(size, 16), LARGEST_THUMBNAIL)
    return None, [_or_empty(partial(session.thumbnail, picture, size)) for picture in ids]


def _proxies(session: Session, refs: list[int]) -> Answer:
    return None, [_or_empty(partial(session.proxy_thumbnail, ref)) for ref in refs]


def _or_empty(load: Callable[[], bytes]) -> bytes:
    try:
        return load()
    except (DataCrafterError, OSError, LookupError):
        return b""  # one picture that is gone must not blank the others; the page shows a placeholder


def _label_pictures(session: Session, labels: list[int]) -> Answer:
    return sorted({picture for label in labels for picture in session.label_pictures(label)}), []


def _families(session: Session, ids: list[int] | None, classes: list[int] | None) -> Answer:
    rows, members, marks = session.families(ids, classes)
    return None, [rows.astype("<i4").tobytes(), members.astype("<i4").tobytes(), marks.tobytes()]


def _job(job: Any) -> Answer:
    return (job.id if job is not None else None), []


def _done(_: Any) -> Answer:
    return None, []


def _accept(
    session: Session, proposal: int, text: str | None, negative: str | None, regenerate: str
) -> Answer:
    template = session.accept(proposal, text=text, negative=negative)
    if regenerate == "no":
        return None, []
    return _job(session.regenerate(template, replace=regenerate == "replace"))


def _tune(session: Session, class_id: int, method: ConceptKind, steps: int | None) -> Answer:
    return _job(session.tune(class_id, method=method, steps=steps))


def _personalize(
    session: Session, class_id: int, ids: list[int], kind: Kind, human: bool, **more: Any
) -> Answer:
    given = {name: value for name, value in more.items() if value is not None}
    given["select"] = "human" if human else "uncertainty"
    return _job(session.personalize(ids, class_=class_id, kind=kind, **given))


def _at_turn(session: Session, token: str, turn: int) -> PersonalizingHandle:
    """A personalisation that still waits for the choice after this round."""
    handle = session.personalization(token)
    if not handle.waiting or handle.round != turn:
        raise InputError(
            f"{token} doesn't wait for a choice after round {turn} any more: it was made elsewhere"
        )
    return handle


def _candidates(session: Session, token: str, turn: int) -> Answer:
    return [asdict(each) for each in _at_turn(session, token, turn).candidates], []


def _candidate_pictures(session: Session, token: str, turn: int, candidates: list[int]) -> Answer:
    handle = _at_turn(session, token, turn)

    def picture(candidate: int) -> bytes:
        return webp(handle.image(candidate), CANDIDATE, 80)

    return None, [_or_empty(partial(picture, each)) for each in candidates]


def _wish(mask: str | None, reference: str | int | None, **plain: Any) -> dict[str, Any]:
    """What is asked of an edit, with the pictures that the page sent."""
    return {
        **plain,
        "mask": None if mask is None else b64decode(mask),
        "reference": decode(b64decode(reference)) if isinstance(reference, str) else reference,
    }


def _understand(session: Session, picture: int, instruction: str) -> Answer:
    intent = session.understand(instruction, picture)
    told = ("action", "confidence", "source", "target", "reason", "hint")
    return {name: getattr(intent, name) for name in told}, []


def _edit_pictures(session: Session, candidates: list[int], size: int) -> Answer:
    size = min(max(size, 16), LARGEST_THUMBNAIL)
    return None, [_or_empty(partial(session.candidate_thumbnail, each, size)) for each in candidates]


def _revert(session: Session, edit: int, step: int | None) -> Answer:
    session.revert_edit(edit, step)
    return None, []


def _publish(session: Session, edit: int, **about: Any) -> Answer:
    return session.publish(edit, **about).id, []


def _gallery(session: Session, **wanted: Any) -> Answer:
    page = session.gallery.browse(**wanted)
    return {"entries": [_entry(each) for each in page], "pages": page.pages, "total": page.total}, []


def _entry(entry: Any) -> dict[str, Any]:
    """An entry without its steps, for a card."""
    brief = {name: value for name, value in entry.to_json().items() if name != "steps"}
    return {**brief, "result": entry.result, "count": len(entry.steps)}


def _gallery_entry(session: Session, entry: str) -> Answer:
    found = session.gallery.entry(entry)
    return {**_entry(found), "steps": found.to_json()["steps"]}, []


def _gallery_pictures(session: Session, keys: list[str], size: int) -> Answer:
    size = min(max(size, 16), LARGEST_THUMBNAIL)
    return None, [_or_empty(partial(session.gallery.thumbnail, each, size)) for each in keys]


def _like(session: Session, entry: str, liked: bool) -> Answer:
    gallery = session.gallery
    return _entry(gallery.like(entry) if liked else gallery.unlike(entry)), []


def _take_collected(session: Session) -> Answer:
    report = session.take_collected()
    left_out = [f"{source}: {reason}" for source, reason in report.problems]
    left_out += [f"{each.source}: the same as {each.kept_source}" for each in report.duplicates]
    told = f"{report.imported} {'picture' if report.imported == 1 else 'pictures'} imported."
    return " ".join([told, *(f"Left out: {each}." for each in left_out[:3])]), []


def _export(session: Session, path: str, format: str, overwrite: bool) -> Answer:  # noqa: A002 - the wire's word
    report = session.export(path, format=format, overwrite=overwrite)
    return {"total": report.total, "path": str(report.path)}, []


ANSWERS: dict[str, Callable[..., Answer]] = {
    "thumbnails": _thumbnails,
    "proxies": _proxies,
    "families": _families,
    "vary": lambda session, picture, count, strength: _job(
        session.vary(picture, count, **({} if strength is None else {"strength": strength}))
    ),
    "label_pictures": _label_pictures,
    "picture_labels": lambda session, ids: (session.picture_labels(ids), []),
    "picture": lambda session, picture: (session.picture(picture), []),
    "generate": lambda session, **settings: _job(session.generate(**settings)),
    "resume": lambda session: _job(session.resume()),
    "cancel": lambda session, job: _done(session.cancel(job)),
    "remove": lambda session, ids, weights: _job(session.remove(ids, weights=weights)),
    "more_like": lambda session, ids, weights: _job(session.more_like(ids, weights=weights)),
    "transform": lambda session, ids, text, weights: _job(session.transform(ids, text, weights=weights)),
    "combine": lambda session, first, second, weights: _job(session.combine(first, second, weights=weights)),
    "without": lambda session, first, second, weights: _job(session.without(first, second, weights=weights)),
    "restore": lambda session, ids: _done(session.restore(ids)),
    "undo": lambda session: _done(session.undo()),
    "redo": lambda session: _done(session.redo()),
    "accept": _accept,
    "reject": lambda session, proposal, reason: _done(session.reject(proposal, reason)),
    "suggest": lambda session, classes: _job(session.suggest(classes)),
    "generate_suggestion": lambda session, suggestion: _job(session.generate_suggestion(suggestion)),
    "collect_suggestion": lambda session, suggestion: _done(session.collect_suggestion(suggestion)),
    "reject_suggestion": lambda session, suggestion, reason: _done(
        session.reject_suggestion(suggestion, reason)
    ),
    "take_collected": _take_collected,
    "label": lambda session, **given: _job(session.label(with_=given["with"])),
    "edit_template": lambda session, template, text, negative: _done(
        session.edit_template(template, text, negative)
    ),
    "add_template": lambda session, class_id, text: _done(session.add_template(class_id, text)),
    "delete_template": lambda session, template: _done(session.delete_template(template)),
    "use_strategy": lambda session, strategy, classes, replace: (
        session.use_strategy(strategy, classes, replace=replace),
        [],
    ),
    "tune": _tune,
    "studio": lambda session: (None, [built("studio.js").encode()]),  # noqa: ARG005 - the same for all
    "personalize": _personalize,
    "candidates": _candidates,
    "candidate_pictures": _candidate_pictures,
    "edit": lambda session, ids, **wish: _job(session.edit(ids, **_wish(**wish))),
    "edit_further": lambda session, edit, **wish: _job(session.edit_further(edit, **_wish(**wish))),
    "understand": _understand,
    "edit_rows": lambda session, ids: (session.edit_table(ids), []),
    "edit_pictures": _edit_pictures,
    "choose_edit": lambda session, edit, candidate, **feedback: _done(
        session.choose_edit(edit, candidate, **feedback)
    ),
    "accept_edit": lambda session, edit: (session.accept_edit(edit), []),
    "stop_edit": lambda session, edit: _done(session.stop_edit(edit)),
    "revert_edit": _revert,
    "replay_edit": lambda session, edit, ids: _job(session.edit_handle(edit).replay(ids)),
    "teach_prompt": lambda session, edits: _job(session.teach_prompt(edits)),
    "publish_edit": _publish,
    "gallery": _gallery,
    "gallery_entry": _gallery_entry,
    "gallery_pictures": _gallery_pictures,
    "like_entry": _like,
    "delete_entry": lambda session, entry: _done(session.gallery.delete(entry)),
    "fork_entry": lambda session, entry, ids: _job(session.fork(entry, ids)),
    "choose_candidates": lambda session, token, turn, candidates, instead: _job(
        _at_turn(session, token, turn).choose(candidates, instead=instead)
    ),
    "keep": lambda session, ids: _done(session.keep(ids)),
    "export": _export,
}
