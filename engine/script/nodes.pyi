"""Written by tools/write_docs.py; change the code, not this file."""

from collections.abc import Mapping
from typing import Any, Literal

from .workflow import Link

class BOOLEAN: ...
class CLIP: ...
class CLIP_VISION: ...
class CLIP_VISION_OUTPUT: ...
class CONDITIONING: ...
class CONTROL_NET: ...
class FLOAT: ...
class FLOATS: ...
class GLIGEN: ...
class GUIDER: ...
class HOOKS: ...
class HOOK_KEYFRAMES: ...
class IMAGE: ...
class INT: ...
class IPADAPTER: ...
class LATENT: ...
class LATENT_OPERATION: ...
class LOOP: ...
class LORA_MODEL: ...
class MASK: ...
class MODEL: ...
class NOISE: ...
class SAMPLER: ...
class SIGMAS: ...
class STRING: ...
class TIMESTEPS_RANGE: ...
class UPSCALE_MODEL: ...
class VAE: ...

Scheduler = Literal["simple", "sgm_uniform", "karras", "exponential", "ddim_uniform", "beta", "normal", "linear_quadratic", "kl_optimal"]
Type = Literal["stable_diffusion", "stable_cascade", "sd3", "stable_audio", "mochi", "ltxv", "pixart", "cosmos", "lumina2", "wan", "hidream", "chroma", "ace", "omnigen2", "qwen_image", "hunyuan_image"]
Operation = Literal["+", "-", "*", "/", "smaller", "larger"]
Comparison = Literal["<", "<=", "==", "!=", ">=", ">"]
Type2 = Literal["sdxl", "sd3", "flux", "hunyuan_video", "hidream", "hunyuan_image"]
BlendMode = Literal["normal", "multiply", "screen", "overlay", "soft_light", "difference"]
Dither = Literal["none", "floyd-steinberg", "bayer-2", "bayer-4", "bayer-8", "bayer-16"]
UpscaleMethod = Literal["nearest-exact", "bilinear", "area", "bicubic", "lanczos"]
UpscaleMethod2 = Literal["area", "lanczos", "bilinear", "nearest-exact", "bilinear", "bicubic"]
SpacingColor = Literal["white", "black", "red", "green", "blue"]
SamplerName = Literal["euler", "euler_cfg_pp", "euler_ancestral", "euler_ancestral_cfg_pp", "heun", "heunpp2", "dpm_2", "dpm_2_ancestral", "lms", "dpm_fast", "dpm_adaptive", "dpmpp_2s_ancestral", "dpmpp_2s_ancestral_cfg_pp", "dpmpp_sde", "dpmpp_sde_gpu", "dpmpp_2m", "dpmpp_2m_cfg_pp", "dpmpp_2m_sde", "dpmpp_2m_sde_gpu", "dpmpp_2m_sde_heun", "dpmpp_2m_sde_heun_gpu", "dpmpp_3m_sde", "dpmpp_3m_sde_gpu", "ddpm", "lcm", "ipndm", "ipndm_v", "deis", "res_multistep", "res_multistep_cfg_pp", "res_multistep_ancestral", "res_multistep_ancestral_cfg_pp", "gradient_estimation", "gradient_estimation_cfg_pp", "er_sde", "seeds_2", "seeds_3", "sa_solver", "sa_solver_pece", "ddim", "uni_pc", "uni_pc_bh2", "exp_heun_2_x0", "exp_heun_2_x0_sde"]
Dim = Literal["x", "-x", "y", "-y", "t", "-t"]
UpscaleMethod3 = Literal["nearest-exact", "bilinear", "area", "bicubic", "bislerp"]
Operation2 = Literal["multiply", "add", "subtract", "and", "or", "xor"]
Sampling = Literal["v_prediction", "edm", "edm_playground_v2.5", "eps", "cosmos_rflow"]
Sampling2 = Literal["eps", "v_prediction", "lcm", "x0", "img_to_img"]
Operation3 = Literal["erode", "dilate", "open", "close", "gradient", "bottom_hat", "top_hat"]
DownscaleMethod = Literal["bicubic", "nearest-exact", "bilinear", "area", "bislerp"]
Mode = Literal["ADD", "CLEAR", "DARKEN", "DST", "DST_ATOP", "DST_IN", "DST_OUT", "DST_OVER", "LIGHTEN", "MULTIPLY", "OVERLAY", "SCREEN", "SRC", "SRC_ATOP", "SRC_IN", "SRC_OUT", "SRC_OVER", "XOR"]
Interpolation = Literal["area", "bicubic", "nearest-exact", "bilinear", "lanczos"]
UpscaleMethod4 = Literal["bislerp", "nearest-exact", "bilinear", "area", "bicubic"]
Type3 = Literal["auto", "openpose", "depth", "hed/pidi/scribble/ted", "canny/lineart/anime_lineart/mlsd", "normal", "segment", "tile", "repaint"]

def APG(
    *,
    model: Link[MODEL],
    eta: float | Link[FLOAT] | Link[INT] = ...,
    norm_threshold: float | Link[FLOAT] | Link[INT] = ...,
    momentum: float | Link[FLOAT] | Link[INT] = ...,
    _id: str = ...,
    _title: str = ...,
    _more: Mapping[str, Any] = ...,
) -> Link[MODEL]:
    """Guide without saturating: only across the picture that the model sees, not along it."""

def AddNoise(
    *,
    model: Link[MODEL],
    noise: Link[NOISE],
    sigmas: Link[SIGMAS],
    latent_image: Link[LATENT],
    _id: str = ...,
    _title: str = ...,
    _more: Mapping[str, Any] = ...,
) -> Link[LATENT]:
    """Add noise to a latent, as much as a run from the first to the last level would remove."""

def AlignYourStepsScheduler(
    *,
    model_type: Literal["SD1", "SDXL", "SVD"] | Link[Any] = ...,
    steps: int | Link[INT] = ...,
    denoise: float | Link[FLOAT] | Link[INT] = ...,
    _id: str = ...,
    _title: str = ...,
    _more: Mapping[str, Any] = ...,
) -> Link[SIGMAS]:
    """Levels that were optimised for a kind of model (Align Your Steps), best at 10 steps."""

def AutoencoderReport(
    *,
    vae: Link[VAE],
    pixels: Link[IMAGE],
    region: int | Link[INT] = ...,
    brightest: float | Link[FLOAT] | Link[INT] = ...,
    _id: str = ...,
    _title: str = ...,
    _more: Mapping[str, Any] = ...,
) -> tuple[Link[STRING], Link[IMAGE], Link[IMAGE], Link[FLOAT], Link[FLOAT]]:
    """Measure what an autoencoder loses: encode pictures, decode them, and compare."""

def AveragedWeightsLoader(
    *,
    ckpt_name: str | Link[Any],
    _id: str = ...,
    _title: str = ...,
    _more: Mapping[str, Any] = ...,
) -> Link[MODEL]:
    """Load a denoiser with the weights that its training averaged (EMA), if the file has them."""

def BasicGuider(
    *,
    model: Link[MODEL],
    conditioning: Link[CONDITIONING],
    _id: str = ...,
    _title: str = ...,
    _more: Mapping[str, Any] = ...,
) -> Link[GUIDER]:
    """Follow one conditioning as it is, without guidance."""

def BasicScheduler(
    *,
    model: Link[MODEL],
    scheduler: Scheduler | Link[Any] = ...,
    steps: int | Link[INT] = ...,
    denoise: float | Link[FLOAT] | Link[INT] = ...,
    _id: str = ...,
    _title: str = ...,
    _more: Mapping[str, Any] = ...,
) -> Link[SIGMAS]:
    """The noise levels of a scheduler, for a model."""

def BetaSamplingScheduler(
    *,
    model: Link[MODEL],
    steps: int | Link[INT] = ...,
    alpha: float | Link[FLOAT] | Link[INT] = ...,
    beta: float | Link[FLOAT] | Link[INT] = ...,
    _id: str = ...,
    _title: str = ...,
    _more: Mapping[str, Any] = ...,
) -> Link[SIGMAS]:
    """Levels at quantiles of a beta distribution."""

def CFGGuider(
    *,
    model: Link[MODEL],
    positive: Link[CONDITIONING],
    negative: Link[CONDITIONING],
    cfg: float | Link[FLOAT] | Link[INT] = ...,
    _id: str = ...,
    _title: str = ...,
    _more: Mapping[str, Any] = ...,
) -> Link[GUIDER]:
    """Follow one conditioning away from another."""

def CFGNorm(
    *,
    model: Link[MODEL],
    strength: float | Link[FLOAT] | Link[INT] = ...,
    _id: str = ...,
    _title: str = ...,
    _more: Mapping[str, Any] = ...,
) -> Link[MODEL]:
    """Let guidance lengthen no vector of the latent."""

def CFGZeroStar(
    *,
    model: Link[MODEL],
    _id: str = ...,
    _title: str = ...,
    _more: Mapping[str, Any] = ...,
) -> Link[MODEL]:
    """Guide away from the unguided direction at its best length (CFG-Zero*)."""

def CLIPAttentionMultiply(
    *,
    clip: Link[CLIP],
    q: float | Link[FLOAT] | Link[INT] = ...,
    k: float | Link[FLOAT] | Link[INT] = ...,
    v: float | Link[FLOAT] | Link[INT] = ...,
    out: float | Link[FLOAT] | Link[INT] = ...,
    _id: str = ...,
    _title: str = ...,
    _more: Mapping[str, Any] = ...,
) -> Link[CLIP]:
    """Multiply the weights of all attention of the text encoder."""

def CLIPLoader(
    *,
    clip_name: str | Link[Any],
    type: Type | Link[Any] = ...,
    device: Literal["default", "cpu"] | Link[Any] = ...,
    _id: str = ...,
    _title: str = ...,
    _more: Mapping[str, Any] = ...,
) -> Link[CLIP]:
    """Load a text encoder that is a file of its own: CLIP-L, OpenCLIP-H or OpenCLIP-bigG."""

def CLIPMergeAdd(
    *,
    clip1: Link[CLIP],
    clip2: Link[CLIP],
    _id: str = ...,
    _title: str = ...,
    _more: Mapping[str, Any] = ...,
) -> Link[CLIP]:
    """Add the weights of two text encoders, one of which is a difference."""

def CLIPMergeSimple(
    *,
    clip1: Link[CLIP],
    clip2: Link[CLIP],
    ratio: float | Link[FLOAT] | Link[INT] = ...,
    _id: str = ...,
    _title: str = ...,
    _more: Mapping[str, Any] = ...,
) -> Link[CLIP]:
    """Mix two text encoders."""

def CLIPMergeSubtract(
    *,
    clip1: Link[CLIP],
    clip2: Link[CLIP],
    multiplier: float | Link[FLOAT] | Link[INT] = ...,
    _id: str = ...,
    _title: str = ...,
    _more: Mapping[str, Any] = ...,
) -> Link[CLIP]:
    """The difference of two text encoders."""

def CLIPSave(
    *,
    clip: Link[CLIP],
    filename_prefix: str | Link[STRING] = ...,
    _id: str = ...,
    _title: str = ...,
    _more: Mapping[str, Any] = ...,
) -> None:
    """Save each text encoder as a file of its own, LoRAs and merges baked in."""

def CLIPSetLastLayer(
    *,
    clip: Link[CLIP],
    stop_at_clip_layer: int | Link[INT] = ...,
    _id: str = ...,
    _title: str = ...,
    _more: Mapping[str, Any] = ...,
) -> Link[CLIP]:
    """Take a text encoder's output before its last layers ('CLIP skip')."""

def CLIPTextEncode(
    *,
    clip: Link[CLIP],
    text: str | Link[STRING] = ...,
    _id: str = ...,
    _title: str = ...,
    _more: Mapping[str, Any] = ...,
) -> Link[CONDITIONING]:
    """Encode a prompt into the vectors that guide a sampler."""

def CLIPTextEncodeControlnet(
    *,
    clip: Link[CLIP],
    conditioning: Link[CONDITIONING],
    text: str | Link[STRING] = ...,
    _id: str = ...,
    _title: str = ...,
    _more: Mapping[str, Any] = ...,
) -> Link[CONDITIONING]:
    """Give the ControlNets of a prompt a text of their own."""

def CLIPTextEncodeSDXL(
    *,
    clip: Link[CLIP],
    width: int | Link[INT] = ...,
    height: int | Link[INT] = ...,
    crop_w: int | Link[INT] = ...,
    crop_h: int | Link[INT] = ...,
    target_width: int | Link[INT] = ...,
    target_height: int | Link[INT] = ...,
    text_g: str | Link[STRING] = ...,
    text_l: str | Link[STRING] = ...,
    _id: str = ...,
    _title: str = ...,
    _more: Mapping[str, Any] = ...,
) -> Link[CONDITIONING]:
    """Encode a prompt for SDXL, with the sizes that it was trained to be told."""

def CLIPTextEncodeSDXLRefiner(
    *,
    clip: Link[CLIP],
    ascore: float | Link[FLOAT] | Link[INT] = ...,
    width: int | Link[INT] = ...,
    height: int | Link[INT] = ...,
    text: str | Link[STRING] = ...,
    _id: str = ...,
    _title: str = ...,
    _more: Mapping[str, Any] = ...,
) -> Link[CONDITIONING]:
    """Encode a prompt for the SDXL refiner, with the score that it was trained to be told."""

def CLIPVisionEncode(
    *,
    clip_vision: Link[CLIP_VISION],
    image: Link[IMAGE],
    crop: Literal["center", "none"] | Link[Any] = ...,
    _id: str = ...,
    _title: str = ...,
    _more: Mapping[str, Any] = ...,
) -> Link[CLIP_VISION_OUTPUT]:
    """See pictures as CLIP does."""

def CLIPVisionLoader(
    *,
    clip_name: str | Link[Any],
    _id: str = ...,
    _title: str = ...,
    _more: Mapping[str, Any] = ...,
) -> Link[CLIP_VISION]:
    """Load an encoder that sees pictures as CLIP does."""

def CalculateNumber(
    *,
    a: float | Link[FLOAT] | Link[INT],
    operation: Operation | Link[Any] = ...,
    b: float | Link[FLOAT] | Link[INT] = ...,
    _id: str = ...,
    _title: str = ...,
    _more: Mapping[str, Any] = ...,
) -> tuple[Link[FLOAT], Link[INT]]:
    """Make one number of two, for the state of a loop."""

def Canny(
    *,
    image: Link[IMAGE],
    low_threshold: float | Link[FLOAT] | Link[INT] = ...,
    high_threshold: float | Link[FLOAT] | Link[INT] = ...,
    _id: str = ...,
    _title: str = ...,
    _more: Mapping[str, Any] = ...,
) -> Link[IMAGE]:
    """Draw the edges of pictures, white on black."""

