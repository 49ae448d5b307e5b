"""A pack that changes models the way that packs of this field do."""

import comfy.k_diffusion.sampling as k_diffusion
import comfy.lora
import comfy.model_base
import comfy.model_patcher
import comfy.model_sampling
import comfy.patcher_extension
import comfy.samplers
import comfy.sd
import comfy.utils
import torch
from comfy.ldm.modules.attention import optimized_attention
from comfy.patcher_extension import CallbacksMP, WrappersMP

SEEN = []


class _OnModel:
    @classmethod
    def INPUT_TYPES(cls):
        return {"required": {"model": ("MODEL",), "how": ("STRING", {"default": ""})}}

    RETURN_TYPES = ("MODEL",)
    FUNCTION = "patch"
    CATEGORY = "tests"


class Level3Model(_OnModel):
    """Each way of changing a model, by name."""

    def patch(self, model, how):
        m = model.clone()
        getattr(self, how)(m)
        assert m.is_clone(model) and m is not model
        return (m,)

    def plain_cfg(self, m):
        def cfg(args):
            SEEN.append(("cfg", args["sigma"].shape, args["input"].shape))
            return args["uncond"] + (args["cond"] - args["uncond"]) * args["cond_scale"]

        m.set_model_sampler_cfg_function(cfg)

    def post_cfg(self, m):
        def halved(args):
            assert torch.equal(args["denoised"], args["denoised"])
            return torch.lerp(args["denoised"], args["uncond_denoised"], 0.5)

        m.set_model_sampler_post_cfg_function(halved, disable_cfg1_optimization=True)

    def pre_cfg(self, m):
        m.set_model_sampler_pre_cfg_function(lambda args: list(args["conds_out"]))

    def perturbed(self, m):
        """Perturbed attention guidance, with an evaluation under changed options."""

        def itself(q, k, v, extra_options):
            assert extra_options["block"][0] == "middle" and extra_options["n_heads"] > 0
            return v

        def post(args):
            options = comfy.model_patcher.set_model_options_patch_replace(
                args["model_options"].copy(), itself, "attn1", "middle", 0
            )
            (weak,) = comfy.samplers.calc_cond_batch(
                args["model"], [args["cond"]], args["input"], args["sigma"], options
            )
            return args["denoised"] + (args["cond_denoised"] - weak) * 3.0

        m.set_model_sampler_post_cfg_function(post)

    def same_attention(self, m):
        def attend(q, k, v, extra_options):
            SEEN.append(("attend", *extra_options["block"], extra_options["transformer_index"]))
            return optimized_attention(q, k, v, extra_options["n_heads"])

        for block in range(12):
            m.set_model_attn1_replace(attend, "input", block)
            m.set_model_attn2_replace(attend, "output", block, 0)

    def stronger_text(self, m):
        m.set_model_attn2_patch(lambda n, context, value, extra: (n, context, value * 2))

    def weaker_self(self, m):
        m.set_model_attn1_patch(lambda n, context, value, extra: (n, context, value * 0.5))
        m.set_model_attn1_output_patch(lambda n, extra: n)
        m.set_model_attn2_output_patch(lambda n, extra: n)

    def blocks(self, m):
        def free_u(h, hsp, options):
            assert len(options["cond_or_uncond"]) == 2 and len(options["sigmas"]) == len(h)
            return h * 1.1, hsp * 0.9

        m.set_model_output_block_patch(free_u)
        m.set_model_input_block_patch(lambda h, options: h)
        m.set_model_input_block_patch_after_skip(lambda h, options: h)
        m.set_model_emb_patch(lambda emb, channels, options: emb)

    def same_wrapper(self, m):
        def wrapper(apply_model, args):
            assert args["cond_or_uncond"] == [1, 0] and "c_crossattn" in args["c"]
            return apply_model(args["input"], args["timestep"], **args["c"])

        m.set_model_unet_function_wrapper(wrapper)

    def no_text(self, m):
        def wrapper(apply_model, args):
            c = {**args["c"], "c_crossattn": args["c"]["c_crossattn"] * 0}
            return apply_model(args["input"], args["timestep"], **c)

        m.set_model_unet_function_wrapper(wrapper)

    def all_wrappers(self, m):
        def passing(kind):
            def wrapper(executor, *args, **kwargs):
                SEEN.append(kind)
                return executor(*args, **kwargs)

            return wrapper

        for kind in (
            WrappersMP.OUTER_SAMPLE,
            WrappersMP.PREPARE_SAMPLING,
            WrappersMP.SAMPLER_SAMPLE,
            WrappersMP.PREDICT_NOISE,
            WrappersMP.CALC_COND_BATCH,
            WrappersMP.APPLY_MODEL,
            WrappersMP.DIFFUSION_MODEL,
        ):
            m.add_wrapper_with_key(kind, "tests", passing(kind))
        m.add_callback(CallbacksMP.ON_PRE_RUN, lambda patcher: SEEN.append("before"))
        m.add_callback(CallbacksMP.ON_CLEANUP, lambda patcher: SEEN.append("behind"))

    def other_noise(self, m):
        def outer(executor, noise, *args, **kwargs):
            return executor(-noise, *args, **kwargs)

        m.add_wrapper(WrappersMP.OUTER_SAMPLE, outer)

    def same_sampling(self, m):
        class Sampling(comfy.model_sampling.ModelSamplingDiscrete, comfy.model_sampling.EPS):
            pass

        sampling = Sampling(m.model.model_config)
        assert torch.equal(sampling.sigmas, m.get_model_object("model_sampling").sigmas)
        m.add_object_patch("model_sampling", sampling)
        assert m.get_model_object("model_sampling") is sampling

    def same_velocity(self, m):
        class Sampling(
            comfy.model_sampling.ModelSamplingDiscrete, comfy.model_sampling.V_PREDICTION
        ):
            pass

        m.add_object_patch("model_sampling", Sampling(m.model.model_config))

    def other_middle(self, m):
        m.add_object_patch("diffusion_model.middle_block", lambda x, *args, **kwargs: x)

    def other_network(self, m):
        network = m.get_model_object("diffusion_model")

        def forward(x, timesteps, context, y=None, control=None, transformer_options=None, **k):
            return network(x, timesteps, context, y)

        m.add_object_patch("diffusion_model", forward)

    def weights(self, m):
        keys = m.model_state_dict("diffusion_model.out.")
        done = m.add_patches({k: (t * 0.1,) for k, t in keys.items()}, 1.0)
        assert set(done) == set(keys)

    def mask(self, m):
        m.set_model_denoise_mask_function(lambda sigma, mask, extra_options: mask * 0)

    def injected(self, m):
        pair = comfy.patcher_extension.PatcherInjection(
            lambda patcher: SEEN.append("in"), lambda patcher: SEEN.append("out")
        )
        m.set_injections("tests", [pair])
        m.set_attachments("tests", 5)

    def options_by_hand(self, m):
        m.model_options["transformer_options"]["patches_replace"] = {
            "attn1": {("middle", 0): lambda q, k, v, extra: v}
        }


