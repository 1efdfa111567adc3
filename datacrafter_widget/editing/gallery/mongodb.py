"""A gallery in MongoDB, for people who share one: entries as documents, pictures in GridFS."""

from __future__ import annotations

import re
from contextlib import contextmanager
from io import BytesIO
from typing import TYPE_CHECKING, Any

from PIL import Image

from datacrafter_widget.editing.gallery.entries import Entry
from datacrafter_widget.errors import InputError, StoreError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from datacrafter_widget.editing.gallery.shelf import Query

SCHEMES = ("mongodb://", "mongodb+srv://")
DEFAULT_DATABASE = "datacrafter"
PATIENCE_MS = 5000
"""How long a server may take to be found, unless the address says otherwise."""

_ORDERS: dict[str, list[tuple[str, int]]] = {
    "newest": [("created", -1), ("_id", -1)],
    "oldest": [("created", 1), ("_id", 1)],
    "liked": [("likes", -1), ("created", -1), ("_id", -1)],
}


class MongoShelf:
    """Entries in the collection ``gallery``, pictures in the GridFS bucket ``gallery_pictures``.

    Every entry has its own copies of its pictures: they go with it, whatever other people do meanwhile.

    Args:
        address: ``"mongodb://user:password@host/database"``, as PyMongo takes it.
        read_only: write nothing.

    Raises:
        InputError: PyMongo isn't installed, or the address is none.
        StoreError: the server can't be reached, or refuses.
    """

    shared = True

    def __init__(self, address: str, *, read_only: bool = False) -> None:
        try:
            import gridfs
            import pymongo
        except ImportError as error:
            raise InputError(
                "a gallery in MongoDB needs PyMongo, which isn't installed; install it with:"
                " pip install 'datacrafter-widget[gallery]'"
            ) from error
        self.read_only = read_only
        self._broken: type[Exception] = pymongo.errors.PyMongoError
        self._closed: type[Exception] = pymongo.errors.InvalidOperation
        hosts = address.split("://", 1)[-1].split("/", 1)[0].rpartition("@")[2]
        patience: dict[str, Any] = (
            {} if "serverselectiontimeoutms" in address.lower() else {"serverSelectionTimeoutMS": PATIENCE_MS}
        )
        try:
            self._client: Any = pymongo.MongoClient(address, appname="datacrafter-widget", **patience)
            database = self._client.get_default_database(DEFAULT_DATABASE)
        except (self._broken, ValueError, TypeError) as error:
            raise InputError(
                f"expected an address such as mongodb://localhost:27017/gallery, found one of {hosts!r}: {error}"
            ) from error
        self.name = f"MongoDB {hosts}/{database.name}"
        self._entries = database["gallery"]
        self._pictures = gridfs.GridFSBucket(database, bucket_name="gallery_pictures")
        try:
            with self._errors():
                self._client.admin.command("ping")
                if not read_only:
                    self._entries.create_index([("created", -1)])
                    self._entries.create_index([("likes", -1), ("created", -1)])
                    database["gallery_pictures.files"].create_index("metadata.entry")
        except BaseException:
            self._client.close()
            raise

    def add(self, entry: Entry, pictures: Mapping[str, Image.Image]) -> None:
        """Keep an entry and its pictures."""
        document = {
            "_id": entry.id,
            "author": entry.author,
            "created": entry.created,
            "likes": 0,
            "liked_by": [],
            **_said(entry),
        }
        with self._errors():
            try:
                for key, picture in pictures.items():
                    metadata = {"entry": entry.id}
                    self._pictures.upload_from_stream(f"{key}.png", _png(picture), metadata=metadata)
                self._entries.insert_one(document)
            except BaseException:
                self._drop_pictures(entry.id)
                raise

    def get(self, entry_id: str, who: str) -> Entry | None:
        """An entry as `who` sees it, or None."""
        with self._errors():
            document = self._entries.find_one({"_id": entry_id})
        return None if document is None else _entry(document, who)

    def find(self, query: Query, who: str, *, offset: int, limit: int) -> tuple[list[Entry], int]:
        """A part of what matches, as `who` sees it, and how many match."""
        wanted = _wanted(query)
        with self._errors():
            total = self._entries.count_documents(wanted)
            found = self._entries.find(wanted).sort(_ORDERS[query.order]).skip(offset).limit(limit)
            return [_entry(document, who) for document in found], total

    def put(self, entry: Entry) -> None:
        """Replace what an entry says."""
        with self._errors():
            self._entries.update_one({"_id": entry.id}, {"$set": _said(entry)})

    def like(self, entry_id: str, who: str, *, liked: bool) -> None:
        """Let `who` like an entry, or no longer: in one step, so that no like is lost or counted twice."""
        if liked:
            change = {"$push": {"liked_by": who}, "$inc": {"likes": 1}}
            known: Any = {"$ne": who}
        else:
            change = {"$pull": {"liked_by": who}, "$inc": {"likes": -1}}
            known = who
        with self._errors():
            self._entries.update_one({"_id": entry_id, "liked_by": known}, change)

    def remove(self, entry_id: str) -> None:
        """Forget an entry and its pictures."""
        with self._errors():
            self._entries.delete_one({"_id": entry_id})
            self._drop_pictures(entry_id)

    def png(self, key: str) -> bytes | None:
        """A picture's PNG file, or None."""
        from gridfs.errors import NoFile

        with self._errors():
            try:
                return self._pictures.open_download_stream_by_name(f"{key}.png").read()
            except NoFile:
                return None

    def thumbnail(self, key: str, size: int) -> bytes:
        """WebP of a picture."""
        content = self.png(key)
        if content is None:
            raise StoreError(f"expected a picture {key} in {self.name}, found none; its entry was deleted")
        buffer = BytesIO()
        with Image.open(BytesIO(content)) as picture:
            picture.thumbnail((size, size), Image.Resampling.LANCZOS)
            picture.save(buffer, "WEBP", quality=85, method=2)
        return buffer.getvalue()

    def close(self) -> None:
        """Let the connections go. May be called twice."""
        self._client.close()

    def _drop_pictures(self, entry_id: str) -> None:
        for file in list(self._pictures.find({"metadata.entry": entry_id})):
            self._pictures.delete(file._id)  # noqa: SLF001 - PyMongo's name for it

    @contextmanager
    def _errors(self) -> Iterator[None]:
        try:
            yield
        except self._closed as error:
            raise StoreError(
                f"expected an open gallery, but {self.name} was closed. Open it again."
            ) from error
        except self._broken as error:
            raise StoreError(
                f"expected to read and write {self.name}, but: {error}. Check that the server runs, that it can"
                " be reached, and that the address has the right user and password."
            ) from error


def _said(entry: Entry) -> dict[str, Any]:
    return {"public": entry.public, "words": entry.words(), "record": entry.record()}


def _entry(document: Mapping[str, Any], who: str) -> Entry:
    return Entry.from_record(
        document["record"],
        id=document["_id"],
        author=document["author"],
        public=document["public"],
        created=document["created"],
        likes=document["likes"],
        liked=who in document["liked_by"],
    )


def _wanted(query: Query) -> dict[str, Any]:
    tests: list[dict[str, Any]] = [{"words": {"$regex": re.escape(part)}} for part in query.words]
    if query.likes:
        tests.append({"likes": {"$gte": query.likes}})
    if query.since is not None:
        tests.append({"created": {"$gte": query.since}})
    if query.until is not None:
        tests.append({"created": {"$lt": query.until}})
    if query.public:
        tests.append({"public": True})
    elif query.reader is not None:
        tests.append({"$or": [{"public": True}, {"author": query.reader}]})
    return {"$and": tests} if tests else {}


def _png(picture: Image.Image) -> bytes:
    buffer = BytesIO()
    Image.frombytes("RGB", picture.size, picture.tobytes()).save(buffer, "PNG")  # no EXIF, no colour profile
    return buffer.getvalue()