def CaseConverter(
    *,
    string: str | Link[STRING] = ...,
    mode: Literal["UPPERCASE", "lowercase", "Capitalize", "Title Case"] | Link[Any] = ...,
    _id: str = ...,
    _title: str = ...,
    _more: Mapping[str, Any] = ...,
) -> Link[STRING]:
    """Write a text in large or small letters."""

def CheckpointLoader(
    *,
    config_name: str | Link[Any],
    ckpt_name: str | Link[Any],
    _id: str = ...,
    _title: str = ...,
    _more: Mapping[str, Any] = ...,
) -> tuple[Link[MODEL], Link[CLIP], Link[VAE]]:
    """Load a checkpoint, and believe a configuration about what its tensors do not tell."""

def CheckpointLoaderSimple(
    *,
    ckpt_name: str | Link[Any],
    _id: str = ...,
    _title: str = ...,
    _more: Mapping[str, Any] = ...,
) -> tuple[Link[MODEL], Link[CLIP], Link[VAE]]:
    """Load a denoiser, its text encoder and its autoencoder from one checkpoint file."""

def CheckpointSave(
    *,
    model: Link[MODEL],
    clip: Link[CLIP],
    vae: Link[VAE],
    filename_prefix: str | Link[STRING] = ...,
    _id: str = ...,
    _title: str = ...,
    _more: Mapping[str, Any] = ...,
) -> None:
    """Save denoiser, text encoder and autoencoder as one checkpoint, LoRAs and merges baked in."""

def ClassConditioning(
    *,
    clip: Link[CLIP],
    class_name: str | Link[STRING] = ...,
    _id: str = ...,
    _title: str = ...,
    _more: Mapping[str, Any] = ...,
) -> tuple[Link[CONDITIONING], Link[CONDITIONING]]:
    """Ask a class-conditional model for a class: of ImageNet, unless its file names others. The negative side is the class that stands for none, if the model has learned it."""

def CombineHooks2(
    *,
    hooks_A: Link[HOOKS] = ...,
    hooks_B: Link[HOOKS] = ...,
    _id: str = ...,
    _title: str = ...,
    _more: Mapping[str, Any] = ...,
) -> Link[HOOKS]:
    """Several hooks as one; what is among the earlier ones is not taken twice."""

def CombineHooks4(
    *,
    hooks_A: Link[HOOKS] = ...,
    hooks_B: Link[HOOKS] = ...,
    hooks_C: Link[HOOKS] = ...,
    hooks_D: Link[HOOKS] = ...,
    _id: str = ...,
    _title: str = ...,
    _more: Mapping[str, Any] = ...,
) -> Link[HOOKS]:
    """Several hooks as one; what is among the earlier ones is not taken twice."""

def CombineHooks8(
    *,
    hooks_A: Link[HOOKS] = ...,
    hooks_B: Link[HOOKS] = ...,
    hooks_C: Link[HOOKS] = ...,
    hooks_D: Link[HOOKS] = ...,
    hooks_E: Link[HOOKS] = ...,
    hooks_F: Link[HOOKS] = ...,
    hooks_G: Link[HOOKS] = ...,
    hooks_H: Link[HOOKS] = ...,
    _id: str = ...,
    _title: str = ...,
    _more: Mapping[str, Any] = ...,
) -> Link[HOOKS]:
    """Several hooks as one; what is among the earlier ones is not taken twice."""

def CompareNumbers(
    *,
    a: float | Link[FLOAT] | Link[INT],
    comparison: Comparison | Link[Any] = ...,
    b: float | Link[FLOAT] | Link[INT] = ...,
    _id: str = ...,
    _title: str = ...,
    _more: Mapping[str, Any] = ...,
) -> Link[BOOLEAN]:
    """Compare two numbers, for the condition of a While loop."""

def ConditioningAverage(
    *,
    conditioning_to: Link[CONDITIONING],
    conditioning_from: Link[CONDITIONING],
    conditioning_to_strength: float | Link[FLOAT] | Link[INT] = ...,
    _id: str = ...,
    _title: str = ...,
    _more: Mapping[str, Any] = ...,
) -> Link[CONDITIONING]:
    """Mix the vectors of two prompts."""

def ConditioningCombine(
    *,
    conditioning_1: Link[CONDITIONING],
    conditioning_2: Link[CONDITIONING],
    _id: str = ...,
    _title: str = ...,
    _more: Mapping[str, Any] = ...,
) -> Link[CONDITIONING]:
    """Follow two conditionings at once: what the model sees under each is averaged."""

def ConditioningConcat(
    *,
    conditioning_to: Link[CONDITIONING],
    conditioning_from: Link[CONDITIONING],
    _id: str = ...,
    _title: str = ...,
    _more: Mapping[str, Any] = ...,
) -> Link[CONDITIONING]:
    """Let the model read two prompts one behind the other."""

def ConditioningSetArea(
    *,
    conditioning: Link[CONDITIONING],
    width: int | Link[INT] = ...,
    height: int | Link[INT] = ...,
    x: int | Link[INT] = ...,
    y: int | Link[INT] = ...,
    strength: float | Link[FLOAT] | Link[INT] = ...,
    _id: str = ...,
    _title: str = ...,
    _more: Mapping[str, Any] = ...,
) -> Link[CONDITIONING]:
    """Let a prompt apply to a rectangle of the picture."""

def ConditioningSetAreaPercentage(
    *,
    conditioning: Link[CONDITIONING],
    width: float | Link[FLOAT] | Link[INT] = ...,
    height: float | Link[FLOAT] | Link[INT] = ...,
    x: float | Link[FLOAT] | Link[INT] = ...,
    y: float | Link[FLOAT] | Link[INT] = ...,
    strength: float | Link[FLOAT] | Link[INT] = ...,
    _id: str = ...,
    _title: str = ...,
    _more: Mapping[str, Any] = ...,
) -> Link[CONDITIONING]:
    """Let a prompt apply to a rectangle, in parts of the picture."""

def ConditioningSetAreaStrength(
    *,
    conditioning: Link[CONDITIONING],
    strength: float | Link[FLOAT] | Link[INT] = ...,
    _id: str = ...,
    _title: str = ...,
    _more: Mapping[str, Any] = ...,
) -> Link[CONDITIONING]:
    """Change how much a prompt counts."""

def ConditioningSetDefaultCombine(
    *,
    cond: Link[CONDITIONING],
    cond_DEFAULT: Link[CONDITIONING],
    hooks: Link[HOOKS] = ...,
    _id: str = ...,
    _title: str = ...,
    _more: Mapping[str, Any] = ...,
) -> Link[CONDITIONING]:
    """Add a condition that counts where the masks of the others leave something open."""

def ConditioningSetMask(
    *,
    conditioning: Link[CONDITIONING],
    mask: Link[MASK],
    strength: float | Link[FLOAT] | Link[INT] = ...,
    set_cond_area: Literal["default", "mask bounds"] | Link[Any] = ...,
    _id: str = ...,
    _title: str = ...,
    _more: Mapping[str, Any] = ...,
) -> Link[CONDITIONING]:
    """Let a prompt apply where a mask is white."""

def ConditioningSetProperties(
    *,
    cond_NEW: Link[CONDITIONING],
    strength: float | Link[FLOAT] | Link[INT] = ...,
    set_cond_area: Literal["default", "mask bounds"] | Link[Any] = ...,
    mask: Link[MASK] = ...,
    hooks: Link[HOOKS] = ...,
    timesteps: Link[TIMESTEPS_RANGE] = ...,
    _id: str = ...,
    _title: str = ...,
    _more: Mapping[str, Any] = ...,
) -> Link[CONDITIONING]:
    """Say where, when, how much and with which hooks a condition counts."""

def ConditioningSetPropertiesAndCombine(
    *,
    cond: Link[CONDITIONING],
    cond_NEW: Link[CONDITIONING],
    strength: float | Link[FLOAT] | Link[INT] = ...,
    set_cond_area: Literal["default", "mask bounds"] | Link[Any] = ...,
    mask: Link[MASK] = ...,
    hooks: Link[HOOKS] = ...,
    timesteps: Link[TIMESTEPS_RANGE] = ...,
    _id: str = ...,
    _title: str = ...,
    _more: Mapping[str, Any] = ...,
) -> Link[CONDITIONING]:
    """Say where, when, how much and with which hooks a condition counts beside another."""

def ConditioningSetTimestepRange(
    *,
    conditioning: Link[CONDITIONING],
    start: float | Link[FLOAT] | Link[INT] = ...,
    end: float | Link[FLOAT] | Link[INT] = ...,
    _id: str = ...,
    _title: str = ...,
    _more: Mapping[str, Any] = ...,
) -> Link[CONDITIONING]:
    """Let a prompt apply to a part of the run."""

def ConditioningTimestepsRange(
    *,
    start_percent: float | Link[FLOAT] | Link[INT] = ...,
    end_percent: float | Link[FLOAT] | Link[INT] = ...,
    _id: str = ...,
    _title: str = ...,
    _more: Mapping[str, Any] = ...,
) -> tuple[Link[TIMESTEPS_RANGE], Link[TIMESTEPS_RANGE], Link[TIMESTEPS_RANGE]]:
    """A part of the run, what comes before it and what comes behind it."""

def ConditioningZeroOut(
    *,
    conditioning: Link[CONDITIONING],
    _id: str = ...,
    _title: str = ...,
    _more: Mapping[str, Any] = ...,
) -> Link[CONDITIONING]:
    """Make a prompt say nothing at all, which is less than an empty prompt says."""

def ControlNetApply(
    *,
    conditioning: Link[CONDITIONING],
    control_net: Link[CONTROL_NET],
    image: Link[IMAGE],
    strength: float | Link[FLOAT] | Link[INT] = ...,
    _id: str = ...,
    _title: str = ...,
    _more: Mapping[str, Any] = ...,
) -> Link[CONDITIONING]:
    """Let a ControlNet steer both sides of the guidance through the positive prompt."""

def ControlNetApplyAdvanced(
    *,
    positive: Link[CONDITIONING],
    negative: Link[CONDITIONING],
    control_net: Link[CONTROL_NET],
    image: Link[IMAGE],
    strength: float | Link[FLOAT] | Link[INT] = ...,
    start_percent: float | Link[FLOAT] | Link[INT] = ...,
    end_percent: float | Link[FLOAT] | Link[INT] = ...,
    vae: Link[VAE] = ...,
    _id: str = ...,
    _title: str = ...,
    _more: Mapping[str, Any] = ...,
) -> tuple[Link[CONDITIONING], Link[CONDITIONING]]:
    """Let a ControlNet steer by a picture, during a part of the run. Several can be chained."""

def ControlNetApplyMasked(
    *,
    positive: Link[CONDITIONING],
    negative: Link[CONDITIONING],
    control_net: Link[CONTROL_NET],
    image: Link[IMAGE],
    mask: Link[MASK],
    strength: float | Link[FLOAT] | Link[INT] = ...,
    start_percent: float | Link[FLOAT] | Link[INT] = ...,
    end_percent: float | Link[FLOAT] | Link[INT] = ...,
    _id: str = ...,
    _title: str = ...,
    _more: Mapping[str, Any] = ...,
) -> tuple[Link[CONDITIONING], Link[CONDITIONING]]:
    """Let a ControlNet steer in a part of the picture only."""

def ControlNetApplySD3(
    *,
    positive: Link[CONDITIONING],
    negative: Link[CONDITIONING],
    control_net: Link[CONTROL_NET],
    vae: Link[VAE],
    image: Link[IMAGE],
    strength: float | Link[FLOAT] | Link[INT] = ...,
    start_percent: float | Link[FLOAT] | Link[INT] = ...,
    end_percent: float | Link[FLOAT] | Link[INT] = ...,
    _id: str = ...,
    _title: str = ...,
    _more: Mapping[str, Any] = ...,
) -> tuple[Link[CONDITIONING], Link[CONDITIONING]]:
    """Let a ControlNet steer by a picture; Apply ControlNet does the same."""

def ControlNetLLLiteApply(
    *,
    model: Link[MODEL],
    control_net_name: str | Link[Any],
    image: Link[IMAGE],
    strength: float | Link[FLOAT] | Link[INT] = ...,
    start_percent: float | Link[FLOAT] | Link[INT] = ...,
    end_percent: float | Link[FLOAT] | Link[INT] = ...,
    _id: str = ...,
    _title: str = ...,
    _more: Mapping[str, Any] = ...,
) -> Link[MODEL]:
    """Let a ControlNet-LLLite steer a model by a picture. Several can be chained."""

def ControlNetLoader(
    *,
    control_net_name: str | Link[Any],
    _id: str = ...,
    _title: str = ...,
    _more: Mapping[str, Any] = ...,
) -> Link[CONTROL_NET]:
    """Load a ControlNet, Control-LoRA or T2I-Adapter."""

def CreateHookKeyframe(
    *,
    strength_mult: float | Link[FLOAT] | Link[INT] = ...,
    start_percent: float | Link[FLOAT] | Link[INT] = ...,
    prev_hook_kf: Link[HOOK_KEYFRAMES] = ...,
    _id: str = ...,
    _title: str = ...,
    _more: Mapping[str, Any] = ...,
) -> Link[HOOK_KEYFRAMES]:
    """A strength that hooks have from some part of the run on."""

def CreateHookKeyframesFromFloats(
    *,
    floats_strength: Link[FLOATS] = ...,
    start_percent: float | Link[FLOAT] | Link[INT] = ...,
    end_percent: float | Link[FLOAT] | Link[INT] = ...,
    print_keyframes: bool | Link[BOOLEAN] = ...,
    prev_hook_kf: Link[HOOK_KEYFRAMES] = ...,
    _id: str = ...,
    _title: str = ...,
    _more: Mapping[str, Any] = ...,
) -> Link[HOOK_KEYFRAMES]:
    """Strengths from a list of numbers, evenly over a part of the run."""

def CreateHookKeyframesInterpolated(
    *,
    strength_start: float | Link[FLOAT] | Link[INT] = ...,
    strength_end: float | Link[FLOAT] | Link[INT] = ...,
    interpolation: Literal["linear", "ease_in", "ease_out", "ease_in_out"] | Link[Any] = ...,
    start_percent: float | Link[FLOAT] | Link[INT] = ...,
    end_percent: float | Link[FLOAT] | Link[INT] = ...,
    keyframes_count: int | Link[INT] = ...,
    print_keyframes: bool | Link[BOOLEAN] = ...,
    prev_hook_kf: Link[HOOK_KEYFRAMES] = ...,
    _id: str = ...,
    _title: str = ...,
    _more: Mapping[str, Any] = ...,
) -> Link[HOOK_KEYFRAMES]:
    """Strengths that go from one to another over a part of the run."""

