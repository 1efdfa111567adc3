"""Downstream checks: what a classifier or a detector learns from original and generated pictures."""
