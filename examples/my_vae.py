"""A convolutional VAE on 8×8 digits: a model of your own for `problem: {python: my_vae.py:build}`."""

import torch
from sklearn.datasets import load_digits
from torch import nn

import reportgen


def build(latent=4, epochs=5, points=16):
    """The model after a short training, and the data points at which its gradients are measured."""
    encoder = nn.Sequential(
        nn.Conv2d(1, 8, 3, stride=2, padding=1),
        nn.GroupNorm(2, 8),
        nn.SiLU(),
        nn.Conv2d(8, 16, 3, stride=2, padding=1),
        nn.Flatten(),
        nn.LayerNorm(64),
        nn.SiLU(),
        nn.Linear(64, 2 * latent),  # η = (μ, log σ)
    )
    decoder = nn.Sequential(
        nn.Linear(latent, 64),
        nn.SiLU(),
        nn.Unflatten(1, (16, 2, 2)),
        nn.ConvTranspose2d(16, 8, 4, stride=2, padding=1),
        nn.GroupNorm(2, 8),
        nn.SiLU(),
        nn.ConvTranspose2d(8, 1, 4, stride=2, padding=1),  # logits of 1×8×8 pixels
    )
    images = torch.tensor(load_digits().images > 7, dtype=torch.float32).unsqueeze(1)
    train(encoder, decoder, images[points:], epochs)
    return reportgen.Model(encoder, decoder, x=images[:points], likelihood="bernoulli")


def train(encoder, decoder, images, epochs):
    """Adam on the ELBO with one pathwise sample per image."""
    optimizer = torch.optim.Adam([*encoder.parameters(), *decoder.parameters()], lr=3e-3)
    for _ in range(epochs):
        for x in images[torch.randperm(len(images))].split(50):
            mean, log_scale = encoder(x).chunk(2, dim=1)
            logits = decoder(mean + log_scale.exp() * torch.randn_like(mean))
            reconstruction = -nn.functional.binary_cross_entropy_with_logits(logits, x, reduction="sum")
            kl = 0.5 * (mean**2 + (2 * log_scale).exp() - 2 * log_scale - 1).sum()
            optimizer.zero_grad()
            ((kl - reconstruction) / len(x)).backward()
            optimizer.step()