def CreateHookLora(
    *,
    lora_name: str | Link[Any],
    strength_model: float | Link[FLOAT] | Link[INT] = ...,
    strength_clip: float | Link[FLOAT] | Link[INT] = ...,
    prev_hooks: Link[HOOKS] = ...,
    _id: str = ...,
    _title: str = ...,
    _more: Mapping[str, Any] = ...,
) -> Link[HOOKS]:
    """Let a LoRA apply to single conditions, or to a part of the run."""

def CreateHookLoraModelOnly(
    *,
    lora_name: str | Link[Any],
    strength_model: float | Link[FLOAT] | Link[INT] = ...,
    prev_hooks: Link[HOOKS] = ...,
    _id: str = ...,
    _title: str = ...,
    _more: Mapping[str, Any] = ...,
) -> Link[HOOKS]:
    """Let a LoRA apply to single conditions, and leave text encoders alone."""

def CreateHookModelAsLora(
    *,
    ckpt_name: str | Link[Any],
    strength_model: float | Link[FLOAT] | Link[INT] = ...,
    strength_clip: float | Link[FLOAT] | Link[INT] = ...,
    prev_hooks: Link[HOOKS] = ...,
    _id: str = ...,
    _title: str = ...,
    _more: Mapping[str, Any] = ...,
) -> Link[HOOKS]:
    """Let another checkpoint take the model's place for single conditions, in part or wholly."""

def CreateHookModelAsLoraModelOnly(
    *,
    ckpt_name: str | Link[Any],
    strength_model: float | Link[FLOAT] | Link[INT] = ...,
    prev_hooks: Link[HOOKS] = ...,
    _id: str = ...,
    _title: str = ...,
    _more: Mapping[str, Any] = ...,
) -> Link[HOOKS]:
    """Let another checkpoint's denoiser take the model's place for single conditions."""

def CropMask(
    *,
    mask: Link[MASK],
    x: int | Link[INT] = ...,
    y: int | Link[INT] = ...,
    width: int | Link[INT] = ...,
    height: int | Link[INT] = ...,
    _id: str = ...,
    _title: str = ...,
    _more: Mapping[str, Any] = ...,
) -> Link[MASK]:
    """Cut a rectangle out of a mask."""

def DepthConditioning(
    *,
    positive: Link[CONDITIONING],
    negative: Link[CONDITIONING],
    depth: Link[IMAGE],
    _id: str = ...,
    _title: str = ...,
    _more: Mapping[str, Any] = ...,
) -> tuple[Link[CONDITIONING], Link[CONDITIONING]]:
    """Show the depth model of SD 2 how near everything shall be."""

def DiffControlNetLoader(
    *,
    model: Link[MODEL],
    control_net_name: str | Link[Any],
    _id: str = ...,
    _title: str = ...,
    _more: Mapping[str, Any] = ...,
) -> Link[CONTROL_NET]:
    """Load a ControlNet that is stored as its difference to a model."""

def DifferentialDiffusion(
    *,
    model: Link[MODEL],
    strength: float | Link[FLOAT] | Link[INT] = ...,
    _id: str = ...,
    _title: str = ...,
    _more: Mapping[str, Any] = ...,
) -> Link[MODEL]:
    """Let the grey of a noise mask say how much each part may change."""

def DiffusersLoader(
    *,
    model_path: str | Link[Any],
    _id: str = ...,
    _title: str = ...,
    _more: Mapping[str, Any] = ...,
) -> tuple[Link[MODEL], Link[CLIP], Link[VAE]]:
    """Load the parts of a folder that diffusers saved."""

def DisableNoise(
    *,
    _id: str = ...,
    _title: str = ...,
    _more: Mapping[str, Any] = ...,
) -> Link[NOISE]:
    """No noise: for latents that are noisy already."""

def DualCFGGuider(
    *,
    model: Link[MODEL],
    cond1: Link[CONDITIONING],
    cond2: Link[CONDITIONING],
    negative: Link[CONDITIONING],
    cfg_conds: float | Link[FLOAT] | Link[INT] = ...,
    cfg_cond2_negative: float | Link[FLOAT] | Link[INT] = ...,
    style: Literal["regular", "nested"] | Link[Any] = ...,
    _id: str = ...,
    _title: str = ...,
    _more: Mapping[str, Any] = ...,
) -> Link[GUIDER]:
    """Follow a first conditioning away from a second, and that away from a negative one."""

def DualCLIPLoader(
    *,
    clip_name1: str | Link[Any],
    clip_name2: str | Link[Any],
    type: Type2 | Link[Any] = ...,
    device: Literal["default", "cpu"] | Link[Any] = ...,
    _id: str = ...,
    _title: str = ...,
    _more: Mapping[str, Any] = ...,
) -> Link[CLIP]:
    """Load the two text encoders of SDXL from a file each, in any order."""

def DynamicThresholding(
    *,
    model: Link[MODEL],
    percentile: float | Link[FLOAT] | Link[INT] = ...,
    _id: str = ...,
    _title: str = ...,
    _more: Mapping[str, Any] = ...,
) -> Link[MODEL]:
    """Clamp what strong guidance overdrives, and give it the range it would have without."""

def EasyCache(
    *,
    model: Link[MODEL],
    reuse_threshold: float | Link[FLOAT] | Link[INT] = ...,
    start_percent: float | Link[FLOAT] | Link[INT] = ...,
    end_percent: float | Link[FLOAT] | Link[INT] = ...,
    verbose: bool | Link[BOOLEAN] = ...,
    _id: str = ...,
    _title: str = ...,
    _more: Mapping[str, Any] = ...,
) -> Link[MODEL]:
    """Leave steps out while little changes: faster, slightly different. A run with it does not go on from a saved step after a crash, but starts again."""

def EmptyImage(
    *,
    width: int | Link[INT] = ...,
    height: int | Link[INT] = ...,
    batch_size: int | Link[INT] = ...,
    color: int | Link[INT] = ...,
    _id: str = ...,
    _title: str = ...,
    _more: Mapping[str, Any] = ...,
) -> Link[IMAGE]:
    """A picture of one colour."""

def EmptyLatentImage(
    *,
    width: int | Link[INT] = ...,
    height: int | Link[INT] = ...,
    batch_size: int | Link[INT] = ...,
    _id: str = ...,
    _title: str = ...,
    _more: Mapping[str, Any] = ...,
) -> Link[LATENT]:
    """An empty latent to start from."""

def EmptyModelLatent(
    *,
    model: Link[MODEL],
    width: int | Link[INT] = ...,
    height: int | Link[INT] = ...,
    batch_size: int | Link[INT] = ...,
    _id: str = ...,
    _title: str = ...,
    _more: Mapping[str, Any] = ...,
) -> Link[LATENT]:
    """Begin new pictures with a latent of the channels and cells that a model has."""

def EndLoop(
    *,
    loop: Link[LOOP],
    result: Any = ...,
    state1: Any = ...,
    state2: Any = ...,
    state3: Any = ...,
    state4: Any = ...,
    _id: str = ...,
    _title: str = ...,
    _more: Mapping[str, Any] = ...,
) -> tuple[Link[Any], Link[INT], Link[Any], Link[Any], Link[Any], Link[Any]]:
    """End a loop: collect what each iteration made, and give the last state. Iterations overlap unless a state makes one wait for the other. One whose result is blocked is left out of the list, without an error."""

def ExponentialScheduler(
    *,
    steps: int | Link[INT] = ...,
    sigma_max: float | Link[FLOAT] | Link[INT] = ...,
    sigma_min: float | Link[FLOAT] | Link[INT] = ...,
    _id: str = ...,
    _title: str = ...,
    _more: Mapping[str, Any] = ...,
) -> Link[SIGMAS]:
    """Levels at equal ratios."""

def ExtendIntermediateSigmas(
    *,
    sigmas: Link[SIGMAS],
    steps: int | Link[INT] = ...,
    start_at_sigma: float | Link[FLOAT] | Link[INT] = ...,
    end_at_sigma: float | Link[FLOAT] | Link[INT] = ...,
    spacing: Literal["linear", "cosine", "sine"] | Link[Any] = ...,
    _id: str = ...,
    _title: str = ...,
    _more: Mapping[str, Any] = ...,
) -> Link[SIGMAS]:
    """Cut some steps of a schedule into smaller ones."""

def FeatherMask(
    *,
    mask: Link[MASK],
    left: int | Link[INT] = ...,
    top: int | Link[INT] = ...,
    right: int | Link[INT] = ...,
    bottom: int | Link[INT] = ...,
    _id: str = ...,
    _title: str = ...,
    _more: Mapping[str, Any] = ...,
) -> Link[MASK]:
    """Let a mask fade at its sides."""

def FlipSigmas(
    *,
    sigmas: Link[SIGMAS],
    _id: str = ...,
    _title: str = ...,
    _more: Mapping[str, Any] = ...,
) -> Link[SIGMAS]:
    """Turn a schedule round, to lead a picture back to its noise."""

def ForEachEnd(
    *,
    loop: Link[LOOP],
    result: Any = ...,
    _id: str = ...,
    _title: str = ...,
    _more: Mapping[str, Any] = ...,
) -> tuple[Link[Any], Link[INT]]:
    """End a For Each loop and collect what each iteration made. Iterations do not depend on each other and may overlap. One whose result is blocked is left out of the list, without an error."""

def ForEachStart(
    *,
    items: Any,
    _id: str = ...,
    _title: str = ...,
    _more: Mapping[str, Any] = ...,
) -> tuple[Link[LOOP], Link[Any], Link[INT], Link[INT]]:
    """Begin a part of the graph that runs once for each item of a list."""

def FreSca(
    *,
    model: Link[MODEL],
    scale_low: float | Link[FLOAT] | Link[INT] = ...,
    scale_high: float | Link[FLOAT] | Link[INT] = ...,
    freq_cutoff: int | Link[INT] = ...,
    _id: str = ...,
    _title: str = ...,
    _more: Mapping[str, Any] = ...,
) -> Link[MODEL]:
    """Scale coarse and fine parts of the guidance apart."""

def FreeU(
    *,
    model: Link[MODEL],
    b1: float | Link[FLOAT] | Link[INT] = ...,
    b2: float | Link[FLOAT] | Link[INT] = ...,
    s1: float | Link[FLOAT] | Link[INT] = ...,
    s2: float | Link[FLOAT] | Link[INT] = ...,
    _id: str = ...,
    _title: str = ...,
    _more: Mapping[str, Any] = ...,
) -> Link[MODEL]:
    """Strengthen what the U-Net has understood against what it copies."""

def FreeU_V2(
    *,
    model: Link[MODEL],
    b1: float | Link[FLOAT] | Link[INT] = ...,
    b2: float | Link[FLOAT] | Link[INT] = ...,
    s1: float | Link[FLOAT] | Link[INT] = ...,
    s2: float | Link[FLOAT] | Link[INT] = ...,
    _id: str = ...,
    _title: str = ...,
    _more: Mapping[str, Any] = ...,
) -> Link[MODEL]:
    """FreeU whose gain follows the features themselves."""

def GITSScheduler(
    *,
    coeff: float | Link[FLOAT] | Link[INT] = ...,
    steps: int | Link[INT] = ...,
    denoise: float | Link[FLOAT] | Link[INT] = ...,
    _id: str = ...,
    _title: str = ...,
    _more: Mapping[str, Any] = ...,
) -> Link[SIGMAS]:
    """Levels that follow the bend of sampling trajectories, for few steps (GITS). The method is that of its authors, the trajectories are those of the embedded model: the levels differ from the tables of other programs, so pictures do too."""

def GLIGENLoader(
    *,
    gligen_name: str | Link[Any],
    _id: str = ...,
    _title: str = ...,
    _more: Mapping[str, Any] = ...,
) -> Link[GLIGEN]:
    """Load a GLIGEN, which puts phrases into boxes."""

def GLIGENTextBoxApply(
    *,
    conditioning_to: Link[CONDITIONING],
    clip: Link[CLIP],
    gligen_textbox_model: Link[GLIGEN],
    text: str | Link[STRING] = ...,
    width: int | Link[INT] = ...,
    height: int | Link[INT] = ...,
    x: int | Link[INT] = ...,
    y: int | Link[INT] = ...,
    _id: str = ...,
    _title: str = ...,
    _more: Mapping[str, Any] = ...,
) -> Link[CONDITIONING]:
    """Draw something in a box of the picture."""

def GetImageSize(
    *,
    image: Link[IMAGE],
    _id: str = ...,
    _title: str = ...,
    _more: Mapping[str, Any] = ...,
) -> tuple[Link[INT], Link[INT], Link[INT]]:
    """Width and height of pictures in pixels, and how many there are."""

def GrowMask(
    *,
    mask: Link[MASK],
    expand: int | Link[INT] = ...,
    tapered_corners: bool | Link[BOOLEAN] = ...,
    _id: str = ...,
    _title: str = ...,
    _more: Mapping[str, Any] = ...,
) -> Link[MASK]:
    """Let the white of a mask grow or shrink."""

def HyperTile(
    *,
    model: Link[MODEL],
    tile_size: int | Link[INT] = ...,
    swap_size: int | Link[INT] = ...,
    max_depth: int | Link[INT] = ...,
    scale_depth: bool | Link[BOOLEAN] = ...,
    _id: str = ...,
    _title: str = ...,
    _more: Mapping[str, Any] = ...,
) -> Link[MODEL]:
    """Let self-attention look only within tiles: faster for large pictures."""

def HypernetworkLoader(
    *,
    model: Link[MODEL],
    hypernetwork_name: str | Link[Any],
    strength: float | Link[FLOAT] | Link[INT] = ...,
    _id: str = ...,
    _title: str = ...,
    _more: Mapping[str, Any] = ...,
) -> Link[MODEL]:
    """Change what a model's attentions look at by a hypernetwork."""

def IPAdapterApply(
    *,
    model: Link[MODEL],
    ipadapter: Link[IPADAPTER],
    clip_vision: Link[CLIP_VISION],
    image: Link[IMAGE],
    weight: float | Link[FLOAT] | Link[INT] = ...,
    start_percent: float | Link[FLOAT] | Link[INT] = ...,
    end_percent: float | Link[FLOAT] | Link[INT] = ...,
    images: Literal["together", "one each"] | Link[Any] = ...,
    mask: Link[MASK] = ...,
    _id: str = ...,
    _title: str = ...,
    _more: Mapping[str, Any] = ...,
) -> Link[MODEL]:
    """Let a model read pictures as it reads a prompt. Several can be chained."""

