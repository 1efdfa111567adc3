"""What models and algorithms say about the pictures: embeddings, content labels, positions, metrics."""

import json
from collections import Counter
from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from datacrafter_widget.errors import InputError
from datacrafter_widget.store.base import StoreBase, id_list, json_ids
from datacrafter_widget.store.columns import ColumnTable
from datacrafter_widget.store.records import Label, Metric, PositionKind

_POSITION_TABLES = {"picture": "picture_position", "label": "label_position"}


class EmbeddingTable(StoreBase):
    """Embeddings in float16, by the encoder's identity and the picture's content."""

    def put_embeddings(self, model: str, items: Iterable[tuple[str, ArrayLike]]) -> None:
        """Store embeddings, replacing those of the same content and encoder.

        Args:
            model: The encoder's identity (name and weights).
            items: (sha256 of the picture, vector (D,)) each; stored as float16.

        Raises:
            InputError: A vector isn't one-dimensional and finite in float16, or its length isn't the
                encoder's.
        """
        vectors = [(sha256, _float16(vector)) for sha256, vector in items]
        if not vectors:
            return
        dim = len(vectors[0][1])
        with self.transaction() as connection:
            connection.execute(
                "INSERT INTO encoder (identity, dim) VALUES (?, ?) ON CONFLICT DO NOTHING", (model, dim)
            )
            encoder_id, dim = connection.execute(
                "SELECT id, dim FROM encoder WHERE identity = ?", (model,)
            ).fetchone()
            if wrong := {len(vector) for _, vector in vectors} - {dim}:
                raise InputError(
                    f"expected embeddings of length {dim} from {model!r}, found {sorted(wrong)}."
                    " Another encoder needs another identity."
                )
            connection.executemany(
                "INSERT OR REPLACE INTO embedding VALUES (?, ?, ?)",
                ((encoder_id, sha256, vector.tobytes()) for sha256, vector in vectors),
            )

    def embeddings(
        self, model: str, picture_ids: Iterable[int] | None = None
    ) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        """The embeddings of these pictures (in the order given) or of all (by id), as far as there are any.

        Returns:
            Ids (N,) of the pictures that have one, and their vectors (N, D); D is 0 for an unknown encoder.
        """
        wanted = None if picture_ids is None else json_ids(picture_ids)
        with self._guard:
            if wanted is None:
                wanted = json_ids(row[0] for row in self._rows("SELECT id FROM picture ORDER BY id"))
            rows = self._rows(
                "SELECT p.id, e.vector FROM json_each(?) wanted JOIN picture p ON p.id = wanted.value"
                " JOIN encoder ON encoder.identity = ?"
                " JOIN embedding e ON e.encoder_id = encoder.id AND e.sha256 = p.sha256 ORDER BY wanted.key",
                (wanted, model),
            )
            encoder = self._row("SELECT dim FROM encoder WHERE identity = ?", (model,))
        dim = 0 if encoder is None else int(encoder["dim"])
        ids = np.array([row[0] for row in rows], dtype=np.int64)
        vectors = np.frombuffer(b"".join(row[1] for row in rows), dtype="<f2").reshape(len(rows), dim)
        return ids, vectors.astype(np.float32)

    def content_embeddings(self, model: str, contents: Iterable[str]) -> dict[str, NDArray[np.float32]]:
        """Vectors (D,) by content hash, for those of `contents` that have one.

        Proxy pictures, which are no pictures of the data set, are kept by the hash of what they were made from.
        """
        rows = self._rows(
            "SELECT e.sha256, e.vector FROM embedding e JOIN encoder ON encoder.id = e.encoder_id"
            " WHERE encoder.identity = ?1 AND e.sha256 IN (SELECT value FROM json_each(?2))",
            (model, json.dumps(list(contents))),
        )
        return {row[0]: np.frombuffer(row[1], dtype="<f2").astype(np.float32) for row in rows}

    def ids_without_embedding(self, model: str) -> list[int]:
        """The pictures, hidden ones too, that this encoder has not seen."""
        rows = self._rows(
            "SELECT id FROM picture WHERE sha256 NOT IN (SELECT sha256 FROM embedding WHERE encoder_id ="
            " (SELECT id FROM encoder WHERE identity = ?)) ORDER BY id",
            (model,),
        )
        return [row[0] for row in rows]


