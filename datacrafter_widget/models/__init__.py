"""Adapters onto other people's models, one small Protocol each."""