def IPAdapterLoader(
    *,
    ipadapter_file: str | Link[Any],
    _id: str = ...,
    _title: str = ...,
    _more: Mapping[str, Any] = ...,
) -> Link[IPADAPTER]:
    """Load an IP-Adapter for SD 1.x or SDXL (plain, plus or full-face)."""

def ImageAddNoise(
    *,
    image: Link[IMAGE],
    seed: int | Link[INT] = ...,
    strength: float | Link[FLOAT] | Link[INT] = ...,
    _id: str = ...,
    _title: str = ...,
    _more: Mapping[str, Any] = ...,
) -> Link[IMAGE]:
    """Add Gaussian noise to pictures."""

def ImageBatch(
    *,
    image1: Link[IMAGE],
    image2: Link[IMAGE],
    _id: str = ...,
    _title: str = ...,
    _more: Mapping[str, Any] = ...,
) -> Link[IMAGE]:
    """Put two batches of pictures together."""

def ImageBlend(
    *,
    image1: Link[IMAGE],
    image2: Link[IMAGE],
    blend_factor: float | Link[FLOAT] | Link[INT] = ...,
    blend_mode: BlendMode | Link[Any] = ...,
    _id: str = ...,
    _title: str = ...,
    _more: Mapping[str, Any] = ...,
) -> Link[IMAGE]:
    """Mix two pictures."""

def ImageBlur(
    *,
    image: Link[IMAGE],
    blur_radius: int | Link[INT] = ...,
    sigma: float | Link[FLOAT] | Link[INT] = ...,
    _id: str = ...,
    _title: str = ...,
    _more: Mapping[str, Any] = ...,
) -> Link[IMAGE]:
    """Blur pictures."""

def ImageColorToMask(
    *,
    image: Link[IMAGE],
    color: int | Link[INT] = ...,
    _id: str = ...,
    _title: str = ...,
    _more: Mapping[str, Any] = ...,
) -> Link[MASK]:
    """White where a picture has exactly one colour."""

def ImageCompare(
    *,
    image_a: Link[IMAGE] = ...,
    image_b: Link[IMAGE] = ...,
    _id: str = ...,
    _title: str = ...,
    _more: Mapping[str, Any] = ...,
) -> None:
    """Lay two pictures over each other on the node, with a line to drag between them."""

def ImageCompositeMasked(
    *,
    destination: Link[IMAGE],
    source: Link[IMAGE],
    x: int | Link[INT] = ...,
    y: int | Link[INT] = ...,
    resize_source: bool | Link[BOOLEAN] = ...,
    mask: Link[MASK] = ...,
    _id: str = ...,
    _title: str = ...,
    _more: Mapping[str, Any] = ...,
) -> Link[IMAGE]:
    """Lay one picture onto another."""

def ImageCrop(
    *,
    image: Link[IMAGE],
    width: int | Link[INT] = ...,
    height: int | Link[INT] = ...,
    x: int | Link[INT] = ...,
    y: int | Link[INT] = ...,
    _id: str = ...,
    _title: str = ...,
    _more: Mapping[str, Any] = ...,
) -> Link[IMAGE]:
    """Cut a rectangle out of pictures, as far as it lies inside."""

def ImageFlip(
    *,
    image: Link[IMAGE],
    flip_method: Literal["x-axis: vertically", "y-axis: horizontally"] | Link[Any] = ...,
    _id: str = ...,
    _title: str = ...,
    _more: Mapping[str, Any] = ...,
) -> Link[IMAGE]:
    """Mirror pictures."""

def ImageFromBatch(
    *,
    image: Link[IMAGE],
    batch_index: int | Link[INT] = ...,
    length: int | Link[INT] = ...,
    _id: str = ...,
    _title: str = ...,
    _more: Mapping[str, Any] = ...,
) -> Link[IMAGE]:
    """Take pictures out of a batch."""

def ImageInvert(
    *,
    image: Link[IMAGE],
    _id: str = ...,
    _title: str = ...,
    _more: Mapping[str, Any] = ...,
) -> Link[IMAGE]:
    """Turn light into dark and colours into their opposites."""

def ImagePadForOutpaint(
    *,
    image: Link[IMAGE],
    left: int | Link[INT] = ...,
    top: int | Link[INT] = ...,
    right: int | Link[INT] = ...,
    bottom: int | Link[INT] = ...,
    feathering: int | Link[INT] = ...,
    _id: str = ...,
    _title: str = ...,
    _more: Mapping[str, Any] = ...,
) -> tuple[Link[IMAGE], Link[MASK]]:
    """Make room around a picture, and a mask of what is to be painted."""

def ImageQuantize(
    *,
    image: Link[IMAGE],
    colors: int | Link[INT] = ...,
    dither: Dither | Link[Any] = ...,
    _id: str = ...,
    _title: str = ...,
    _more: Mapping[str, Any] = ...,
) -> Link[IMAGE]:
    """Leave a few colours to pictures, as in GIF files."""

def ImageRGBToYUV(
    *,
    image: Link[IMAGE],
    _id: str = ...,
    _title: str = ...,
    _more: Mapping[str, Any] = ...,
) -> tuple[Link[IMAGE], Link[IMAGE], Link[IMAGE]]:
    """Split pictures into brightness and two pictures of colour, as JPEG files do."""

def ImageRotate(
    *,
    image: Link[IMAGE],
    rotation: Literal["none", "90 degrees", "180 degrees", "270 degrees"] | Link[Any] = ...,
    _id: str = ...,
    _title: str = ...,
    _more: Mapping[str, Any] = ...,
) -> Link[IMAGE]:
    """Turn pictures clockwise."""

def ImageScale(
    *,
    image: Link[IMAGE],
    upscale_method: UpscaleMethod | Link[Any] = ...,
    width: int | Link[INT] = ...,
    height: int | Link[INT] = ...,
    crop: Literal["disabled", "center"] | Link[Any] = ...,
    _id: str = ...,
    _title: str = ...,
    _more: Mapping[str, Any] = ...,
) -> Link[IMAGE]:
    """Resize pictures."""

def ImageScaleBy(
    *,
    image: Link[IMAGE],
    upscale_method: UpscaleMethod | Link[Any] = ...,
    scale_by: float | Link[FLOAT] | Link[INT] = ...,
    _id: str = ...,
    _title: str = ...,
    _more: Mapping[str, Any] = ...,
) -> Link[IMAGE]:
    """Make pictures so many times larger."""

def ImageScaleToMaxDimension(
    *,
    image: Link[IMAGE],
    upscale_method: UpscaleMethod2 | Link[Any] = ...,
    largest_size: int | Link[INT] = ...,
    _id: str = ...,
    _title: str = ...,
    _more: Mapping[str, Any] = ...,
) -> Link[IMAGE]:
    """Resize pictures so that their longer side has a length."""

def ImageScaleToTotalPixels(
    *,
    image: Link[IMAGE],
    upscale_method: UpscaleMethod | Link[Any] = ...,
    megapixels: float | Link[FLOAT] | Link[INT] = ...,
    _id: str = ...,
    _title: str = ...,
    _more: Mapping[str, Any] = ...,
) -> Link[IMAGE]:
    """Give pictures so many pixels, in their proportion."""

def ImageSharpen(
    *,
    image: Link[IMAGE],
    sharpen_radius: int | Link[INT] = ...,
    sigma: float | Link[FLOAT] | Link[INT] = ...,
    alpha: float | Link[FLOAT] | Link[INT] = ...,
    _id: str = ...,
    _title: str = ...,
    _more: Mapping[str, Any] = ...,
) -> Link[IMAGE]:
    """Sharpen pictures."""

def ImageStitch(
    *,
    image1: Link[IMAGE],
    direction: Literal["right", "down", "left", "up"] | Link[Any] = ...,
    match_image_size: bool | Link[BOOLEAN] = ...,
    spacing_width: int | Link[INT] = ...,
    spacing_color: SpacingColor | Link[Any] = ...,
    image2: Link[IMAGE] = ...,
    _id: str = ...,
    _title: str = ...,
    _more: Mapping[str, Any] = ...,
) -> Link[IMAGE]:
    """Put two pictures side by side."""

def ImageToMask(
    *,
    image: Link[IMAGE],
    channel: Literal["red", "green", "blue", "alpha"] | Link[Any] = ...,
    _id: str = ...,
    _title: str = ...,
    _more: Mapping[str, Any] = ...,
) -> Link[MASK]:
    """Take one channel of a picture as a mask."""

def ImageUpscaleWithModel(
    *,
    upscale_model: Link[UPSCALE_MODEL],
    image: Link[IMAGE],
    _id: str = ...,
    _title: str = ...,
    _more: Mapping[str, Any] = ...,
) -> Link[IMAGE]:
    """Make pictures larger by a network that adds detail."""

def ImageYUVToRGB(
    *,
    Y: Link[IMAGE],
    U: Link[IMAGE],
    V: Link[IMAGE],
    _id: str = ...,
    _title: str = ...,
    _more: Mapping[str, Any] = ...,
) -> Link[IMAGE]:
    """Put brightness and colour together again."""

def InpaintHint(
    *,
    image: Link[IMAGE],
    mask: Link[MASK],
    _id: str = ...,
    _title: str = ...,
    _more: Mapping[str, Any] = ...,
) -> Link[IMAGE]:
    """Mark what is missing in pictures, for ControlNets that fill it. What is missing becomes -1, which other nodes show as black."""

def InpaintModelConditioning(
    *,
    positive: Link[CONDITIONING],
    negative: Link[CONDITIONING],
    vae: Link[VAE],
    pixels: Link[IMAGE],
    mask: Link[MASK],
    noise_mask: bool | Link[BOOLEAN] = ...,
    _id: str = ...,
    _title: str = ...,
    _more: Mapping[str, Any] = ...,
) -> tuple[Link[CONDITIONING], Link[CONDITIONING], Link[LATENT]]:
    """Show an inpainting model the picture around, and where to paint."""

def InstructPixToPixConditioning(
    *,
    positive: Link[CONDITIONING],
    negative: Link[CONDITIONING],
    vae: Link[VAE],
    pixels: Link[IMAGE],
    _id: str = ...,
    _title: str = ...,
    _more: Mapping[str, Any] = ...,
) -> tuple[Link[CONDITIONING], Link[CONDITIONING], Link[LATENT]]:
    """Show an editing model the picture that it shall edit."""

def InvertMask(
    *,
    mask: Link[MASK],
    _id: str = ...,
    _title: str = ...,
    _more: Mapping[str, Any] = ...,
) -> Link[MASK]:
    """Exchange black and white."""

def JoinImageWithAlpha(
    *,
    image: Link[IMAGE],
    alpha: Link[MASK],
    _id: str = ...,
    _title: str = ...,
    _more: Mapping[str, Any] = ...,
) -> Link[IMAGE]:
    """Give a picture transparency."""

def KSampler(
    *,
    model: Link[MODEL],
    positive: Link[CONDITIONING],
    negative: Link[CONDITIONING],
    latent_image: Link[LATENT],
    seed: int | Link[INT] = ...,
    steps: int | Link[INT] = ...,
    cfg: float | Link[FLOAT] | Link[INT] = ...,
    sampler_name: SamplerName | Link[Any] = ...,
    scheduler: Scheduler | Link[Any] = ...,
    denoise: float | Link[FLOAT] | Link[INT] = ...,
    _id: str = ...,
    _title: str = ...,
    _more: Mapping[str, Any] = ...,
) -> Link[LATENT]:
    """Denoise a latent under the guidance of two prompts."""

def KSamplerAdvanced(
    *,
    model: Link[MODEL],
    positive: Link[CONDITIONING],
    negative: Link[CONDITIONING],
    latent_image: Link[LATENT],
    add_noise: Literal["enable", "disable"] | Link[Any] = ...,
    noise_seed: int | Link[INT] = ...,
    steps: int | Link[INT] = ...,
    cfg: float | Link[FLOAT] | Link[INT] = ...,
    sampler_name: SamplerName | Link[Any] = ...,
    scheduler: Scheduler | Link[Any] = ...,
    start_at_step: int | Link[INT] = ...,
    end_at_step: int | Link[INT] = ...,
    return_with_leftover_noise: Literal["disable", "enable"] | Link[Any] = ...,
    _id: str = ...,
    _title: str = ...,
    _more: Mapping[str, Any] = ...,
) -> Link[LATENT]:
    """Take some of the steps of a schedule, so that several samplers can share one."""

def KSamplerSelect(
    *,
    sampler_name: SamplerName | Link[Any] = ...,
    _id: str = ...,
    _title: str = ...,
    _more: Mapping[str, Any] = ...,
) -> Link[SAMPLER]:
    """A sampler by its name."""

def KarrasScheduler(
    *,
    steps: int | Link[INT] = ...,
    sigma_max: float | Link[FLOAT] | Link[INT] = ...,
    sigma_min: float | Link[FLOAT] | Link[INT] = ...,
    rho: float | Link[FLOAT] | Link[INT] = ...,
    _id: str = ...,
    _title: str = ...,
    _more: Mapping[str, Any] = ...,
) -> Link[SIGMAS]:
    """Levels that crowd where there is little noise (Karras et al. 2022)."""

def LTXVScheduler(
    *,
    steps: int | Link[INT] = ...,
    max_shift: float | Link[FLOAT] | Link[INT] = ...,
    base_shift: float | Link[FLOAT] | Link[INT] = ...,
    stretch: bool | Link[BOOLEAN] = ...,
    terminal: float | Link[FLOAT] | Link[INT] = ...,
    latent: Link[LATENT] = ...,
    _id: str = ...,
    _title: str = ...,
    _more: Mapping[str, Any] = ...,
) -> Link[SIGMAS]:
    """Levels of a flow that stay high for longer, the larger the latent."""

def LaplaceScheduler(
    *,
    steps: int | Link[INT] = ...,
    sigma_max: float | Link[FLOAT] | Link[INT] = ...,
    sigma_min: float | Link[FLOAT] | Link[INT] = ...,
    mu: float | Link[FLOAT] | Link[INT] = ...,
    beta: float | Link[FLOAT] | Link[INT] = ...,
    _id: str = ...,
    _title: str = ...,
    _more: Mapping[str, Any] = ...,
) -> Link[SIGMAS]:
    """Levels that crowd around one of them."""

def LatentAdd(
    *,
    samples1: Link[LATENT],
    samples2: Link[LATENT],
    _id: str = ...,
    _title: str = ...,
    _more: Mapping[str, Any] = ...,
) -> Link[LATENT]:
    """Add latents."""

