"""The half of a session in which a person says what is wrong, and gets better prompts for it."""

from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Unpack, cast

from datacrafter_widget.errors import InputError
from datacrafter_widget.generation.templates import PromptTemplate
from datacrafter_widget.jobs import Job
from datacrafter_widget.session.core import Core
from datacrafter_widget.session.feedback import Feedback, FeedbackKind, SearchLimits
from datacrafter_widget.session.generating import Asked
from datacrafter_widget.session.proposals import ProposalHandle
from datacrafter_widget.session.teaching import check_tokens
from datacrafter_widget.store.records import Action, Proposal, Template

if TYPE_CHECKING:
    from datacrafter_widget.generation.plan import Perturbation

SEARCH = "Look for a better prompt"


class Prompting(Core):
    """Feedback, proposals and prompts: a part of `Session`."""

    # -- feed back ----------------------------------------------------------------------------------

    def remove(
        self,
        ids: Iterable[int],
        *,
        weights: Mapping[str, float] | None = None,
        **limits: Unpack[SearchLimits],
    ) -> Job[list[int]]:
        """Not these: hide the pictures at once, and look for a prompt that makes fewer of their kind.

        Args:
            ids: the pictures.
            weights: of the objective's terms ``"away"``, ``"near"`` and ``"confidence"`` (DataCrafter, Eq. 8).
            **limits: ``max_proxies`` pictures and ``max_seconds`` that the search may take.

        Returns:
            A job whose result is the ids of the new proposals: one for each class of which generated pictures
            were removed, if a better prompt was found. Cancelling it keeps the best prompt so far.

        Raises:
            InputError: unknown pictures, or weights or limits that make no sense.
        """
        return self._feed_back("remove", self._known(ids), weights=weights, limits=limits)

    def more_like(
        self,
        ids: Iterable[int],
        *,
        weights: Mapping[str, float] | None = None,
        **limits: Unpack[SearchLimits],
    ) -> Job[list[int]]:
        """More like these: look for a prompt that makes more, and more diverse, pictures of their kind.

        Arguments and result are those of `remove`; the terms are ``"diversity"``, ``"near"`` and
        ``"confidence"`` (Eq. 9).
        """
        return self._feed_back("more_like", self._known(ids), weights=weights, limits=limits)

    def transform(
        self,
        ids: Iterable[int],
        text: str,
        *,
        weights: Mapping[str, float] | None = None,
        **limits: Unpack[SearchLimits],
    ) -> Job[list[int]]:
        """These, but changed: look for a prompt whose pictures are like these, as `text` says.

        Args:
            ids: the pictures to start from, originals or generated ones.
            text: the change, as it would follow the class's word: "at night", "as a sketch".
            weights: of the terms ``"moved"`` (as the text says), ``"kept"`` (else like these) and
                ``"confidence"``.
            **limits: as for `remove`.

        Returns:
            A job, as `remove` does.
        """
        return self._feed_back("transform", self._known(ids), wish=text, weights=weights, limits=limits)

    def combine(
        self,
        first: Iterable[int],
        second: Iterable[int],
        *,
        weights: Mapping[str, float] | None = None,
        **limits: Unpack[SearchLimits],
    ) -> Job[list[int]]:
        """Both: look for a prompt whose pictures have what the first set shows and what the second shows.

        The sets share a class. Other arguments and result are those of `remove`; the terms are ``"first"``,
        ``"second"`` and ``"confidence"``.
        """
        sets = self._two_sets(first, second)
        return self._feed_back("combine", sets[0], second=sets[1], weights=weights, limits=limits)

    def without(
        self,
        first: Iterable[int],
        second: Iterable[int],
        *,
        weights: Mapping[str, float] | None = None,
        **limits: Unpack[SearchLimits],
    ) -> Job[list[int]]:
        """The one less the other: look for a prompt that makes the first set's kind and not the second's.

        The sets share a class. Other arguments and result are those of `remove`; the terms are ``"near"`` (the
        first), ``"away"`` (from the second) and ``"confidence"``.
        """
        sets = self._two_sets(first, second)
        return self._feed_back("without", sets[0], second=sets[1], weights=weights, limits=limits)

    def restore(self, ids: Iterable[int]) -> None:
        """Take pictures out of the recycle bin."""
        self._writable()
        self._history.do("restore", {"ids": self._known(ids)})
        self.events.emit("labels")

    def undo(self) -> Action | None:
        """Take the last action back, exactly; None when there is none."""
        return self._turn(self._history.undo)

    def redo(self) -> Action | None:
        """Do the last undone action again; None when there is none."""
        action = self._turn(self._history.redo)
        if action is not None and self._refiner.unfinished():
            self._go_on_searching()  # it was undone before its search was over
        return action

    # -- prompts ------------------------------------------------------------------------------------

    def add_template(self, class_: str | int, text: str, negative: str = "") -> int:
        """Give a class one more prompt template; returns its id.

        Raises:
            TemplateError: the text can't be parsed; the message says where.
        """
        self._writable()
        PromptTemplate.parse(text)
        check_tokens(self._store, text)
        with self._lock:
            (row,) = self._class_rows(class_)
            template = self._store.add_template(row.id, text, negative=negative, origin="user")
            self._history.do("add_template", {"template_id": template.id})
        return template.id

    def edit_template(self, template_id: int, text: str, negative: str | None = None) -> int:
        """Replace a prompt template; the old one stays in the history. Returns the new one's id."""
        self._writable()
        PromptTemplate.parse(text)
        check_tokens(self._store, text)
        with self._lock:
            old = self._template(template_id)
            negative = old.negative if negative is None else negative
            new = self._store.add_template(old.class_id, text, negative=negative, origin="user")
            self._history.do("edit_template", {"old_id": old.id, "new_id": new.id})
        return new.id

    def delete_template(self, template_id: int) -> None:
        """Take a prompt template out of use."""
        self._writable()
        self._history.do("delete_template", {"template_id": self._template(template_id).id})

    @property
    def proposals(self) -> list[ProposalHandle]:
        """The better prompts that wait for a decision, oldest first."""
        rows = [row for row in self.proposal_table()[::-1] if row["state"] == "open" and row["improved"]]
        return [ProposalHandle(self, row) for row in rows]

    def accept(self, proposal_id: int, *, text: str | None = None, negative: str | None = None) -> int:
        """Put a proposed prompt in the place of the one it improves; returns the new template's id.

        Args:
            proposal_id: an open proposal; one that found nothing better may be accepted too.
            text: the template to use instead of the proposed one, edited.
            negative: the same for the negative prompt.

        Raises:
            InputError: there is no such open proposal.
            TemplateError: the text can't be parsed; the message says where.
        """
        self._writable()
        if text is not None:
            PromptTemplate.parse(text)
            check_tokens(self._store, text)
        with self._lock:
            proposal = self._open_proposal(proposal_id)
            text = proposal.text if text is None else text
            negative = proposal.negative if negative is None else " ".join(negative.split())
            own = (text, negative) == (proposal.text, proposal.negative)
            new = self._store.add_template(
                proposal.class_id, text, negative=negative, origin="proposal" if own else "user"
            )
            self._history.do(
                "accept", {"proposal_id": proposal.id, "old_id": proposal.template_id, "new_id": new.id}
            )
        return new.id

    def reject(self, proposal_id: int, reason: str = "") -> None:
        """Turn a proposed prompt down. It is not proposed again.

        Args:
            proposal_id: an open proposal.
            reason: why, in words: later searches of the class don't bring in what it mentions, and a language
                model reads it.
        """
        self._writable()
        with self._lock:
            proposal = self._open_proposal(proposal_id)
            self._history.do("reject", {"proposal_id": proposal.id, "reason": " ".join(reason.split())[:500]})

    def regenerate(
        self, template_id: int, *, count: int | None = None, replace: bool = True
    ) -> Job[list[int]]:
        """Generate with a prompt that came in the place of another, such as an accepted one.

        Args:
            template_id: a prompt in use.
            count: how many pictures; by default as many as the prompt before it has made.
            replace: hide the pictures of the prompt before it, once the new ones are there; undo brings them
                back. Without, the new ones are added.

        Returns:
            A job whose result is the ids of the new pictures.

        Raises:
            InputError: no such prompt in use, or less than one picture.
        """
        self._writable()
        template = self._template(template_id)
        if count is not None and count < 1:
            raise InputError(f"count: expected 1 or more, found {count}")
        old_id = self._replaced_by(template_id)
        old = [
            picture
            for picture in self._store.pictures(class_ids=[template.class_id], include_hidden=True)
            if picture.provenance and picture.provenance.template_id == old_id
        ]
        like = old[-1].provenance if old else None

        return self._generate(
            Asked(
                templates={template.class_id: [template.id]},
                per_class=count or len(old) or None,
                perturbation=cast("Perturbation", like.perturbation) if like else "text2image",
                strength=like.strength if like else None,
                guidance_scale=like.guidance_scale if like else None,
                num_inference_steps=like.num_inference_steps if like else None,
                replaces=old_id if replace else None,
            )
        )

    # -- inside -------------------------------------------------------------------------------------

    def _feed_back(
        self,
        kind: FeedbackKind,
        ids: list[int],
        *,
        second: list[int] | None = None,
        wish: str = "",
        weights: Mapping[str, float] | None = None,
        limits: SearchLimits,
    ) -> Job[list[int]]:
        self._writable()
        feedback = Feedback.checked(kind, ids, second=second, wish=wish, weights=weights, limits=limits)
        with self._lock:
            action = self._history.do(kind, feedback.to_json())
            opened = self._refiner.open(feedback, action_id=action.id)
        self.events.emit("labels")
        return self._search_for(opened)

    def _search_for(self, proposal_ids: list[int]) -> Job[list[int]]:
        def run(job: Job[list[int]]) -> list[int]:
            self._observer.ready(job)
            return self._refiner.search(job, proposal_ids)

        def leave() -> None:
            self._refiner.leave(proposal_ids)

        return self._submit(run, SEARCH, kind="search", interactive=True, at_end=leave)

    def _go_on_searching(self) -> Job[list[int]]:
        return self._search_for(self._refiner.resume())

    def _two_sets(self, first: Iterable[int], second: Iterable[int]) -> tuple[list[int], list[int]]:
        one, other = self._known(first), self._known(second)
        classes = [{picture.class_id for picture in self._store.pictures(ids=ids)} for ids in (one, other)]
        if not classes[0] & classes[1]:
            raise InputError(
                "expected two sets of pictures of the same class, found none in both; "
                "select pictures of one class for each set"
            )
        return one, other

    def _replaced_by(self, template_id: int) -> int | None:
        """The prompt in whose place another one came."""
        for action in reversed(self._store.actions()):
            if action.payload.get("new_id") == template_id and not action.undone:
                return int(action.payload["old_id"])
        return None

    def _turn(self, step: Callable[[], Action | None]) -> Action | None:
        self._writable()
        with self._lock:
            action = step()
        if action is not None:
            self.events.emit("labels")
        return action

    def _template(self, template_id: int) -> Template:
        for template in self._store.templates():
            if template.id == template_id:
                return template
        raise InputError(f"no prompt with id {template_id} is in use; see session.template_table()")

    def _open_proposal(self, proposal_id: int) -> Proposal:
        for proposal in self._store.proposals(states=("open",)):
            if proposal.id == proposal_id:
                return proposal
        raise InputError(f"no open proposal with id {proposal_id}; see session.proposals")
