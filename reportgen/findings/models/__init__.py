"""Trained models: their likelihood, their active units, and published numbers beside them.

Throughout, a model is described by the mean over its trainings, which differ
only in their seed. Intervals are over trainings and the choice of test images;
for a single training over the images alone, with the network held fixed.
"""
