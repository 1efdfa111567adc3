"""A picture in words, for editors that want to know what it shows before it is changed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from datacrafter_widget.active.modality import ModalityGap
from datacrafter_widget.active.phrases import nearest_phrases
from datacrafter_widget.active.sentence import sentence

if TYPE_CHECKING:
    from datacrafter_widget.session.loaded import LoadedModels
    from datacrafter_widget.session.observing import Observer
    from datacrafter_widget.store import Store
    from datacrafter_widget.store.records import Picture

_ENOUGH = 4
"""Pictures whose mean says where pictures lie among texts."""


def picture_in_words(
    store: Store, models: LoadedModels, observer: Observer, picture: Picture, word: str
) -> str:
    """A caption: the prompt that a picture was made with, a language model's, or else the nearest phrase.

    Args:
        store: has the picture and others, by which pictures and texts are brought together.
        models: the encoder.
        observer: has captions, and the words that phrases are made of.
        picture: which.
        word: what its class is called in a prompt.
    """
    if picture.provenance is not None:
        return picture.provenance.prompt
    said = observer.captions.texts([picture.id])
    if picture.id in said:
        return said[picture.id]
    encoder = models.encoder
    words, texts = observer.words()
    pictures = store.embeddings(encoder.identity)[1]
    if len(pictures) < _ENOUGH:
        return sentence(word, ())
    ids, known = store.embeddings(encoder.identity, [picture.id])
    feature = known[0] if len(ids) else encoder.encode_images([store.load_image(picture.id)])[0]
    return nearest_phrases(
        feature,
        word,
        words,
        encoder.encode_texts,
        ModalityGap.between(pictures, texts),
        1,
        others=[row.word for row in store.classes() if row.word != word],
    )[0].text
