"""Published trails of edits: kept in a folder or in MongoDB, browsed, searched, liked, taken up by others."""

from datacrafter_widget.editing.gallery.entries import Entry, Step, Trail
from datacrafter_widget.editing.gallery.gallery import Gallery, Page

__all__ = ["Entry", "Gallery", "Page", "Step", "Trail"]