class CaptionTable(StoreBase):
    """Captions, by the language model's name and the picture's content."""

    def put_captions(self, model: str, items: Iterable[tuple[str, str]]) -> None:
        """Keep captions, replacing those of the same content and model.

        Args:
            model: The name of the language model.
            items: (sha256 of the picture, caption) each.
        """
        with self.transaction() as connection:
            connection.executemany(
                "INSERT OR REPLACE INTO caption VALUES (?, ?, ?)",
                ((model, sha256, text) for sha256, text in items),
            )

    def captions(self, model: str, picture_ids: Iterable[int] | None = None) -> dict[int, str]:
        """Captions by picture id, of these pictures or of all, as far as there are any."""
        rows = self._rows(
            "SELECT p.id, c.text FROM picture p JOIN caption c ON c.sha256 = p.sha256 AND c.model = ?1"
            " WHERE ?2 IS NULL OR p.id IN (SELECT value FROM json_each(?2)) ORDER BY p.id",
            (model, None if picture_ids is None else json_ids(picture_ids)),
        )
        return {row[0]: row[1] for row in rows}


class LabelTable(StoreBase):
    """Content labels, and which pictures have them."""

    def set_labels(self, texts: Sequence[str], model: str) -> list[Label]:
        """Make these the vocabulary, in this order.

        Labels that stay keep their ids. Labels that go take their picture labels and positions along; with
        another ``model`` all picture labels go, since its scores are not comparable.

        Args:
            texts: The labels, each once.
            model: Who assigns them: the identity of an encoder or captioner.

        Returns:
            The labels, in the order given.

        Raises:
            InputError: A label is empty or there twice.
        """
        texts = [str(text) for text in texts]
        if len(set(texts)) < len(texts) or "" in texts:
            wrong = [text for text, count in Counter(texts).items() if count > 1 or not text]
            raise InputError(f"expected different labels, none empty, found {wrong[:5]}. Remove repetitions.")
        with self.transaction() as connection:
            if self.label_model() != model:
                connection.execute("DELETE FROM picture_label")
            connection.execute("INSERT OR REPLACE INTO meta VALUES ('label_model', ?)", (json.dumps(model),))
            connection.execute(
                "DELETE FROM label WHERE text NOT IN (SELECT value FROM json_each(?))", (json.dumps(texts),)
            )
            connection.executemany(
                "INSERT INTO label (text, position) VALUES (?, ?)"
                " ON CONFLICT (text) DO UPDATE SET position = excluded.position",
                ((text, position) for position, text in enumerate(texts)),
            )
            return self.labels()

    def labels(self) -> list[Label]:
        """The vocabulary, in its order."""
        return [Label(**row) for row in self._rows("SELECT id, text FROM label ORDER BY position, id")]

    def label_model(self) -> str | None:
        """Who assigned the labels (see `set_labels`); None before there are any."""
        row = self._row("SELECT value FROM meta WHERE key = 'label_model'")
        return None if row is None else str(json.loads(row[0]))

    def put_picture_labels(
        self, rows: Iterable[tuple[int, int, float]], picture_ids: Iterable[int] | None = None
    ) -> None:
        """Set the labels of pictures, replacing those they had.

        Args:
            rows: (picture id, label id, score) each.
            picture_ids: The pictures concerned, where some have no label now; by default those in ``rows``.

        Raises:
            InputError: An id isn't there.
        """
        values = [(int(picture), int(label), float(score)) for picture, label, score in rows]
        cleared = {picture for picture, _, _ in values} | set(id_list(picture_ids or ()))
        with self.transaction() as connection:
            connection.execute(
                "DELETE FROM picture_label WHERE picture_id IN (SELECT value FROM json_each(?))",
                (json_ids(cleared),),
            )
            connection.executemany("INSERT OR REPLACE INTO picture_label VALUES (?, ?, ?)", values)

    def picture_labels(self) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        """Every label of every picture.

        Returns:
            Pairs (E, 2) of picture id and label id, sorted, and their scores (E,).
        """
        rows = self._rows(
            "SELECT picture_id, label_id, score FROM picture_label ORDER BY picture_id, label_id"
        )
        edges = np.array([(row[0], row[1]) for row in rows], dtype=np.int64).reshape(-1, 2)
        return edges, np.array([row[2] for row in rows], dtype=np.float32)

    def labels_of(self, picture_ids: Iterable[int]) -> dict[int, list[int]]:
        """The labels of some pictures by picture id, the surest first; ids without labels are left out."""
        found: dict[int, list[int]] = {}
        for picture, label in self._rows(
            "SELECT picture_id, label_id FROM picture_label"
            " WHERE picture_id IN (SELECT value FROM json_each(?)) ORDER BY score DESC, label_id",
            (json_ids(picture_ids),),
        ):
            found.setdefault(picture, []).append(label)
        return found

    def pictures_with(self, label_ids: Iterable[int]) -> list[int]:
        """The pictures with any of the labels that are not hidden, sorted."""
        rows = self._rows(
            "SELECT DISTINCT e.picture_id FROM picture_label e JOIN picture p ON p.id = e.picture_id"
            " WHERE e.label_id IN (SELECT value FROM json_each(?)) AND p.hidden = 0 ORDER BY e.picture_id",
            (json_ids(label_ids),),
        )
        return [row[0] for row in rows]


