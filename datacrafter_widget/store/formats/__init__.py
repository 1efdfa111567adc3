"""Forms of data sets, one a file: how each is written and read."""

from datacrafter_widget.errors import InputError
from datacrafter_widget.store.formats.coco import COCO
from datacrafter_widget.store.formats.csv_table import CSV
from datacrafter_widget.store.formats.format import Format
from datacrafter_widget.store.formats.imagefolder import IMAGEFOLDER
from datacrafter_widget.store.formats.parquet import PARQUET
from datacrafter_widget.store.formats.webdataset import WEBDATASET
from datacrafter_widget.store.formats.yolo import YOLO

FORMATS = {each.name: each for each in (IMAGEFOLDER, COCO, YOLO, WEBDATASET, PARQUET, CSV)}
"""The formats of folders and files by name, in the order in which a form offers them."""


def get_format(name: str) -> Format:
    """The format of that name.

    Raises:
        InputError: There is none.
    """
    if name not in FORMATS:
        raise InputError(f"expected format as one of {', '.join(FORMATS)}, found {name!r}.")
    return FORMATS[name]
