"""Editors: a picture and a wish in, a changed picture out; one Protocol, many models behind it."""
