"""A simulated user of the case study: looks at pictures and marks them, nothing else.

What a picture shows is told by a classifier that was trained on rendered pictures alone, never by the CLIP that the
search scores with; a tenth of the answers are wrong.
"""

from dataclasses import dataclass

import numpy as np


@dataclass
class User:
    """Wants pictures of the right thing in many places.

    Attributes:
        judge: what the user sees in pictures.
        rng: of the wrong answers.
        settings: "wrong_answers", "removes_from", "same_place_from", "accepts_from".
    """

    judge: object
    rng: np.random.Generator
    settings: dict

    def marks(self, name, images):
        """What the user does about the pictures of one class: "remove", "more_like" or nothing, and which of them.

        Args:
            name: the class; a "crane" is a bird.
            images: (N, 64, 64, 3) uint8.
        """
        right, places = self.sees(name, images)
        if (~right).mean() >= self.settings["removes_from"]:
            return "remove", ~right
        if _in_one(places[right]) > self.settings["same_place_from"]:
            return "more_like", right
        return None, right

    def accepts(self, name, verb, before, after):
        """Whether a proposal's pictures look better than those of the prompt it replaces.

        After "remove" more of them must be right; after "more_like" the right ones must be in more places, and
        enough of them must be right: what is not can be removed in the next round.
        """
        (was_right, were), (right, places) = (self.sees(name, images) for images in (before, after))
        if verb == "remove":
            return bool(right.mean() > was_right.mean())
        enough = right.mean() >= self.settings["accepts_from"]
        return bool(enough and _in_one(places[right]) < _in_one(were[was_right]))

    def sees(self, name, images):
        """Which pictures (N,) the user takes for the class, one time in ten mistakenly, and where things are (N,)."""
        answers = self.judge.predict(images)
        right = answers["class"] == ("crane bird" if name == "crane" else name)
        mistaken = self.rng.random(len(right)) < self.settings["wrong_answers"]
        return right ^ mistaken, answers["scene"]


def _in_one(places):
    """The share of the most frequent place."""
    return np.unique(places, return_counts=True)[1].max() / len(places) if len(places) else 1.0


def guide(session, user, settings, budget):
    """Three rounds of looking, marking and refining; then pictures until every class has its budget.

    Returns:
        What was done: a list of rounds with their feedback and proposals, and the prompts in the end.
    """
    log = []
    for _ in range(settings["rounds"]):
        session.generate(settings["per_round"]).wait(quiet=True).result()
        log.append(_round(session, user, settings))
    lacking = {}
    for row in session.classes:
        lacking.setdefault(budget - len(session.pictures(row.name, origin="generated")), []).append(row.name)
    for count, classes in lacking.items():
        if count > 0:
            session.generate(count, classes=classes).wait(quiet=True).result()
    prompts = {row["class_id"]: row["text"] for row in session.template_table()}
    log.append({"prompts": {row.name: prompts[row.id] for row in session.classes}})
    return log


def _round(session, user, settings):
    """Mark pictures of every class, and accept or reject what is proposed."""
    marked = {"remove": [], "more_like": []}
    said = {}
    for row in session.classes:
        own = [each.id for each in session.pictures(row.name, origin="generated")]
        verb, which = user.marks(row.name, _looked_at(session.image(each) for each in own))
        if verb:
            marked[verb] += [each for each, told in zip(own, which, strict=True) if told]
            said[row.name] = {"marked": verb, "pictures": int(which.sum()), "of": len(own)}
    names = {row.id: row.name for row in session.classes}
    for verb, ids in marked.items():
        if not ids:
            continue
        limits = {"max_proxies": settings["max_proxies"], "max_seconds": None}
        getattr(session, verb)(ids, **limits).wait(quiet=True).result()
        for proposal in session.store.proposals(states=["open"]):
            name = names[proposal.class_id]
            before, after = (
                _looked_at(session.store.load_proxy(ref) for ref in refs)
                for refs in (proposal.before_ids, proposal.after_ids)
            )
            accepted = user.accepts(name, verb, before, after)
            said[name] |= {"proposed": proposal.text, "accepted": accepted}
            if accepted:  # and its pictures take the place of those of the prompt before
                session.regenerate(session.accept(proposal.id)).wait(quiet=True).result()
            else:
                session.reject(proposal.id)
    return said


def _looked_at(pictures):
    return np.stack([np.asarray(each) for each in pictures])
