"""Seeds give the same noise as everywhere else, draw by draw."""

import torch

from engine.diffusion.noise import BrownianNoise, SequentialNoise, initial_noise

SHAPE = (2, 4, 8, 8)


def test_initial_noise_is_torchs_own() -> None:
    """Bit-equal to seeding the global generator, up to the largest seed."""
    for seed in (0, 42, 2**64 - 1):
        torch.manual_seed(seed)
        assert torch.equal(initial_noise(SHAPE, seed), torch.randn(SHAPE))


def test_items_of_a_batch_are_found_again() -> None:
    """Item k of a batch has the noise of draw k; equal indices share theirs."""
    batch = initial_noise((4, 4, 8, 8), 5)
    picked = initial_noise((3, 4, 8, 8), 5, batch_index=[2, 0, 2])
    assert torch.equal(picked, batch[[2, 0, 2]])


def test_sequential_draws_do_not_depend_on_what_was_drawn() -> None:
    """Draw 3 asked alone, late, or twice is the fourth draw of the generator."""
    like = torch.zeros(SHAPE)
    generator = torch.Generator().manual_seed(9)
    draws = [torch.randn(SHAPE, generator=generator) for _ in range(5)]
    noise = SequentialNoise(like, 9)
    for k in (3, 3, 0, 4, 1):
        assert torch.equal(noise(k, 1.0, 0.5), draws[k])


def test_brownian_increments_do_not_depend_on_the_order_of_asking() -> None:
    """A fresh tree gives the same increment as one that was asked before."""
    sigmas = torch.tensor([14.614642, 5.0, 2.0, 0.5, 0.029167, 0.0])
    like = torch.zeros(SHAPE)
    used, fresh = (BrownianNoise(like, sigmas, 3) for _ in range(2))
    pairs = list(zip(sigmas[:-2].tolist(), sigmas[1:-1].tolist(), strict=True))
    drawn = {pair: used(0, *pair) for pair in pairs}
    for pair in reversed(pairs):
        assert torch.equal(fresh(7, *pair), drawn[pair])


def test_brownian_noise_has_unit_variance_and_adds_up() -> None:
    """Increments over neighbouring intervals add up to that over both."""
    sigmas = torch.tensor([10.0, 4.0, 1.0, 0.0])
    noise = BrownianNoise(torch.zeros(1, 4, 64, 64), sigmas, 1)
    assert abs(noise(0, 10.0, 4.0).std().item() - 1) < 0.03
    whole = noise(0, 10.0, 1.0) * 9**0.5
    assert torch.allclose(
        noise(0, 10.0, 4.0) * 6**0.5 + noise(0, 4.0, 1.0) * 3**0.5, whole, atol=1e-4
    )