class PositionTable(ColumnTable):
    """Where pictures and labels are on the map."""

    def put_positions(self, kind: PositionKind, ids: Iterable[int], xy: ArrayLike) -> None:
        """Set positions, replacing those of the same ids.

        Args:
            kind: "picture" or "label".
            ids: N ids.
            xy: Positions (N, 2), finite.

        Raises:
            InputError: An id isn't there, or ``xy`` isn't N finite pairs.
        """
        values, wanted = np.asarray(xy, dtype=np.float32), id_list(ids)
        if values.shape != (len(wanted), 2) or not np.isfinite(values).all():
            raise InputError(
                f"expected finite positions of shape ({len(wanted)}, 2), found shape {values.shape}"
                f" with {int((~np.isfinite(values)).sum())} values that are not finite. Give one x, y per id."
            )
        with self.transaction() as connection:
            connection.executemany(
                f"INSERT OR REPLACE INTO {_position_table(kind)} VALUES (?, ?, ?)",  # noqa: S608 - ours
                ((row_id, *pair) for row_id, pair in zip(wanted, values.tolist(), strict=True)),
            )
            if kind == "picture":
                self._note_places(wanted)

    def positions(self, kind: PositionKind) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        """Ids (N,), sorted, and positions (N, 2) of the pictures, or labels, that have one."""
        if kind == "picture":
            return self.picture_places()
        rows = self._rows(f"SELECT id, x, y FROM {_position_table(kind)} ORDER BY id")  # noqa: S608 - ours
        ids = np.array([row[0] for row in rows], dtype=np.int64)
        return ids, np.array([(row[1], row[2]) for row in rows], dtype=np.float32).reshape(-1, 2)


class MetricTable(StoreBase):
    """Metric values by iteration and class."""

    def replace_metrics(self, rows: Iterable[Metric]) -> None:
        """Have these values, and none of those before; NaN is kept as NaN.

        Raises:
            InputError: There is no such class.
        """
        with self.transaction() as connection:
            connection.execute("DELETE FROM metric")
            connection.executemany(
                "INSERT INTO metric VALUES (?, ?, ?, ?)",
                [(row.iteration, row.class_id, row.name, float(row.value)) for row in rows],
            )

    def metrics(self) -> list[Metric]:
        """All values, by name, class and iteration."""
        rows = self._rows(
            "SELECT iteration, class_id, name, coalesce(value, 'nan') AS value FROM metric"
            " ORDER BY name, class_id, iteration"
        )
        return [Metric(row["iteration"], row["class_id"], row["name"], float(row["value"])) for row in rows]


def _position_table(kind: str) -> str:
    if kind not in _POSITION_TABLES:
        raise InputError(f'expected the kind "picture" or "label", found {kind!r}.')
    return _POSITION_TABLES[kind]


def _float16(vector: ArrayLike) -> NDArray[np.float16]:
    with np.errstate(over="ignore"):
        values = np.asarray(vector).astype("<f2")
    if values.ndim != 1 or len(values) == 0 or not np.isfinite(values).all():
        raise InputError(
            f"expected an embedding of shape (D,), finite in float16, found shape {values.shape}"
            f" with {int((~np.isfinite(values)).sum())} values that are not finite. Normalise it first."
        )
    return values