class Level3Merge(_OnModel):
    """Half of another model, as merging nodes do it."""

    @classmethod
    def INPUT_TYPES(cls):
        return {"required": {"model": ("MODEL",), "other": ("MODEL",), "ratio": ("FLOAT", {})}}

    def patch(self, model, other, ratio):
        m = model.clone()
        kp = other.get_key_patches("diffusion_model.")
        for key, value in kp.items():
            m.add_patches({key: value}, 1.0 - ratio, ratio)
        return (m,)


class Level3Lora(_OnModel):
    @classmethod
    def INPUT_TYPES(cls):
        return {
            "required": {
                "model": ("MODEL",),
                "clip": ("CLIP",),
                "path": ("STRING", {}),
                "by_keys": ("BOOLEAN", {}),
            }
        }

    RETURN_TYPES = ("MODEL", "CLIP")

    def patch(self, model, clip, path, by_keys):
        lora = comfy.utils.load_torch_file(path, safe_load=True)
        if not by_keys:
            return comfy.sd.load_lora_for_models(model, clip, lora, 0.8, 0.5)
        keys = comfy.lora.model_lora_keys_unet(model.model, {})
        keys = comfy.lora.model_lora_keys_clip(clip, keys)
        loaded = comfy.lora.load_lora(lora, keys)
        m, c = model.clone(), clip.clone()
        used = {*m.add_patches(loaded, 0.8), *c.add_patches(loaded, 0.5)}
        assert used == set(loaded)
        return (m, c)


class Level3Encode:
    @classmethod
    def INPUT_TYPES(cls):
        return {"required": {"clip": ("CLIP",), "text": ("STRING", {}), "skip": ("INT", {})}}

    RETURN_TYPES = ("CONDITIONING", "CONDITIONING")
    FUNCTION = "encode"

    def encode(self, clip, text, skip):
        c = clip.clone()
        c.clip_layer(-skip)
        tokens = c.tokenize(text)
        cond, pooled = c.encode_from_tokens(tokens, return_pooled=True)
        numbered = c.tokenize(text, return_word_ids=True)
        again = c.encode_from_tokens(numbered, return_dict=True)
        assert torch.equal(again["cond"], cond) and clip.layer_idx is None
        return ([[cond, {"pooled_output": pooled}]], c.encode_from_tokens_scheduled(tokens))


class Level3Vae:
    @classmethod
    def INPUT_TYPES(cls):
        return {"required": {"vae": ("VAE",), "pixels": ("IMAGE",), "tiled": ("BOOLEAN", {})}}

    RETURN_TYPES = ("LATENT", "IMAGE")
    FUNCTION = "run"

    def run(self, vae, pixels, tiled):
        vae.throw_exception_if_invalid()
        assert pixels.shape[1] % vae.spacial_compression_encode() == 0
        cells = 64 // vae.downscale_ratio
        in_tiles = {"tile_x": 64, "tile_y": 64, "overlap": 0}
        latent = vae.encode_tiled(pixels, **in_tiles) if tiled else vae.encode(pixels)
        assert latent.shape[1] == vae.latent_channels
        in_tiles |= {"tile_x": cells, "tile_y": cells}
        image = vae.decode_tiled(latent, **in_tiles) if tiled else vae.decode(latent)
        return ({"samples": latent}, image)