def LatentApplyOperation(
    *,
    samples: Link[LATENT],
    operation: Link[LATENT_OPERATION],
    _id: str = ...,
    _title: str = ...,
    _more: Mapping[str, Any] = ...,
) -> Link[LATENT]:
    """Apply an operation to latents."""

def LatentApplyOperationCFG(
    *,
    model: Link[MODEL],
    operation: Link[LATENT_OPERATION],
    _id: str = ...,
    _title: str = ...,
    _more: Mapping[str, Any] = ...,
) -> Link[MODEL]:
    """Apply an operation to what guidance adds, at each step."""

def LatentBatch(
    *,
    samples1: Link[LATENT],
    samples2: Link[LATENT],
    _id: str = ...,
    _title: str = ...,
    _more: Mapping[str, Any] = ...,
) -> Link[LATENT]:
    """Put two batches of latents together; each keeps its noise."""

def LatentBatchSeedBehavior(
    *,
    samples: Link[LATENT],
    seed_behavior: Literal["random", "fixed"] | Link[Any] = ...,
    _id: str = ...,
    _title: str = ...,
    _more: Mapping[str, Any] = ...,
) -> Link[LATENT]:
    """Choose whether all latents of a batch get the same noise."""

def LatentBlend(
    *,
    samples1: Link[LATENT],
    samples2: Link[LATENT],
    blend_factor: float | Link[FLOAT] | Link[INT] = ...,
    _id: str = ...,
    _title: str = ...,
    _more: Mapping[str, Any] = ...,
) -> Link[LATENT]:
    """Mix two latents."""

def LatentComposite(
    *,
    samples_to: Link[LATENT],
    samples_from: Link[LATENT],
    x: int | Link[INT] = ...,
    y: int | Link[INT] = ...,
    feather: int | Link[INT] = ...,
    _id: str = ...,
    _title: str = ...,
    _more: Mapping[str, Any] = ...,
) -> Link[LATENT]:
    """Lay one latent onto another."""

def LatentCompositeMasked(
    *,
    destination: Link[LATENT],
    source: Link[LATENT],
    x: int | Link[INT] = ...,
    y: int | Link[INT] = ...,
    resize_source: bool | Link[BOOLEAN] = ...,
    mask: Link[MASK] = ...,
    _id: str = ...,
    _title: str = ...,
    _more: Mapping[str, Any] = ...,
) -> Link[LATENT]:
    """Lay one latent onto another, through a mask."""

def LatentConcat(
    *,
    samples1: Link[LATENT],
    samples2: Link[LATENT],
    dim: Dim | Link[Any] = ...,
    _id: str = ...,
    _title: str = ...,
    _more: Mapping[str, Any] = ...,
) -> Link[LATENT]:
    """Put two latents side by side."""

def LatentCrop(
    *,
    samples: Link[LATENT],
    width: int | Link[INT] = ...,
    height: int | Link[INT] = ...,
    x: int | Link[INT] = ...,
    y: int | Link[INT] = ...,
    _id: str = ...,
    _title: str = ...,
    _more: Mapping[str, Any] = ...,
) -> Link[LATENT]:
    """Cut a rectangle out of latents, as far as it lies inside; a noise mask stays as it is."""

def LatentCut(
    *,
    samples: Link[LATENT],
    dim: Literal["x", "y", "t"] | Link[Any] = ...,
    index: int | Link[INT] = ...,
    amount: int | Link[INT] = ...,
    _id: str = ...,
    _title: str = ...,
    _more: Mapping[str, Any] = ...,
) -> Link[LATENT]:
    """Cut a stripe out of latents."""

def LatentFlip(
    *,
    samples: Link[LATENT],
    flip_method: Literal["x-axis: vertically", "y-axis: horizontally"] | Link[Any] = ...,
    _id: str = ...,
    _title: str = ...,
    _more: Mapping[str, Any] = ...,
) -> Link[LATENT]:
    """Mirror latents; a noise mask stays as it is."""

def LatentFromBatch(
    *,
    samples: Link[LATENT],
    batch_index: int | Link[INT] = ...,
    length: int | Link[INT] = ...,
    _id: str = ...,
    _title: str = ...,
    _more: Mapping[str, Any] = ...,
) -> Link[LATENT]:
    """Take latents out of a batch; they are sampled as they would be in it."""

def LatentInpainting(
    *,
    vae: Link[VAE],
    pixels: Link[IMAGE],
    mask: Link[MASK],
    _id: str = ...,
    _title: str = ...,
    _more: Mapping[str, Any] = ...,
) -> tuple[Link[CONDITIONING], Link[CONDITIONING], Link[LATENT], Link[IMAGE], Link[MASK]]:
    """Show the paper's inpainting model what surrounds a mask; use cfg 1. It paints the whole picture anew: lay what it made over the image that this node gives, under the mask that it gives, by ImageCompositeMasked, as the paper does."""

def LatentInterpolate(
    *,
    samples1: Link[LATENT],
    samples2: Link[LATENT],
    ratio: float | Link[FLOAT] | Link[INT] = ...,
    _id: str = ...,
    _title: str = ...,
    _more: Mapping[str, Any] = ...,
) -> Link[LATENT]:
    """Go from one latent to another without the loss of contrast that mixing brings."""

def LatentMultiply(
    *,
    samples: Link[LATENT],
    multiplier: float | Link[FLOAT] | Link[INT] = ...,
    _id: str = ...,
    _title: str = ...,
    _more: Mapping[str, Any] = ...,
) -> Link[LATENT]:
    """Multiply latents by a number."""

def LatentOperationSharpen(
    *,
    sharpen_radius: int | Link[INT] = ...,
    sigma: float | Link[FLOAT] | Link[INT] = ...,
    alpha: float | Link[FLOAT] | Link[INT] = ...,
    _id: str = ...,
    _title: str = ...,
    _more: Mapping[str, Any] = ...,
) -> Link[LATENT_OPERATION]:
    """An operation that sharpens."""

def LatentOperationTonemapReinhard(
    *,
    multiplier: float | Link[FLOAT] | Link[INT] = ...,
    _id: str = ...,
    _title: str = ...,
    _more: Mapping[str, Any] = ...,
) -> Link[LATENT_OPERATION]:
    """An operation that tames strong values, as high guidance makes them."""

def LatentRotate(
    *,
    samples: Link[LATENT],
    rotation: Literal["none", "90 degrees", "180 degrees", "270 degrees"] | Link[Any] = ...,
    _id: str = ...,
    _title: str = ...,
    _more: Mapping[str, Any] = ...,
) -> Link[LATENT]:
    """Turn latents clockwise; a noise mask stays as it is."""

def LatentSubtract(
    *,
    samples1: Link[LATENT],
    samples2: Link[LATENT],
    _id: str = ...,
    _title: str = ...,
    _more: Mapping[str, Any] = ...,
) -> Link[LATENT]:
    """Subtract the second latent from the first."""

def LatentSuperResolution(
    *,
    images: Link[IMAGE],
    _id: str = ...,
    _title: str = ...,
    _more: Mapping[str, Any] = ...,
) -> tuple[Link[CONDITIONING], Link[CONDITIONING], Link[LATENT]]:
    """Show a super-resolution model small pictures, which it makes four times as large. A pixel becomes a cell of the latent, which its autoencoder decodes to 4 x 4; use cfg 1."""

def LatentUpscale(
    *,
    samples: Link[LATENT],
    upscale_method: UpscaleMethod3 | Link[Any] = ...,
    width: int | Link[INT] = ...,
    height: int | Link[INT] = ...,
    crop: Literal["disabled", "center"] | Link[Any] = ...,
    _id: str = ...,
    _title: str = ...,
    _more: Mapping[str, Any] = ...,
) -> Link[LATENT]:
    """Resize a latent."""

def LatentUpscaleBy(
    *,
    samples: Link[LATENT],
    upscale_method: UpscaleMethod3 | Link[Any] = ...,
    scale_by: float | Link[FLOAT] | Link[INT] = ...,
    _id: str = ...,
    _title: str = ...,
    _more: Mapping[str, Any] = ...,
) -> Link[LATENT]:
    """Make latents so many times larger."""

def LayoutConditioning(
    *,
    clip: Link[CLIP],
    boxes: str | Link[STRING] = ...,
    _id: str = ...,
    _title: str = ...,
    _more: Mapping[str, Any] = ...,
) -> tuple[Link[CONDITIONING], Link[CONDITIONING]]:
    """Tell a layout-to-image model which objects shall be where. The negative side is a picture without objects. The published model was trained without guidance, so use cfg 1 with it; one that has learned the layout without objects gains by cfg 2 to 3."""

def LazyCache(
    *,
    model: Link[MODEL],
    reuse_threshold: float | Link[FLOAT] | Link[INT] = ...,
    start_percent: float | Link[FLOAT] | Link[INT] = ...,
    end_percent: float | Link[FLOAT] | Link[INT] = ...,
    verbose: bool | Link[BOOLEAN] = ...,
    _id: str = ...,
    _title: str = ...,
    _more: Mapping[str, Any] = ...,
) -> Link[MODEL]:
    """Leave whole steps out while little changes: rougher than EasyCache, fits everything. It looks at what the sampler sees, not into the network, and lets the way go on straight. A run with it does not go on from a saved step after a crash, but starts again."""

def LineartHint(
    *,
    image: Link[IMAGE],
    sigma: float | Link[FLOAT] | Link[INT] = ...,
    threshold: float | Link[FLOAT] | Link[INT] = ...,
    _id: str = ...,
    _title: str = ...,
    _more: Mapping[str, Any] = ...,
) -> Link[IMAGE]:
    """Draw what is darker than its surroundings, white on black."""

def LoadImage(
    *,
    image: str | Link[Any],
    _id: str = ...,
    _title: str = ...,
    _more: Mapping[str, Any] = ...,
) -> tuple[Link[IMAGE], Link[MASK]]:
    """Load a picture and its transparency."""

def LoadImageMask(
    *,
    image: str | Link[Any],
    channel: Literal["alpha", "red", "green", "blue"] | Link[Any] = ...,
    _id: str = ...,
    _title: str = ...,
    _more: Mapping[str, Any] = ...,
) -> Link[MASK]:
    """Load one channel of a picture as a mask."""

def LoadImageOutput(
    *,
    image: str | Link[Any],
    _id: str = ...,
    _title: str = ...,
    _more: Mapping[str, Any] = ...,
) -> tuple[Link[IMAGE], Link[MASK]]:
    """Load a picture of the output folder, such as an earlier result."""

def LoadLatent(
    *,
    latent: str | Link[Any],
    _id: str = ...,
    _title: str = ...,
    _more: Mapping[str, Any] = ...,
) -> Link[LATENT]:
    """Load a latent that was saved."""

def LoopItem(
    *,
    loop: Link[LOOP],
    number: int | Link[INT] = ...,
    _id: str = ...,
    _title: str = ...,
    _more: Mapping[str, Any] = ...,
) -> Link[Any]:
    """Made by loops for an item that has no content to name it by, such as a model."""

def LoopProgress(
    *,
    done: Any,
    value: int | Link[INT] = ...,
    total: int | Link[INT] = ...,
    _id: str = ...,
    _title: str = ...,
    _more: Mapping[str, Any] = ...,
) -> Link[Any]:
    """Made by loops to show at the end node how far they are; gives nothing."""

def LoopResults(
    *,
    collected: Any,
    _id: str = ...,
    _title: str = ...,
    _more: Mapping[str, Any] = ...,
) -> Link[Any]:
    """Made by While loops: the collected results as a list."""

def LoraLoader(
    *,
    model: Link[MODEL],
    clip: Link[CLIP],
    lora_name: str | Link[Any],
    strength_model: float | Link[FLOAT] | Link[INT] = ...,
    strength_clip: float | Link[FLOAT] | Link[INT] = ...,
    _id: str = ...,
    _title: str = ...,
    _more: Mapping[str, Any] = ...,
) -> tuple[Link[MODEL], Link[CLIP]]:
    """Change a model and its text encoder by a LoRA, LoHa, LoKr, GLoRA, OFT, BOFT or DoRA. The weights themselves are shared and stay as they are. Several can be chained."""

def LoraLoaderModelOnly(
    *,
    model: Link[MODEL],
    lora_name: str | Link[Any],
    strength_model: float | Link[FLOAT] | Link[INT] = ...,
    _id: str = ...,
    _title: str = ...,
    _more: Mapping[str, Any] = ...,
) -> Link[MODEL]:
    """Change a model by a LoRA or another adapter, and leave the text encoder alone."""

def LoraModelLoader(
    *,
    model: Link[MODEL],
    lora: Link[LORA_MODEL],
    strength_model: float | Link[FLOAT] | Link[INT] = ...,
    _id: str = ...,
    _title: str = ...,
    _more: Mapping[str, Any] = ...,
) -> Link[MODEL]:
    """Change a model by a LoRA that was just trained."""

def LoraSave(
    *,
    filename_prefix: str | Link[STRING] = ...,
    rank: int | Link[INT] = ...,
    lora_type: Literal["standard", "full_diff"] | Link[Any] = ...,
    bias_diff: bool | Link[BOOLEAN] = ...,
    model_diff: Link[MODEL] = ...,
    text_encoder_diff: Link[CLIP] = ...,
    _id: str = ...,
    _title: str = ...,
    _more: Mapping[str, Any] = ...,
) -> None:
    """Save the difference of two models as a LoRA."""

def Mahiro(
    *,
    model: Link[MODEL],
    _id: str = ...,
    _title: str = ...,
    _more: Mapping[str, Any] = ...,
) -> Link[MODEL]:
    """Mix guidance with the scaled positive side, by how alike both sides are."""

def MaskComposite(
    *,
    destination: Link[MASK],
    source: Link[MASK],
    x: int | Link[INT] = ...,
    y: int | Link[INT] = ...,
    operation: Operation2 | Link[Any] = ...,
    _id: str = ...,
    _title: str = ...,
    _more: Mapping[str, Any] = ...,
) -> Link[MASK]:
    """Combine two masks."""

def MaskPreview(
    *,
    mask: Link[MASK],
    _id: str = ...,
    _title: str = ...,
    _more: Mapping[str, Any] = ...,
) -> None:
    """Show a mask without keeping it."""

def MaskToImage(
    *,
    mask: Link[MASK],
    _id: str = ...,
    _title: str = ...,
    _more: Mapping[str, Any] = ...,
) -> Link[IMAGE]:
    """Show a mask as a grey picture."""

