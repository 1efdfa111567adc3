"""The demo: the embedded toybox as a data set, and the whole loop run by a simulated user."""