class TwiceGuider(comfy.samplers.CFGGuider):
    """Guidance that sees the positive side twice as strong."""

    def predict_noise(self, x, timestep, model_options={}, seed=None):  # noqa: B006
        cond, uncond = comfy.samplers.calc_cond_batch(
            self.inner_model,
            [self.conds["positive"], self.conds["negative"]],
            x,
            timestep,
            model_options,
        )
        return uncond + (cond - uncond) * self.cfg * 2


class PlainGuider(comfy.samplers.CFGGuider):
    """Guidance as it is, by way of the function that packs call."""

    def predict_noise(self, x, timestep, model_options={}, seed=None):  # noqa: B006
        SEEN.append("predicted")
        return comfy.samplers.sampling_function(
            self.inner_model,
            x,
            timestep,
            self.conds["negative"],
            self.conds["positive"],
            self.cfg,
            model_options=model_options,
            seed=seed,
        )


class Level3Guider:
    @classmethod
    def INPUT_TYPES(cls):
        sides = {"positive": ("CONDITIONING",), "negative": ("CONDITIONING",)}
        return {
            "required": {"model": ("MODEL",), **sides, "cfg": ("FLOAT", {}), "twice": ("BOOLEAN",)}
        }

    RETURN_TYPES = ("GUIDER",)
    FUNCTION = "make"

    def make(self, model, positive, negative, cfg, twice):
        guider = (TwiceGuider if twice else PlainGuider)(model)
        guider.set_conds(positive, negative)
        guider.set_cfg(cfg)
        return (guider,)


@torch.no_grad()
def slow_euler(model, x, sigmas, extra_args=None, callback=None, disable=None, gain=1.0):
    s_in = x.new_ones([x.shape[0]])
    for i in range(len(sigmas) - 1):
        denoised = model(x, sigmas[i] * s_in, **(extra_args or {}))
        d = k_diffusion.to_d(x, sigmas[i] * s_in, denoised)
        if callback is not None:
            callback({"x": x, "i": i, "sigma": sigmas[i], "denoised": denoised})
        x = x + d * (sigmas[i + 1] - sigmas[i]) * gain
    return x


class Level3Sampler:
    @classmethod
    def INPUT_TYPES(cls):
        return {"required": {"which": ("STRING", {}), "gain": ("FLOAT", {"default": 1.0})}}

    RETURN_TYPES = ("SAMPLER",)
    FUNCTION = "make"

    def make(self, which, gain):
        if which == "own":
            return (comfy.samplers.KSAMPLER(slow_euler, {"gain": gain}),)
        return (comfy.samplers.KSAMPLER(getattr(k_diffusion, f"sample_{which}")),)


class ConstantNoise:
    seed = 7

    def generate_noise(self, input_latent):
        return torch.ones_like(input_latent["samples"])


class Level3Noise:
    @classmethod
    def INPUT_TYPES(cls):
        return {"required": {}, "optional": {"noise": ("NOISE",)}}

    RETURN_TYPES = ("NOISE",)
    FUNCTION = "make"

    def make(self, noise=None):
        if noise is None:
            return (ConstantNoise(),)
        made = noise.generate_noise({"samples": torch.zeros(1, 4, 2, 2)})
        assert made.shape == (1, 4, 2, 2) and noise.seed == 7
        return (noise,)


class Level3Look(_OnModel):
    """Looks at what is behind a model, and takes its own copy of the network apart."""

    RETURN_TYPES = ("STRING",)

    def patch(self, model, how):
        base, network = model.model, model.model.diffusion_model
        assert isinstance(base, comfy.model_base.BaseModel)
        x = torch.ones(1, 4, 4, 4)
        assert torch.allclose(base.process_latent_out(base.process_latent_in(x)), x)
        sigma = base.model_sampling.percent_to_sigma(0.5)
        assert base.model_sampling.sigma_min < sigma < base.model_sampling.sigma_max
        network.out = torch.nn.Identity()
        network.input_blocks[0].to(torch.float64)
        assert model.get_model_object("latent_format").scale_factor > 0
        seen = base.apply_model(
            torch.randn(1, 4, 8, 8),
            torch.tensor([1.0]),
            c_crossattn=torch.zeros(1, 77, base.model_config.unet_config["context_dim"]),
        )
        assert seen.shape == (1, 4, 8, 8) and model.model_size() > 1000
        return (f"{base.model_type.name} {len(network.input_blocks)}",)


NODE_CLASS_MAPPINGS = {
    cls.__name__: cls
    for cls in (
        Level3Model,
        Level3Merge,
        Level3Lora,
        Level3Encode,
        Level3Vae,
        Level3Guider,
        Level3Sampler,
        Level3Noise,
        Level3Look,
    )
}