def ModelComputeDtype(
    *,
    model: Link[MODEL],
    dtype: Literal["default", "fp32", "fp16", "bf16"] | Link[Any] = ...,
    _id: str = ...,
    _title: str = ...,
    _more: Mapping[str, Any] = ...,
) -> Link[MODEL]:
    """Let a model compute in a precision of your choice, whatever the server was started with."""

def ModelMergeAdd(
    *,
    model1: Link[MODEL],
    model2: Link[MODEL],
    _id: str = ...,
    _title: str = ...,
    _more: Mapping[str, Any] = ...,
) -> Link[MODEL]:
    """Add the weights of two models, one of which is a difference."""

def ModelMergeBlocks(
    *,
    model1: Link[MODEL],
    model2: Link[MODEL],
    input: float | Link[FLOAT] | Link[INT] = ...,
    middle: float | Link[FLOAT] | Link[INT] = ...,
    out: float | Link[FLOAT] | Link[INT] = ...,
    _id: str = ...,
    _title: str = ...,
    _more: Mapping[str, Any] = ...,
) -> Link[MODEL]:
    """Mix two models, each part of the U-Net by a ratio of its own."""

def ModelMergeSD1(
    *,
    model1: Link[MODEL],
    model2: Link[MODEL],
    _id: str = ...,
    _title: str = ...,
    _more: Mapping[str, Any] = ...,
    **more: Any,
) -> Link[MODEL]:
    """Mix two models of SD 1.x, each block by a ratio of its own."""

def ModelMergeSD2(
    *,
    model1: Link[MODEL],
    model2: Link[MODEL],
    _id: str = ...,
    _title: str = ...,
    _more: Mapping[str, Any] = ...,
    **more: Any,
) -> Link[MODEL]:
    """Mix two models of SD 2.x, each block by a ratio of its own."""

def ModelMergeSDXL(
    *,
    model1: Link[MODEL],
    model2: Link[MODEL],
    _id: str = ...,
    _title: str = ...,
    _more: Mapping[str, Any] = ...,
    **more: Any,
) -> Link[MODEL]:
    """Mix two models of SDXL, each block by a ratio of its own."""

def ModelMergeSimple(
    *,
    model1: Link[MODEL],
    model2: Link[MODEL],
    ratio: float | Link[FLOAT] | Link[INT] = ...,
    _id: str = ...,
    _title: str = ...,
    _more: Mapping[str, Any] = ...,
) -> Link[MODEL]:
    """Mix two models."""

def ModelMergeSubtract(
    *,
    model1: Link[MODEL],
    model2: Link[MODEL],
    multiplier: float | Link[FLOAT] | Link[INT] = ...,
    _id: str = ...,
    _title: str = ...,
    _more: Mapping[str, Any] = ...,
) -> Link[MODEL]:
    """The difference of two models, to be added to a third or saved as a LoRA."""

def ModelSamplingContinuousEDM(
    *,
    model: Link[MODEL],
    sampling: Sampling | Link[Any] = ...,
    sigma_max: float | Link[FLOAT] | Link[INT] = ...,
    sigma_min: float | Link[FLOAT] | Link[INT] = ...,
    _id: str = ...,
    _title: str = ...,
    _more: Mapping[str, Any] = ...,
) -> Link[MODEL]:
    """Read a model that was trained at any noise level between two."""

def ModelSamplingContinuousV(
    *,
    model: Link[MODEL],
    sampling: Literal["v_prediction"] | Link[Any] = ...,
    sigma_max: float | Link[FLOAT] | Link[INT] = ...,
    sigma_min: float | Link[FLOAT] | Link[INT] = ...,
    _id: str = ...,
    _title: str = ...,
    _more: Mapping[str, Any] = ...,
) -> Link[MODEL]:
    """Read a model that is told the angle between signal and noise."""

def ModelSamplingDiscrete(
    *,
    model: Link[MODEL],
    sampling: Sampling2 | Link[Any] = ...,
    zsnr: bool | Link[BOOLEAN] = ...,
    _id: str = ...,
    _title: str = ...,
    _more: Mapping[str, Any] = ...,
) -> Link[MODEL]:
    """Read a model with a thousand noise levels in another way."""

def ModelSave(
    *,
    model: Link[MODEL],
    filename_prefix: str | Link[STRING] = ...,
    _id: str = ...,
    _title: str = ...,
    _more: Mapping[str, Any] = ...,
) -> None:
    """Save a denoiser as a file of its own, LoRAs and merges baked in."""

def Morphology(
    *,
    image: Link[IMAGE],
    operation: Operation3 | Link[Any] = ...,
    kernel_size: int | Link[INT] = ...,
    _id: str = ...,
    _title: str = ...,
    _more: Mapping[str, Any] = ...,
) -> Link[IMAGE]:
    """Let dark or bright shapes grow in pictures, or find small ones."""

def NumberList(
    *,
    numbers: str | Link[STRING] = ...,
    _id: str = ...,
    _title: str = ...,
    _more: Mapping[str, Any] = ...,
) -> tuple[Link[FLOAT], Link[INT]]:
    """Numbers that you type, as a list."""

def NumberRange(
    *,
    start: int | Link[INT] = ...,
    end: int | Link[INT] = ...,
    step: int | Link[INT] = ...,
    _id: str = ...,
    _title: str = ...,
    _more: Mapping[str, Any] = ...,
) -> Link[INT]:
    """Whole numbers from one to another, as a list."""

def PaintClass(
    *,
    mask: Link[MASK],
    class_number: int | Link[INT] = ...,
    segmentation: Link[IMAGE] = ...,
    _id: str = ...,
    _title: str = ...,
    _more: Mapping[str, Any] = ...,
) -> Link[IMAGE]:
    """Give a part of a map of classes its class, for Segmentation Conditioning."""

def PairConditioningCombine(
    *,
    positive_A: Link[CONDITIONING],
    negative_A: Link[CONDITIONING],
    positive_B: Link[CONDITIONING],
    negative_B: Link[CONDITIONING],
    _id: str = ...,
    _title: str = ...,
    _more: Mapping[str, Any] = ...,
) -> tuple[Link[CONDITIONING], Link[CONDITIONING]]:
    """Follow two pairs of conditions at once."""

def PairConditioningSetDefaultCombine(
    *,
    positive: Link[CONDITIONING],
    negative: Link[CONDITIONING],
    positive_DEFAULT: Link[CONDITIONING],
    negative_DEFAULT: Link[CONDITIONING],
    hooks: Link[HOOKS] = ...,
    _id: str = ...,
    _title: str = ...,
    _more: Mapping[str, Any] = ...,
) -> tuple[Link[CONDITIONING], Link[CONDITIONING]]:
    """Add conditions that count where the masks of the others leave something open."""

def PairConditioningSetProperties(
    *,
    positive_NEW: Link[CONDITIONING],
    negative_NEW: Link[CONDITIONING],
    strength: float | Link[FLOAT] | Link[INT] = ...,
    set_cond_area: Literal["default", "mask bounds"] | Link[Any] = ...,
    mask: Link[MASK] = ...,
    hooks: Link[HOOKS] = ...,
    timesteps: Link[TIMESTEPS_RANGE] = ...,
    _id: str = ...,
    _title: str = ...,
    _more: Mapping[str, Any] = ...,
) -> tuple[Link[CONDITIONING], Link[CONDITIONING]]:
    """Say where, when, how much and with which hooks two conditions count."""

def PairConditioningSetPropertiesAndCombine(
    *,
    positive: Link[CONDITIONING],
    negative: Link[CONDITIONING],
    positive_NEW: Link[CONDITIONING],
    negative_NEW: Link[CONDITIONING],
    strength: float | Link[FLOAT] | Link[INT] = ...,
    set_cond_area: Literal["default", "mask bounds"] | Link[Any] = ...,
    mask: Link[MASK] = ...,
    hooks: Link[HOOKS] = ...,
    timesteps: Link[TIMESTEPS_RANGE] = ...,
    _id: str = ...,
    _title: str = ...,
    _more: Mapping[str, Any] = ...,
) -> tuple[Link[CONDITIONING], Link[CONDITIONING]]:
    """Say where, when, how much and with which hooks two conditions count beside others."""

def PatchModelAddDownscale(
    *,
    model: Link[MODEL],
    block_number: int | Link[INT] = ...,
    downscale_factor: float | Link[FLOAT] | Link[INT] = ...,
    start_percent: float | Link[FLOAT] | Link[INT] = ...,
    end_percent: float | Link[FLOAT] | Link[INT] = ...,
    downscale_after_skip: bool | Link[BOOLEAN] = ...,
    downscale_method: DownscaleMethod | Link[Any] = ...,
    upscale_method: DownscaleMethod | Link[Any] = ...,
    _id: str = ...,
    _title: str = ...,
    _more: Mapping[str, Any] = ...,
) -> Link[MODEL]:
    """Compose large pictures at a smaller size first, so that nothing is drawn twice."""

def PerpNeg(
    *,
    model: Link[MODEL],
    empty_conditioning: Link[CONDITIONING],
    neg_scale: float | Link[FLOAT] | Link[INT] = ...,
    _id: str = ...,
    _title: str = ...,
    _more: Mapping[str, Any] = ...,
) -> Link[MODEL]:
    """Avoid only that part of the negative prompt that the positive one does not ask for."""

def PerpNegGuider(
    *,
    model: Link[MODEL],
    positive: Link[CONDITIONING],
    negative: Link[CONDITIONING],
    empty_conditioning: Link[CONDITIONING],
    cfg: float | Link[FLOAT] | Link[INT] = ...,
    neg_scale: float | Link[FLOAT] | Link[INT] = ...,
    _id: str = ...,
    _title: str = ...,
    _more: Mapping[str, Any] = ...,
) -> Link[GUIDER]:
    """Avoid only that part of the negative prompt that the positive one does not ask for."""

def PerturbedAttentionGuidance(
    *,
    model: Link[MODEL],
    scale: float | Link[FLOAT] | Link[INT] = ...,
    _id: str = ...,
    _title: str = ...,
    _more: Mapping[str, Any] = ...,
) -> Link[MODEL]:
    """Guide away from what the model sees without attention to the rest of the picture."""

def PolyexponentialScheduler(
    *,
    steps: int | Link[INT] = ...,
    sigma_max: float | Link[FLOAT] | Link[INT] = ...,
    sigma_min: float | Link[FLOAT] | Link[INT] = ...,
    rho: float | Link[FLOAT] | Link[INT] = ...,
    _id: str = ...,
    _title: str = ...,
    _more: Mapping[str, Any] = ...,
) -> Link[SIGMAS]:
    """Levels whose ratios change with a power."""

def PorterDuffImageComposite(
    *,
    source: Link[IMAGE],
    source_alpha: Link[MASK],
    destination: Link[IMAGE],
    destination_alpha: Link[MASK],
    mode: Mode | Link[Any] = ...,
    _id: str = ...,
    _title: str = ...,
    _more: Mapping[str, Any] = ...,
) -> tuple[Link[IMAGE], Link[MASK]]:
    """Lay one picture over another by one of the rules of Porter and Duff (1984)."""

def PreviewAny(
    *,
    source: Any,
    _id: str = ...,
    _title: str = ...,
    _more: Mapping[str, Any] = ...,
) -> None:
    """Show any value as text."""

def PreviewImage(
    *,
    images: Link[IMAGE],
    _id: str = ...,
    _title: str = ...,
    _more: Mapping[str, Any] = ...,
) -> None:
    """Show pictures without keeping them."""

def PrimitiveBoolean(
    *,
    value: bool | Link[BOOLEAN] = ...,
    _id: str = ...,
    _title: str = ...,
    _more: Mapping[str, Any] = ...,
) -> Link[BOOLEAN]:
    """A switch."""

def PrimitiveFloat(
    *,
    value: float | Link[FLOAT] | Link[INT] = ...,
    _id: str = ...,
    _title: str = ...,
    _more: Mapping[str, Any] = ...,
) -> Link[FLOAT]:
    """A number."""

def PrimitiveInt(
    *,
    value: int | Link[INT] = ...,
    _id: str = ...,
    _title: str = ...,
    _more: Mapping[str, Any] = ...,
) -> Link[INT]:
    """A whole number."""

def PrimitiveString(
    *,
    value: str | Link[STRING] = ...,
    _id: str = ...,
    _title: str = ...,
    _more: Mapping[str, Any] = ...,
) -> Link[STRING]:
    """A text of one line."""

def PrimitiveStringMultiline(
    *,
    value: str | Link[STRING] = ...,
    _id: str = ...,
    _title: str = ...,
    _more: Mapping[str, Any] = ...,
) -> Link[STRING]:
    """A text."""

def RandomNoise(
    *,
    noise_seed: int | Link[INT] = ...,
    per_item: bool | Link[BOOLEAN] = ...,
    _id: str = ...,
    _title: str = ...,
    _more: Mapping[str, Any] = ...,
) -> Link[NOISE]:
    """Noise of a seed."""

def RebatchImages(
    *,
    images: Link[IMAGE],
    batch_size: int | Link[INT] = ...,
    _id: str = ...,
    _title: str = ...,
    _more: Mapping[str, Any] = ...,
) -> Link[IMAGE]:
    """Put pictures into batches of another size, in order; those of one size stay together."""

def RebatchLatents(
    *,
    latents: Link[LATENT],
    batch_size: int | Link[INT] = ...,
    _id: str = ...,
    _title: str = ...,
    _more: Mapping[str, Any] = ...,
) -> Link[LATENT]:
    """Put latents into batches of another size, in order; those of one size stay together."""

def RecolorHint(
    *,
    image: Link[IMAGE],
    shows: Literal["luminance", "intensity"] | Link[Any] = ...,
    gamma: float | Link[FLOAT] | Link[INT] = ...,
    _id: str = ...,
    _title: str = ...,
    _more: Mapping[str, Any] = ...,
) -> Link[IMAGE]:
    """Take the colours out of pictures, for ControlNets that put others in."""

def RegexExtract(
    *,
    string: str | Link[STRING] = ...,
    regex_pattern: str | Link[STRING] = ...,
    mode: Literal["First Match", "All Matches", "First Group", "All Groups"] | Link[Any] = ...,
    case_insensitive: bool | Link[BOOLEAN] = ...,
    multiline: bool | Link[BOOLEAN] = ...,
    dotall: bool | Link[BOOLEAN] = ...,
    group_index: int | Link[INT] = ...,
    _id: str = ...,
    _title: str = ...,
    _more: Mapping[str, Any] = ...,
) -> Link[STRING]:
    """Take what a regular expression (of Python) finds out of a text; empty if it finds nothing."""

