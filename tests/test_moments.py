"""Streaming moments against numpy, on every prefix, in any order of merging, and in single precision."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from reportgen.engine.moments import LeftOut, Moments


def stream(sizes: list[int], seed: int, images: int = 2, m: int = 3) -> list[torch.Tensor]:
    generator = torch.Generator().manual_seed(seed)
    return [10 + torch.randn(images, n, m, dtype=torch.float64, generator=generator) for n in sizes]


def check(moments: Moments, bucket: int, data: torch.Tensor) -> None:
    for i in range(data.shape[0]):
        rows = data[i].numpy()
        np.testing.assert_allclose(moments.mean[i, bucket].numpy(), rows.mean(0), rtol=1e-12)
        centred = rows - rows.mean(0)
        np.testing.assert_allclose(
            moments.scatter[i, bucket].numpy(), centred.T @ centred, rtol=1e-9, atol=1e-9
        )


@given(st.lists(st.integers(1, 6), min_size=1, max_size=8), st.integers(0, 100))
@settings(max_examples=30, deadline=None)
def test_every_prefix_has_the_moments_of_numpy(sizes: list[int], seed: int) -> None:
    chunks = stream(sizes, seed)
    moments = Moments.empty(2, 1, 3)
    for i, chunk in enumerate(chunks):
        moments.update(0, chunk)
        check(moments, 0, torch.cat(chunks[: i + 1], 1))
    assert moments.total == sum(sizes)


@given(st.lists(st.integers(1, 5), min_size=3, max_size=3), st.integers(0, 100))
@settings(max_examples=30, deadline=None)
def test_merge_is_associative_commutative_and_has_a_zero(sizes: list[int], seed: int) -> None:
    parts = []
    for chunk in stream(sizes, seed):
        part = Moments.empty(2, 1, 3)
        part.update(0, chunk)
        parts.append(part)
    a, b, c = parts
    left, right, other = a.merge(b).merge(c), a.merge(b.merge(c)), c.merge(b).merge(a)
    for twin in (right, other, left.merge(Moments.empty(2, 1, 3))):
        torch.testing.assert_close(left.mean, twin.mean)
        torch.testing.assert_close(left.scatter, twin.scatter)
    check(left, 0, torch.cat(stream(sizes, seed), 1))


def test_left_out_rows_are_those_of_the_data_without_the_bucket() -> None:
    chunks = stream([7, 4, 9, 5], 1)
    moments = Moments.empty(2, 4, 3)
    for bucket, chunk in enumerate(chunks):
        moments.update(bucket, chunk)
    left = LeftOut.of(moments)
    root = torch.randn(2, 2, 3, 3, dtype=torch.float64, generator=torch.Generator().manual_seed(2))
    gram = root @ root.transpose(2, 3)
    traces = left.trace(gram)
    for row in range(5):
        kept = torch.cat([c for b, c in enumerate(chunks) if b != row - 1], 1)
        for i in range(2):
            covariance = np.cov(kept[i].numpy().T)
            np.testing.assert_allclose(left.covariance(row)[i].numpy(), covariance, rtol=1e-10)
            np.testing.assert_allclose(left.mean[i, row].numpy(), kept[i].numpy().mean(0), rtol=1e-12)
            for g in range(2):
                expected = np.trace(covariance @ gram[g, i].numpy())
                assert traces[i, row, g].item() == pytest.approx(expected, rel=1e-10)


@pytest.mark.parametrize("buckets", [slice(None), slice(0, None, 2), slice(1, None, 2)])
def test_pooled_buckets_have_the_moments_of_their_data(buckets: slice) -> None:
    chunks = stream([7, 4, 9, 5], 2)
    moments = Moments.empty(2, 4, 3)
    for bucket, chunk in enumerate(chunks):
        moments.update(bucket, chunk)
    count, mean, covariance = moments.pooled(buckets)
    data = torch.cat(chunks[buckets], 1)
    assert count == data.shape[1]
    for i in range(2):
        np.testing.assert_allclose(mean[i].numpy(), data[i].numpy().mean(0), rtol=1e-12)
        np.testing.assert_allclose(covariance[i].numpy(), np.cov(data[i].numpy().T), rtol=1e-9)


def test_a_small_variance_on_a_large_mean_survives_single_precision() -> None:
    # The naive E[g²] − E[g]² in float32 has an error of 1e-7 · mean² = 10 here; the truth is 1e-2.
    generator = torch.Generator().manual_seed(0)
    data = (1e4 + 0.1 * torch.randn(1, 100_000, 2, generator=generator, dtype=torch.float64)).float()
    moments = Moments.empty(1, 1, 2)
    for chunk in data.split(1000, dim=1):
        moments.update(0, chunk)
    exact = data.double().var(1)[0]
    measured = torch.diagonal(moments.scatter[0, 0]) / (moments.total - 1)
    torch.testing.assert_close(measured, exact, rtol=1e-5, atol=0)
    mean = data.double().mean(1)
    torch.testing.assert_close(moments.mean[:, 0], mean, rtol=0, atol=1e-8 * float(exact.sqrt().max()))
    naive = (data**2).mean(1)[0] - data.mean(1)[0] ** 2
    assert (naive.double() - exact).abs().min() > exact.max()
