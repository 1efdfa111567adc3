"""Editing: what a wish asks of a picture, who should carry it out, and what becomes of the answers."""