def RegexMatch(
    *,
    string: str | Link[STRING] = ...,
    regex_pattern: str | Link[STRING] = ...,
    case_insensitive: bool | Link[BOOLEAN] = ...,
    multiline: bool | Link[BOOLEAN] = ...,
    dotall: bool | Link[BOOLEAN] = ...,
    _id: str = ...,
    _title: str = ...,
    _more: Mapping[str, Any] = ...,
) -> Link[BOOLEAN]:
    """Whether a regular expression (of Python) occurs in a text."""

def RegexReplace(
    *,
    string: str | Link[STRING] = ...,
    regex_pattern: str | Link[STRING] = ...,
    replace: str | Link[STRING] = ...,
    case_insensitive: bool | Link[BOOLEAN] = ...,
    multiline: bool | Link[BOOLEAN] = ...,
    dotall: bool | Link[BOOLEAN] = ...,
    count: int | Link[INT] = ...,
    _id: str = ...,
    _title: str = ...,
    _more: Mapping[str, Any] = ...,
) -> Link[STRING]:
    """Replace what a regular expression (of Python) finds in a text."""

def RenormCFG(
    *,
    model: Link[MODEL],
    cfg_trunc: float | Link[FLOAT] | Link[INT] = ...,
    renorm_cfg: float | Link[FLOAT] | Link[INT] = ...,
    _id: str = ...,
    _title: str = ...,
    _more: Mapping[str, Any] = ...,
) -> Link[MODEL]:
    """Limit the length of the guided direction, and guide at low noise only."""

def RepeatImageBatch(
    *,
    image: Link[IMAGE],
    amount: int | Link[INT] = ...,
    _id: str = ...,
    _title: str = ...,
    _more: Mapping[str, Any] = ...,
) -> Link[IMAGE]:
    """Repeat a batch."""

def RepeatLatentBatch(
    *,
    samples: Link[LATENT],
    amount: int | Link[INT] = ...,
    _id: str = ...,
    _title: str = ...,
    _more: Mapping[str, Any] = ...,
) -> Link[LATENT]:
    """Repeat a batch, each time with other noise."""

def RescaleCFG(
    *,
    model: Link[MODEL],
    multiplier: float | Link[FLOAT] | Link[INT] = ...,
    _id: str = ...,
    _title: str = ...,
    _more: Mapping[str, Any] = ...,
) -> Link[MODEL]:
    """Keep strong guidance from over-exposing pictures (v-prediction models above all)."""

def ResizeAndPadImage(
    *,
    image: Link[IMAGE],
    target_width: int | Link[INT] = ...,
    target_height: int | Link[INT] = ...,
    padding_color: Literal["white", "black"] | Link[Any] = ...,
    interpolation: Interpolation | Link[Any] = ...,
    _id: str = ...,
    _title: str = ...,
    _more: Mapping[str, Any] = ...,
) -> Link[IMAGE]:
    """Fit whole pictures into a size, with bars where the proportion differs."""

def SDTurboScheduler(
    *,
    model: Link[MODEL],
    steps: int | Link[INT] = ...,
    denoise: float | Link[FLOAT] | Link[INT] = ...,
    _id: str = ...,
    _title: str = ...,
    _more: Mapping[str, Any] = ...,
) -> Link[SIGMAS]:
    """The levels for which SD Turbo was distilled."""

def SD_4XUpscale_Conditioning(
    *,
    images: Link[IMAGE],
    positive: Link[CONDITIONING],
    negative: Link[CONDITIONING],
    scale_ratio: float | Link[FLOAT] | Link[INT] = ...,
    noise_augmentation: float | Link[FLOAT] | Link[INT] = ...,
    _id: str = ...,
    _title: str = ...,
    _more: Mapping[str, Any] = ...,
) -> tuple[Link[CONDITIONING], Link[CONDITIONING], Link[LATENT]]:
    """Show the x4 upscaler the small picture."""

def SamplerCustom(
    *,
    model: Link[MODEL],
    positive: Link[CONDITIONING],
    negative: Link[CONDITIONING],
    sampler: Link[SAMPLER],
    sigmas: Link[SIGMAS],
    latent_image: Link[LATENT],
    add_noise: bool | Link[BOOLEAN] = ...,
    noise_seed: int | Link[INT] = ...,
    cfg: float | Link[FLOAT] | Link[INT] = ...,
    _id: str = ...,
    _title: str = ...,
    _more: Mapping[str, Any] = ...,
) -> tuple[Link[LATENT], Link[LATENT]]:
    """Denoise a latent with a sampler and noise levels of your own."""

def SamplerCustomAdvanced(
    *,
    noise: Link[NOISE],
    guider: Link[GUIDER],
    sampler: Link[SAMPLER],
    sigmas: Link[SIGMAS],
    latent_image: Link[LATENT],
    _id: str = ...,
    _title: str = ...,
    _more: Mapping[str, Any] = ...,
) -> tuple[Link[LATENT], Link[LATENT]]:
    """Denoise a latent, every part of the sampling chosen freely."""

def SamplerDPMAdaptative(
    *,
    order: int | Link[INT] = ...,
    rtol: float | Link[FLOAT] | Link[INT] = ...,
    atol: float | Link[FLOAT] | Link[INT] = ...,
    h_init: float | Link[FLOAT] | Link[INT] = ...,
    pcoeff: float | Link[FLOAT] | Link[INT] = ...,
    icoeff: float | Link[FLOAT] | Link[INT] = ...,
    dcoeff: float | Link[FLOAT] | Link[INT] = ...,
    accept_safety: float | Link[FLOAT] | Link[INT] = ...,
    eta: float | Link[FLOAT] | Link[INT] = ...,
    s_noise: float | Link[FLOAT] | Link[INT] = ...,
    _id: str = ...,
    _title: str = ...,
    _more: Mapping[str, Any] = ...,
) -> Link[SAMPLER]:
    """DPM-Solver that chooses its steps itself, by the error it sees."""

def SamplerDPMPP_2M_SDE(
    *,
    solver_type: Literal["midpoint", "heun"] | Link[Any] = ...,
    eta: float | Link[FLOAT] | Link[INT] = ...,
    s_noise: float | Link[FLOAT] | Link[INT] = ...,
    noise_device: Literal["gpu", "cpu"] | Link[Any] = ...,
    _id: str = ...,
    _title: str = ...,
    _more: Mapping[str, Any] = ...,
) -> Link[SAMPLER]:
    """DPM-Solver++ for the stochastic equation, looking back one step."""

def SamplerDPMPP_2S_Ancestral(
    *,
    eta: float | Link[FLOAT] | Link[INT] = ...,
    s_noise: float | Link[FLOAT] | Link[INT] = ...,
    _id: str = ...,
    _title: str = ...,
    _more: Mapping[str, Any] = ...,
) -> Link[SAMPLER]:
    """DPM-Solver++ with two stages and fresh noise in every step."""

def SamplerDPMPP_3M_SDE(
    *,
    eta: float | Link[FLOAT] | Link[INT] = ...,
    s_noise: float | Link[FLOAT] | Link[INT] = ...,
    noise_device: Literal["gpu", "cpu"] | Link[Any] = ...,
    _id: str = ...,
    _title: str = ...,
    _more: Mapping[str, Any] = ...,
) -> Link[SAMPLER]:
    """DPM-Solver++ for the stochastic equation, looking back two steps."""

def SamplerDPMPP_SDE(
    *,
    eta: float | Link[FLOAT] | Link[INT] = ...,
    s_noise: float | Link[FLOAT] | Link[INT] = ...,
    r: float | Link[FLOAT] | Link[INT] = ...,
    noise_device: Literal["gpu", "cpu"] | Link[Any] = ...,
    _id: str = ...,
    _title: str = ...,
    _more: Mapping[str, Any] = ...,
) -> Link[SAMPLER]:
    """DPM-Solver++ for the stochastic equation, two stages."""

def SamplerER_SDE(
    *,
    solver_type: Literal["ER-SDE", "Reverse-time SDE", "ODE"] | Link[Any] = ...,
    max_stage: int | Link[INT] = ...,
    eta: float | Link[FLOAT] | Link[INT] = ...,
    s_noise: float | Link[FLOAT] | Link[INT] = ...,
    _id: str = ...,
    _title: str = ...,
    _more: Mapping[str, Any] = ...,
) -> Link[SAMPLER]:
    """Solver of the extended reverse-time equation."""

def SamplerEulerAncestral(
    *,
    eta: float | Link[FLOAT] | Link[INT] = ...,
    s_noise: float | Link[FLOAT] | Link[INT] = ...,
    _id: str = ...,
    _title: str = ...,
    _more: Mapping[str, Any] = ...,
) -> Link[SAMPLER]:
    """Euler's method with fresh noise in every step."""

def SamplerEulerAncestralCFGPP(
    *,
    eta: float | Link[FLOAT] | Link[INT] = ...,
    s_noise: float | Link[FLOAT] | Link[INT] = ...,
    _id: str = ...,
    _title: str = ...,
    _more: Mapping[str, Any] = ...,
) -> Link[SAMPLER]:
    """Euler's method with fresh noise, guided by CFG++."""

def SamplerEulerCFGpp(
    *,
    version: Literal["regular", "alternative"] | Link[Any] = ...,
    _id: str = ...,
    _title: str = ...,
    _more: Mapping[str, Any] = ...,
) -> Link[SAMPLER]:
    """Euler's method, guided by CFG++."""

def SamplerLCMUpscale(
    *,
    scale_ratio: float | Link[FLOAT] | Link[INT] = ...,
    scale_steps: int | Link[INT] = ...,
    upscale_method: UpscaleMethod4 | Link[Any] = ...,
    _id: str = ...,
    _title: str = ...,
    _more: Mapping[str, Any] = ...,
) -> Link[SAMPLER]:
    """Consistency sampling (LCM) of a latent that grows from step to step. Areas, masks and controls are laid out anew for every size; areas in pixels stay as they are. A latent with a noise mask is refused."""

def SamplerLMS(
    *,
    order: int | Link[INT] = ...,
    _id: str = ...,
    _title: str = ...,
    _more: Mapping[str, Any] = ...,
) -> Link[SAMPLER]:
    """Linear multistep: extrapolate from several steps."""

def SamplerSASolver(
    *,
    model: Link[MODEL],
    eta: float | Link[FLOAT] | Link[INT] = ...,
    sde_start_percent: float | Link[FLOAT] | Link[INT] = ...,
    sde_end_percent: float | Link[FLOAT] | Link[INT] = ...,
    s_noise: float | Link[FLOAT] | Link[INT] = ...,
    predictor_order: int | Link[INT] = ...,
    corrector_order: int | Link[INT] = ...,
    use_pece: bool | Link[BOOLEAN] = ...,
    simple_order_2: bool | Link[BOOLEAN] = ...,
    _id: str = ...,
    _title: str = ...,
    _more: Mapping[str, Any] = ...,
) -> Link[SAMPLER]:
    """Stochastic Adams: predict, correct, with noise in a part of the run."""

def SamplingPercentToSigma(
    *,
    model: Link[MODEL],
    sampling_percent: float | Link[FLOAT] | Link[INT] = ...,
    return_actual_sigma: bool | Link[BOOLEAN] = ...,
    _id: str = ...,
    _title: str = ...,
    _more: Mapping[str, Any] = ...,
) -> Link[FLOAT]:
    """The noise level at a part of the run."""

def SaveAnimatedPNG(
    *,
    images: Link[IMAGE],
    filename_prefix: str | Link[STRING] = ...,
    fps: float | Link[FLOAT] | Link[INT] = ...,
    compress_level: int | Link[INT] = ...,
    _id: str = ...,
    _title: str = ...,
    _more: Mapping[str, Any] = ...,
) -> None:
    """Save a batch of pictures as an animated PNG, with the workflow inside."""

def SaveAnimatedWEBP(
    *,
    images: Link[IMAGE],
    filename_prefix: str | Link[STRING] = ...,
    fps: float | Link[FLOAT] | Link[INT] = ...,
    lossless: bool | Link[BOOLEAN] = ...,
    quality: int | Link[INT] = ...,
    method: Literal["default", "fastest", "slowest"] | Link[Any] = ...,
    _id: str = ...,
    _title: str = ...,
    _more: Mapping[str, Any] = ...,
) -> None:
    """Save a batch of pictures as an animated WebP, with the workflow inside."""

def SaveImage(
    *,
    images: Link[IMAGE],
    filename_prefix: str | Link[STRING] = ...,
    _id: str = ...,
    _title: str = ...,
    _more: Mapping[str, Any] = ...,
) -> None:
    """Save pictures to the output folder, with the workflow inside."""

def SaveImageWebsocket(
    *,
    images: Link[IMAGE],
    _id: str = ...,
    _title: str = ...,
    _more: Mapping[str, Any] = ...,
) -> None:
    """Send pictures to the client as PNG over the websocket, and save nothing. Each comes as a binary frame, in order; a client that asked for metadata is told the node."""

def SaveLatent(
    *,
    samples: Link[LATENT],
    filename_prefix: str | Link[STRING] = ...,
    _id: str = ...,
    _title: str = ...,
    _more: Mapping[str, Any] = ...,
) -> None:
    """Save a latent to the output folder, with the workflow inside."""

def ScribbleHint(
    *,
    image: Link[IMAGE],
    source: Literal["picture", "drawing"] | Link[Any] = ...,
    threshold: float | Link[FLOAT] | Link[INT] = ...,
    thickness: int | Link[INT] = ...,
    _id: str = ...,
    _title: str = ...,
    _more: Mapping[str, Any] = ...,
) -> Link[IMAGE]:
    """Draw thick or thin scribbles, white on black."""

def SegmentationConditioning(
    *,
    clip: Link[CLIP],
    segmentation: Link[IMAGE],
    _id: str = ...,
    _title: str = ...,
    _more: Mapping[str, Any] = ...,
) -> tuple[Link[CONDITIONING], Link[CONDITIONING], Link[LATENT]]:
    """Show a semantic synthesis model what is to be where; use cfg 1."""

def SelfAttentionGuidance(
    *,
    model: Link[MODEL],
    scale: float | Link[FLOAT] | Link[INT] = ...,
    blur_sigma: float | Link[FLOAT] | Link[INT] = ...,
    _id: str = ...,
    _title: str = ...,
    _more: Mapping[str, Any] = ...,
) -> Link[MODEL]:
    """Guide away from a picture that is blurred where the model looks."""

def SetClipHooks(
    *,
    clip: Link[CLIP],
    apply_to_conds: bool | Link[BOOLEAN] = ...,
    schedule_clip: bool | Link[BOOLEAN] = ...,
    hooks: Link[HOOKS] = ...,
    _id: str = ...,
    _title: str = ...,
    _more: Mapping[str, Any] = ...,
) -> Link[CLIP]:
    """Encode prompts with hooks on the text encoder."""

