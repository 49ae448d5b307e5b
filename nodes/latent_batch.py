"""Batches of latents: taken apart, repeated and put together."""

from functools import partial

from engine.api import Int, Items, Latent, node
from engine.diffusion import batches
from engine.media.latents import fitted

_batch = partial(node, category="latent/batch", lane="host")


@_batch("LatentBatch")
def latent_batch(*, samples1: Latent, samples2: Latent) -> Latent:
    """Put two batches of latents together; each keeps its noise.

    Args:
        samples1: decides the size.
        samples2: resized and cropped to fit.
    """
    second = {**samples2, "samples": fitted(samples2["samples"], samples1["samples"])}
    return batches.joined(samples1, second)


@_batch("LatentFromBatch", title="Latent From Batch")
def latent_from_batch(
    *, samples: Latent, batch_index: Int(0, 63) = 0, length: Int(1, 64) = 1
) -> Latent:
    """Take latents out of a batch; they are sampled as they would be in it.

    Args:
        samples: the batch.
        batch_index: the first one to take, counted from 0.
        length: how many to take, as far as there are so many.
    """
    return batches.taken(samples, batch_index, length)


@_batch("RepeatLatentBatch", title="Repeat Latent Batch")
def repeat_latent_batch(*, samples: Latent, amount: Int(1, 64) = 1) -> Latent:
    """Repeat a batch, each time with other noise.

    Args:
        samples: the latents.
        amount: how many times they are there in the end.
    """
    return batches.repeated(samples, amount)


@_batch("RebatchLatents", title="Rebatch Latents", input_is_list=True)
def rebatch_latents(*, latents: Latent, batch_size: Int(1, 4096) = 1) -> Items[Latent]:
    """Put latents into batches of another size, in order; those of one size stay together.

    Args:
        latents: a list of batches.
        batch_size: latents in each new one, as far as there are so many.
    """
    return batches.rebatched(latents, batch_size[0])
