"""The scripts that make the toybox's weights, in the order in which they run.

``data`` renders pictures, ``tokenizer`` learns the word pieces, ``judge`` and ``clip`` learn to see,
``autoencoder`` and ``unet`` learn to draw, ``assemble`` writes the weights into the package,
and ``decoder`` learns to say in words what the CLIP there sees. Each is run as
``python -m datacrafter_widget.toybox.train.NAME --help``; every trainer can be stopped and resumed.
"""
