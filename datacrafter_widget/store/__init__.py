"""What a session keeps on disk: SQLite rows, image files, and data sets in and out."""

from datacrafter_widget.store.exporting import ExportReport, export_dataset
from datacrafter_widget.store.files import content_hash
from datacrafter_widget.store.importing import ImportReport, import_images
from datacrafter_widget.store.reading import read_images
from datacrafter_widget.store.records import (
    Action,
    AddedOriginal,
    Box,
    ClassCounts,
    ClassRow,
    GenerationJob,
    Label,
    Metric,
    Picture,
    PictureColumns,
    PlannedPicture,
    Proposal,
    Provenance,
    Template,
)
from datacrafter_widget.store.store import Store, is_session

__all__ = [
    "Action",
    "AddedOriginal",
    "Box",
    "ClassCounts",
    "ClassRow",
    "ExportReport",
    "GenerationJob",
    "ImportReport",
    "Label",
    "Metric",
    "Picture",
    "PictureColumns",
    "PlannedPicture",
    "Proposal",
    "Provenance",
    "Store",
    "Template",
    "content_hash",
    "export_dataset",
    "import_images",
    "is_session",
    "read_images",
]
