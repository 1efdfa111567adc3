"""The session's pictures as data sets: in files, and in other libraries' terms."""

from pathlib import Path
from typing import Any

from datacrafter_widget.session.shown import Shown
from datacrafter_widget.session.waiting import waiting
from datacrafter_widget.store.exporting import ExportReport, export_dataset
from datacrafter_widget.store.formats.contents import read_contents
from datacrafter_widget.store.formats.splitting import Split


class Exporting(Shown):
    """The verbs that hand the data set on. All of them leave out what was removed or is flagged."""

    def export(
        self,
        path: str | Path,
        *,
        format: str = "imagefolder",  # noqa: A002 - the word a user expects
        overwrite: bool = False,
        split: Split | None = None,
        split_seed: int = 0,
        **options: Any,
    ) -> ExportReport:
        """Write originals and generated pictures, less those removed or flagged, as a data set.

        Every format has the facts about each picture (prompt, seed, parent, model …), and every class keeps
        its number. `Session.open` and `add_images` read all of them back.

        Args:
            path: the folder to make.
            format:
                ``"imagefolder"``: class folders and ``metadata.jsonl``, as Hugging Face's
                ``load_dataset("imagefolder", data_dir=path)`` reads it;
                ``"coco"``: ``annotations/instances.json`` and ``images/``, for `pycocotools`;
                ``"yolo"``: ``data.yaml``, ``images/``, ``labels/`` for a detector, or class folders for a
                classifier (``task="detect"`` or ``"classify"``; by default whether there are boxes);
                ``"webdataset"``: tar files of ``shard_size`` pictures (1000);
                ``"parquet"``: Parquet files of ``shard_size`` pictures (1000), which ``load_dataset(path)``
                reads and the hub shows;
                ``"csv"``: ``data.csv`` and ``images/``.
            overwrite: replace an earlier export at `path`.
            split: share of the validation set (``0.2``), or shares of train, val and test
                (``(0.8, 0.1, 0.1)``), kept in each class. An original stays with all that was made from it,
                and with its copies: nothing leaks.
            split_seed: same seed, same split.
            **options: ``shard_size``, ``task``, and, for coco and yolo, ``boxless``: what becomes of a picture
                without a box: ``"whole"``, one box around all of it; ``"skip"``; ``"empty"``, no box.

        Raises:
            InputError: an unknown format or option, or something is at `path` already; nothing was written.
            StoreError: the disk refused; nothing is left under the final name.
        """
        with waiting("Export") as progress:
            return export_dataset(
                self._store,
                path,
                format=format,
                overwrite=overwrite,
                split=split,
                split_seed=split_seed,
                progress=progress,
                **options,
            )

    def to_pandas(self, *, split: Split | None = None, split_seed: int = 0) -> Any:
        """A pandas data frame with a row for each picture: ``path`` (its file, to be read only), ``label``, facts.

        Args:
            split: adds a column ``split``; see `export`.
            split_seed: same seed, same split.
        """
        from datacrafter_widget.store.formats.frames import to_pandas

        return to_pandas(read_contents(self._store, split=split, split_seed=split_seed))

    def to_huggingface(self, *, split: Split | None = None, split_seed: int = 0) -> Any:
        """A Hugging Face ``Dataset`` with an image and a class label column, ready for ``push_to_hub(name)``.

        It refers to the session's files; ``push_to_hub`` and ``save_to_disk`` put the pictures in.

        Args:
            split: makes it a ``DatasetDict`` of these splits; see `export`.
            split_seed: same seed, same split.

        Raises:
            InputError: `datasets` isn't installed.
        """
        from datacrafter_widget.store.formats.huggingface import to_huggingface

        return to_huggingface(read_contents(self._store, split=split, split_seed=split_seed))

    def to_fiftyone(
        self, name: str, *, overwrite: bool = False, split: Split | None = None, split_seed: int = 0
    ) -> Any:
        """A FiftyOne data set over the session's files: class, boxes, facts; tagged with origin and split.

        Args:
            name: its name in FiftyOne's database.
            overwrite: replace a data set of that name.
            split: adds a tag; see `export`.
            split_seed: same seed, same split.

        Raises:
            InputError: FiftyOne isn't installed, or has a data set of that name.
        """
        from datacrafter_widget.store.formats.fiftyone import to_fiftyone

        contents = read_contents(self._store, split=split, split_seed=split_seed)
        return to_fiftyone(contents, name, overwrite=overwrite)
