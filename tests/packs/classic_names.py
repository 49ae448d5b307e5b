"""A pack that writes samplers and schedulers into the lists of names, as packs often do."""

import comfy.k_diffusion.sampling
import comfy.samplers
import torch


@torch.no_grad()
def sample_named_euler(model, x, sigmas, extra_args=None, callback=None, disable=None):
    s_in = x.new_ones([x.shape[0]])
    for i in range(len(sigmas) - 1):
        denoised = model(x, sigmas[i] * s_in, **(extra_args or {}))
        if callback is not None:
            callback({"x": x, "i": i, "sigma": sigmas[i], "denoised": denoised})
        x = x + (x - denoised) / sigmas[i] * (sigmas[i + 1] - sigmas[i])
    return x


def named_karras(model_sampling, steps):
    return comfy.k_diffusion.sampling.get_sigmas_karras(
        steps, float(model_sampling.sigma_min), float(model_sampling.sigma_max)
    )


comfy.k_diffusion.sampling.sample_named_euler = sample_named_euler
comfy.samplers.KSampler.SAMPLERS.append("named_euler")
comfy.samplers.SCHEDULER_HANDLERS["named_karras"] = comfy.samplers.SchedulerHandler(named_karras)
comfy.samplers.SCHEDULER_HANDLERS["named_karras_n"] = comfy.samplers.SchedulerHandler(
    comfy.k_diffusion.sampling.get_sigmas_karras, use_ms=False
)
comfy.samplers.SCHEDULER_NAMES.append("named_karras")

NODE_CLASS_MAPPINGS = {}
