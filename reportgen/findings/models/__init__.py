"""Trained models: their likelihood, their active units, and published numbers beside them.

What holds here: a model is one trained network, and its intervals are about
the choice of test images. Another seed trains another network, and how far
networks of different seeds differ no interval here says.
"""
