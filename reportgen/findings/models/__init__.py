"""Trained models: their likelihood, their active units, and published numbers beside them.

What holds here: a model is told by the mean over its trainings, which differ
in their seed alone. Intervals are over trainings and the choice of test
images; of one training over the images, the network held fixed.
"""