def SetFirstSigma(
    *,
    sigmas: Link[SIGMAS],
    sigma: float | Link[FLOAT] | Link[INT] = ...,
    _id: str = ...,
    _title: str = ...,
    _more: Mapping[str, Any] = ...,
) -> Link[SIGMAS]:
    """Change the level that a schedule begins with."""

def SetHookKeyframes(
    *,
    hooks: Link[HOOKS],
    hook_kf: Link[HOOK_KEYFRAMES] = ...,
    _id: str = ...,
    _title: str = ...,
    _more: Mapping[str, Any] = ...,
) -> Link[HOOKS]:
    """Put hooks on a schedule."""

def SetLatentNoiseMask(
    *,
    samples: Link[LATENT],
    mask: Link[MASK],
    _id: str = ...,
    _title: str = ...,
    _more: Mapping[str, Any] = ...,
) -> Link[LATENT]:
    """Let a sampler change only a part of a latent."""

def SetUnionControlNetType(
    *,
    control_net: Link[CONTROL_NET],
    type: Type3 | Link[Any] = ...,
    _id: str = ...,
    _title: str = ...,
    _more: Mapping[str, Any] = ...,
) -> Link[CONTROL_NET]:
    """Tell a union ControlNet what kind of picture it is given."""

def SolidMask(
    *,
    value: float | Link[FLOAT] | Link[INT] = ...,
    width: int | Link[INT] = ...,
    height: int | Link[INT] = ...,
    _id: str = ...,
    _title: str = ...,
    _more: Mapping[str, Any] = ...,
) -> Link[MASK]:
    """A mask of one value."""

def SplitImageWithAlpha(
    *,
    image: Link[IMAGE],
    _id: str = ...,
    _title: str = ...,
    _more: Mapping[str, Any] = ...,
) -> tuple[Link[IMAGE], Link[MASK]]:
    """Take the transparency off a picture."""

def SplitSigmas(
    *,
    sigmas: Link[SIGMAS],
    step: int | Link[INT] = ...,
    _id: str = ...,
    _title: str = ...,
    _more: Mapping[str, Any] = ...,
) -> tuple[Link[SIGMAS], Link[SIGMAS]]:
    """Cut a schedule in two at a step."""

def SplitSigmasDenoise(
    *,
    sigmas: Link[SIGMAS],
    denoise: float | Link[FLOAT] | Link[INT] = ...,
    _id: str = ...,
    _title: str = ...,
    _more: Mapping[str, Any] = ...,
) -> tuple[Link[SIGMAS], Link[SIGMAS]]:
    """Cut a schedule in two where a denoise strength would begin."""

def StartLoop(
    *,
    mode: Literal["simple", "For", "List"] | Link[Any] = ...,
    count: int | Link[INT] = ...,
    start: int | Link[INT] = ...,
    end: int | Link[INT] = ...,
    step: int | Link[INT] = ...,
    items: Any = ...,
    state1: Any = ...,
    state2: Any = ...,
    state3: Any = ...,
    state4: Any = ...,
    _id: str = ...,
    _title: str = ...,
    _more: Mapping[str, Any] = ...,
) -> tuple[Link[LOOP], Link[Any], Link[INT], Link[INT], Link[Any], Link[Any], Link[Any], Link[Any]]:
    """Begin a part of the graph that is repeated: so many times, over numbers or over a list."""

def StringCompare(
    *,
    string_a: str | Link[STRING] = ...,
    string_b: str | Link[STRING] = ...,
    mode: Literal["Starts With", "Ends With", "Equal"] | Link[Any] = ...,
    case_sensitive: bool | Link[BOOLEAN] = ...,
    _id: str = ...,
    _title: str = ...,
    _more: Mapping[str, Any] = ...,
) -> Link[BOOLEAN]:
    """Compare two texts."""

def StringConcatenate(
    *,
    string_a: str | Link[STRING] = ...,
    string_b: str | Link[STRING] = ...,
    delimiter: str | Link[STRING] = ...,
    _id: str = ...,
    _title: str = ...,
    _more: Mapping[str, Any] = ...,
) -> Link[STRING]:
    """Join two texts."""

def StringContains(
    *,
    string: str | Link[STRING] = ...,
    substring: str | Link[STRING] = ...,
    case_sensitive: bool | Link[BOOLEAN] = ...,
    _id: str = ...,
    _title: str = ...,
    _more: Mapping[str, Any] = ...,
) -> Link[BOOLEAN]:
    """Whether a text occurs in another."""

def StringLength(
    *,
    string: str | Link[STRING] = ...,
    _id: str = ...,
    _title: str = ...,
    _more: Mapping[str, Any] = ...,
) -> Link[INT]:
    """Count the characters of a text."""

def StringReplace(
    *,
    string: str | Link[STRING] = ...,
    find: str | Link[STRING] = ...,
    replace: str | Link[STRING] = ...,
    _id: str = ...,
    _title: str = ...,
    _more: Mapping[str, Any] = ...,
) -> Link[STRING]:
    """Replace every occurrence of a text in another."""

def StringSubstring(
    *,
    string: str | Link[STRING] = ...,
    start: int | Link[INT] = ...,
    end: int | Link[INT] = ...,
    _id: str = ...,
    _title: str = ...,
    _more: Mapping[str, Any] = ...,
) -> Link[STRING]:
    """Take a part of a text."""

def StringTrim(
    *,
    string: str | Link[STRING] = ...,
    mode: Literal["Both", "Left", "Right"] | Link[Any] = ...,
    _id: str = ...,
    _title: str = ...,
    _more: Mapping[str, Any] = ...,
) -> Link[STRING]:
    """Take spaces and empty lines off the ends of a text."""

def TCFG(
    *,
    model: Link[MODEL],
    _id: str = ...,
    _title: str = ...,
    _more: Mapping[str, Any] = ...,
) -> Link[MODEL]:
    """Drop what the unguided direction does not share with the guided one."""

def TextList(
    *,
    lines: str | Link[STRING] = ...,
    _id: str = ...,
    _title: str = ...,
    _more: Mapping[str, Any] = ...,
) -> Link[STRING]:
    """Texts that you type, one a line, as a list."""

def ThresholdMask(
    *,
    mask: Link[MASK],
    value: float | Link[FLOAT] | Link[INT] = ...,
    _id: str = ...,
    _title: str = ...,
    _more: Mapping[str, Any] = ...,
) -> Link[MASK]:
    """Make a mask black and white."""

def TileHint(
    *,
    image: Link[IMAGE],
    factor: float | Link[FLOAT] | Link[INT] = ...,
    _id: str = ...,
    _title: str = ...,
    _more: Mapping[str, Any] = ...,
) -> Link[IMAGE]:
    """Take details out of pictures, for ControlNets that put new ones in."""

def TomePatchModel(
    *,
    model: Link[MODEL],
    ratio: float | Link[FLOAT] | Link[INT] = ...,
    _id: str = ...,
    _title: str = ...,
    _more: Mapping[str, Any] = ...,
) -> Link[MODEL]:
    """Merge alike parts of the picture before self-attention: faster, slightly different."""

def TorchCompileModel(
    *,
    model: Link[MODEL],
    backend: Literal["inductor", "cudagraphs"] | Link[Any] = ...,
    _id: str = ...,
    _title: str = ...,
    _more: Mapping[str, Any] = ...,
) -> Link[MODEL]:
    """Compile the model: the first step takes minutes, the others are faster."""

def UNETLoader(
    *,
    unet_name: str | Link[Any],
    weight_dtype: Literal["default", "fp8_e4m3fn", "fp8_e4m3fn_fast", "fp8_e5m2"] | Link[Any] = ...,
    _id: str = ...,
    _title: str = ...,
    _more: Mapping[str, Any] = ...,
) -> Link[MODEL]:
    """Load a denoiser that is a file of its own."""

def UNetCrossAttentionMultiply(
    *,
    model: Link[MODEL],
    q: float | Link[FLOAT] | Link[INT] = ...,
    k: float | Link[FLOAT] | Link[INT] = ...,
    v: float | Link[FLOAT] | Link[INT] = ...,
    out: float | Link[FLOAT] | Link[INT] = ...,
    _id: str = ...,
    _title: str = ...,
    _more: Mapping[str, Any] = ...,
) -> Link[MODEL]:
    """Multiply the weights of all attention to the prompt."""

def UNetSelfAttentionMultiply(
    *,
    model: Link[MODEL],
    q: float | Link[FLOAT] | Link[INT] = ...,
    k: float | Link[FLOAT] | Link[INT] = ...,
    v: float | Link[FLOAT] | Link[INT] = ...,
    out: float | Link[FLOAT] | Link[INT] = ...,
    _id: str = ...,
    _title: str = ...,
    _more: Mapping[str, Any] = ...,
) -> Link[MODEL]:
    """Multiply the weights of all self-attention."""

def UnconditionalConditioning(
    *,
    _id: str = ...,
    _title: str = ...,
    _more: Mapping[str, Any] = ...,
) -> Link[CONDITIONING]:
    """For models that follow nothing, such as faces, bedrooms and churches; use cfg 1."""

def UpscaleModelLoader(
    *,
    model_name: str | Link[Any],
    _id: str = ...,
    _title: str = ...,
    _more: Mapping[str, Any] = ...,
) -> Link[UPSCALE_MODEL]:
    """Load a network that makes pictures larger."""

def VAEDecode(
    *,
    samples: Link[LATENT],
    vae: Link[VAE],
    _id: str = ...,
    _title: str = ...,
    _more: Mapping[str, Any] = ...,
) -> Link[IMAGE]:
    """Turn latents into pictures."""

def VAEDecodeTiled(
    *,
    samples: Link[LATENT],
    vae: Link[VAE],
    tile_size: int | Link[INT] = ...,
    overlap: int | Link[INT] = ...,
    temporal_size: int | Link[INT] = ...,
    temporal_overlap: int | Link[INT] = ...,
    _id: str = ...,
    _title: str = ...,
    _more: Mapping[str, Any] = ...,
) -> Link[IMAGE]:
    """Turn latents into pictures piece by piece, which takes less memory."""

def VAEEncode(
    *,
    pixels: Link[IMAGE],
    vae: Link[VAE],
    _id: str = ...,
    _title: str = ...,
    _more: Mapping[str, Any] = ...,
) -> Link[LATENT]:
    """Turn pictures into latents."""

def VAEEncodeForInpaint(
    *,
    pixels: Link[IMAGE],
    vae: Link[VAE],
    mask: Link[MASK],
    grow_mask_by: int | Link[INT] = ...,
    _id: str = ...,
    _title: str = ...,
    _more: Mapping[str, Any] = ...,
) -> Link[LATENT]:
    """Turn pictures into latents of which a part is painted anew, from scratch."""

def VAEEncodeTiled(
    *,
    pixels: Link[IMAGE],
    vae: Link[VAE],
    tile_size: int | Link[INT] = ...,
    overlap: int | Link[INT] = ...,
    temporal_size: int | Link[INT] = ...,
    temporal_overlap: int | Link[INT] = ...,
    _id: str = ...,
    _title: str = ...,
    _more: Mapping[str, Any] = ...,
) -> Link[LATENT]:
    """Turn pictures into latents piece by piece, which takes less memory."""

def VAELoader(
    *,
    vae_name: str | Link[Any],
    _id: str = ...,
    _title: str = ...,
    _more: Mapping[str, Any] = ...,
) -> Link[VAE]:
    """Load an autoencoder that is a file of its own."""

def VAESave(
    *,
    vae: Link[VAE],
    filename_prefix: str | Link[STRING] = ...,
    _id: str = ...,
    _title: str = ...,
    _more: Mapping[str, Any] = ...,
) -> None:
    """Save an autoencoder as a file of its own."""

def VPScheduler(
    *,
    steps: int | Link[INT] = ...,
    beta_d: float | Link[FLOAT] | Link[INT] = ...,
    beta_min: float | Link[FLOAT] | Link[INT] = ...,
    eps_s: float | Link[FLOAT] | Link[INT] = ...,
    _id: str = ...,
    _title: str = ...,
    _more: Mapping[str, Any] = ...,
) -> Link[SIGMAS]:
    """Levels of the variance preserving diffusion at equal times."""

def WhileEnd(
    *,
    loop: Link[LOOP],
    condition: Any,
    result: Any = ...,
    state1: Any = ...,
    state2: Any = ...,
    state3: Any = ...,
    state4: Any = ...,
    max_iterations: int | Link[INT] = ...,
    _id: str = ...,
    _title: str = ...,
    _more: Mapping[str, Any] = ...,
) -> tuple[Link[Any], Link[INT], Link[Any], Link[Any], Link[Any], Link[Any]]:
    """End a While loop: repeat it while the condition is true, then give the last state. The condition is looked at after each iteration, so there is at least one. An iteration whose result is blocked is left out of the list, without an error."""

def WhileNext(
    *,
    condition: Any,
    number: int | Link[INT] = ...,
    limit: int | Link[INT] = ...,
    result: Any = ...,
    state1: Any = ...,
    state2: Any = ...,
    state3: Any = ...,
    state4: Any = ...,
    _id: str = ...,
    _title: str = ...,
    _more: Mapping[str, Any] = ...,
) -> tuple[Link[Any], Link[INT], Link[Any], Link[Any], Link[Any], Link[Any]]:
    """Made by While loops after each iteration: begins the next, or ends the loop."""

def WhileStart(
    *,
    state1: Any = ...,
    state2: Any = ...,
    state3: Any = ...,
    state4: Any = ...,
    _id: str = ...,
    _title: str = ...,
    _more: Mapping[str, Any] = ...,
) -> tuple[Link[LOOP], Link[INT], Link[Any], Link[Any], Link[Any], Link[Any]]:
    """Begin a part of the graph that is repeated as long as a condition holds."""

def unCLIPCheckpointLoader(
    *,
    ckpt_name: str | Link[Any],
    _id: str = ...,
    _title: str = ...,
    _more: Mapping[str, Any] = ...,
) -> tuple[Link[MODEL], Link[CLIP], Link[VAE], Link[CLIP_VISION]]:
    """Load a checkpoint that can be shown pictures, with the encoder that sees them."""

def unCLIPConditioning(
    *,
    conditioning: Link[CONDITIONING],
    clip_vision_output: Link[CLIP_VISION_OUTPUT],
    strength: float | Link[FLOAT] | Link[INT] = ...,
    noise_augmentation: float | Link[FLOAT] | Link[INT] = ...,
    _id: str = ...,
    _title: str = ...,
    _more: Mapping[str, Any] = ...,
) -> Link[CONDITIONING]:
    """Tell an unCLIP model what is in a picture."""
