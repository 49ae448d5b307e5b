"""What packs say of a run in ``model_options``, as hooks of ours.

Invariant: options are copied when a pack hands its model over, and nothing here writes to them;
the same functions see the same arguments, in the same order, as they were written for.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import torch
from torch import Tensor

from engine.diffusion.guidance import Seen
from engine.diffusion.handles import Model
from engine.diffusion.hooks import Attend, Guided, Place, Watch, Where

from .model_base import BaseModel, Moment, Side, base_model
from .patcher_extension import CallbacksMP, Registry, WrapperExecutor, WrappersMP, all_of, copied

#: Transformer blocks that a place without a number of one stands for.
DEPTHS = range(32)
#: Kinds of patches, and the hooks that call them.
_INPUTS = {"attn1_patch": "self_inputs", "attn2_patch": "cross_inputs"}
_OUTPUTS = {
    "attn1_output_patch": "self_outputs",
    "attn2_output_patch": "cross_outputs",
    "middle_patch": "between",
}
_BLOCKS = {
    "input_block_patch": "input_block",
    "input_block_patch_after_skip": "input_onward",
    "middle_block_patch": "middle_block",
}
_JOINS = {"output_block_patch": "output_join"}
KNOWN_PATCHES = frozenset({*_INPUTS, *_OUTPUTS, *_BLOCKS, *_JOINS, "emb_patch"})
#: Where the options of the running call are, in the memory of a run.
_NOW = "options of packs"


def copied_options(value: Any) -> Any:
    """Options with containers of their own; what is in them is shared."""
    if isinstance(value, dict):
        return {k: copied_options(v) for k, v in value.items()}
    return [copied_options(v) for v in value] if isinstance(value, list) else value


@dataclass(frozen=True, eq=False)
class PackOptions:
    """What packs have said of the runs of a model.

    Attributes:
        model_options: functions around and inside of the network.
        objects: by path in the model, what takes the place of a part of it.
        wrappers: around the stages of a run.
        callbacks: called on the way.
        injections: by key, pairs of functions that are called before and behind a run.
        attachments: what packs keep with a model.
    """

    model_options: Mapping[str, Any] = field(default_factory=dict)
    objects: Mapping[str, Any] = field(default_factory=dict)
    wrappers: Registry = field(default_factory=dict)
    callbacks: Registry = field(default_factory=dict)
    injections: Mapping[str, list[Any]] = field(default_factory=dict)
    attachments: Mapping[str, Any] = field(default_factory=dict)

    @property
    def are_empty(self) -> bool:
        """Whether nothing has been said."""
        said = self.model_options.keys() - {"transformer_options"}
        inside = self.model_options.get("transformer_options")
        more = (self.objects, self.wrappers, self.callbacks, self.injections, self.attachments)
        return not (said or inside or any(more))

    def copy(self) -> "PackOptions":
        """The same, with containers of their own."""
        return PackOptions(
            copied_options(dict(self.model_options)),
            dict(self.objects),
            copied(self.wrappers),
            copied(self.callbacks),
            {key: list(pairs) for key, pairs in self.injections.items()},
            dict(self.attachments),
        )

    def hooks(self, model: Model) -> dict[str, Any]:
        """As hooks for a run of a model."""
        return _Translation(self, base_model(model)).hooks()


@dataclass(frozen=True)
class _Translation:
    """The options of packs in one run.

    Attributes:
        said: the options.
        model: the face of the model that functions are shown.
    """

    said: PackOptions
    model: BaseModel

    @property
    def _options(self) -> Mapping[str, Any]:
        return self.said.model_options

    @property
    def _inside(self) -> Mapping[str, Any]:
        found: Mapping[str, Any] = self._options.get("transformer_options") or {}
        return found

    def _wrappers(self, kind: str) -> list[Callable[..., Any]]:
        return all_of(self.said.wrappers, kind) + all_of(self._inside.get("wrappers", {}), kind)

    def hooks(self) -> dict[str, Any]:
        """All of them, by the names of :class:`engine.diffusion.hooks.Hooks`."""
        found: dict[str, Any] = {
            "evaluation": (self._evaluation,),
            "around": (self._around,),
            "run": (self._run,),
            "parts": self._parts(),
            "both_sides": bool(self._options.get("disable_cfg1_optimization")),
            **self._guidance(),
            **self._patches(),
            **self._replacements(),
        }
        if self._wrappers(WrappersMP.PREDICT_NOISE):
            found["whole"] = (self._whole,)
        replaced = self._options.get("sampler_calc_cond_batch_function")
        if replaced or self._wrappers(WrappersMP.CALC_COND_BATCH):
            found["sight"] = (self._sight,)
        if mask := self._options.get("denoise_mask_function"):
            found["mask"] = partial(self._mask, mask)
        # None and False are what the hooks of the model say without packs.
        return {name: value for name, value in found.items() if value}

    def _parts(self) -> dict[str, Any]:
        prefix = "diffusion_model."
        found = {k: v for k, v in self.said.objects.items() if k.startswith(prefix)}
        return {k[len(prefix) :]: v for k, v in found.items() if k != f"{prefix}forward"}

    # Guidance

    def _guidance(self) -> dict[str, Any]:
        found: dict[str, Any] = {}
        if combine := self._options.get("sampler_cfg_function"):
            found["combine"] = partial(self._combine, combine)
        before = self._options.get("sampler_pre_cfg_function", ())
        after = self._options.get("sampler_post_cfg_function", ())
        found["before"] = tuple(partial(self._before, f) for f in before)
        found["after"] = tuple(partial(self._after, f) for f in after)
        return found

    def _facts(self, g: Guided) -> dict[str, Any]:
        sigma = _level(g.x, g.sigma)
        return {
            "cond_scale": g.scale,
            "timestep": sigma,
            "sigma": sigma,
            "input": g.x,
            "model": self.model.at(self._moment(g)),
            "model_options": self._options,
        }

    def _moment(self, g: Guided) -> Moment:
        hooks, see = g.hooks, g.see
        assert see is not None  # a run always gives it

        def look(x: Tensor, sigma: float, roles: Sequence[str]) -> list[Tensor]:
            return [see(x, role, hooks, sigma) for role in roles]

        return Moment(look, see, self._options)

    def _combine(self, function: Callable[..., Tensor], g: Guided) -> Tensor:
        told = {
            **self._facts(g),
            "cond": g.x - g.cond,
            "uncond": g.x - g.uncond,
            "cond_denoised": g.cond,
            "uncond_denoised": g.uncond,
        }
        return g.x - function(told)

    def _before(self, function: Callable[..., Any], g: Guided) -> tuple[Tensor, Tensor]:
        sides = [Side("positive"), Side("negative")]
        told = {**self._facts(g), "conds": sides, "conds_out": [g.cond, g.uncond]}
        cond, uncond, *_ = function(told)
        return cond, uncond

    def _after(self, function: Callable[..., Tensor], g: Guided, denoised: Tensor) -> Tensor:
        told = {
            **self._facts(g),
            "denoised": denoised,
            "cond": Side("positive"),
            "uncond": Side("negative"),
            "cond_denoised": g.cond,
            "uncond_denoised": g.uncond,
        }
        return function(told)

    def _mask(
        self, function: Callable[..., Tensor], sigma: float, mask: Tensor, sigmas: Sequence[float]
    ) -> Tensor:
        extra = {"model": self.model, "sigmas": torch.tensor(sigmas)}
        return function(torch.tensor([sigma], device=mask.device), mask, extra_options=extra)

    def _whole(
        self, see: Callable[..., Seen], x: Tensor, sigma: float, memory: dict[str, Any]
    ) -> Seen:
        last: list[Seen] = []

        def predict(x: Tensor, timestep: Tensor, options: Any = None, seed: Any = None) -> Tensor:
            last.append(see(x, _number(timestep)))
            return last[-1].denoised

        wrappers = self._wrappers(WrappersMP.PREDICT_NOISE)
        stage = WrapperExecutor(predict, self.model, wrappers)
        denoised = stage.execute(x, _level(x, sigma), self._options, None)
        return Seen(denoised, last[-1].uncond if last else denoised)

    def _sight(
        self, see: Callable[..., list[Tensor]], x: Tensor, sigma: float, roles: Sequence[str]
    ) -> list[Tensor]:
        function = self._options.get("sampler_calc_cond_batch_function")
        shown = self.model.at(Moment(see, _alone(see), self._options))

        def evaluate(
            model: Any, conds: Sequence[Side], x_in: Tensor, timestep: Tensor, options: Any = None
        ) -> list[Tensor]:
            if function is None:
                return see(x_in, _number(timestep), [side.role for side in conds])
            told = {"conds": conds, "input": x_in, "sigma": timestep, "model": model}
            found: list[Tensor] = function({**told, "model_options": options})
            return found

        stage = WrapperExecutor(evaluate, shown, self._wrappers(WrappersMP.CALC_COND_BATCH))
        sides = [Side(role) for role in roles]
        found: list[Tensor] = stage.execute(shown, sides, x, _level(x, sigma), self._options)
        return found

    # One call of the network

    def _evaluation(
        self,
        call: Callable[..., Tensor],
        x: Tensor,
        sigma: float,
        context: Tensor,
        at: Watch,
        **inputs: Any,
    ) -> Tensor:
        level = _level(x, sigma)
        options = self._now(x, level, at)

        def apply(x: Tensor, t: Tensor, **c: Any) -> Tensor:
            given = {_OURS.get(k, k): v for k, v in c.items() if k not in ("transformer_options",)}
            at.memory[_NOW] = c.get("transformer_options") or options
            here = given.pop("context", context)
            same = t is level or (t.shape == level.shape and bool((t == level).all()))
            return call(x, sigma if same else _number(t), here, at, **given)

        def wrapped(x: Tensor, t: Tensor, **c: Any) -> Tensor:
            stage = WrapperExecutor(
                partial(_positional, apply), self.model, self._wrappers(WrappersMP.APPLY_MODEL)
            )
            concat, text = c.pop("c_concat", None), c.pop("c_crossattn", None)
            control, told = c.pop("control", None), c.pop("transformer_options", options)
            found: Tensor = stage.execute(x, t, concat, text, control, told, **c)
            return found

        told = {_THEIRS.get(k, k): v for k, v in inputs.items()}
        c = {**told, "c_crossattn": context, "transformer_options": options}
        if wrapper := self._options.get("model_function_wrapper"):
            roles = list(at.roles)
            said = {"input": x, "timestep": level, "c": c, "cond_or_uncond": roles}
            found: Tensor = wrapper(wrapped, said)
            return found
        return wrapped(x, level, **c)

    def _now(self, x: Tensor, level: Tensor, at: Watch) -> dict[str, Any]:
        """The transformer options of one call."""
        return {
            **self._inside,
            "cond_or_uncond": list(at.roles),
            "uuids": [f"condition {role}" for role in at.roles],
            "sigmas": level,
            "sample_sigmas": torch.tensor(at.sigmas),
            "original_shape": list(x.shape),
        }

    def _around(
        self,
        call: Callable[..., Tensor],
        x: Tensor,
        timesteps: Tensor,
        context: Tensor,
        at: Watch,
        **inputs: Any,
    ) -> Tensor:
        options = at.memory.get(_NOW) or dict(self._inside)
        instead = self.said.objects.get("diffusion_model") or self.said.objects.get(
            "diffusion_model.forward"
        )

        def network(
            x: Tensor,
            timesteps: Tensor,
            context: Tensor,
            y: Tensor | None = None,
            control: Any = None,
            transformer_options: Any = None,
            **more: Any,
        ) -> Tensor:
            if instead is not None:
                given: Tensor = instead(
                    x,
                    timesteps,
                    context,
                    y=y,
                    control=control,
                    transformer_options=transformer_options or options,
                    **more,
                )
                return given
            at.memory[_NOW] = transformer_options or options
            more |= {} if y is None else {"vector": y}
            more |= {} if control is None else {"control": control}
            return call(x, timesteps, context, **more)

        stage = WrapperExecutor(network, self.model, self._wrappers(WrappersMP.DIFFUSION_MODEL))
        y, control = inputs.pop("vector", None), inputs.pop("control", None)
        found: Tensor = stage.execute(x, timesteps, context, y, control, options, **inputs)
        return found

    # Inside of the network

    def _patches(self) -> dict[str, Any]:
        patches: Mapping[str, Any] = self._inside.get("patches") or {}
        found: dict[str, Any] = {}
        for names, call in (
            (_INPUTS, _patched_inputs),
            (_OUTPUTS, _patched_output),
            (_BLOCKS, _patched_block),
            (_JOINS, _patched_join),
        ):
            for kind, hook in names.items():
                found[hook] = tuple(partial(call, f) for f in patches.get(kind, ()))
        channels = self.model.model_channels
        found["embedding"] = tuple(
            partial(_patched_embedding, f, channels) for f in patches.get("emb_patch", ())
        )
        return found

    def _replacements(self) -> dict[str, Any]:
        replaced: Mapping[str, Any] = self._inside.get("patches_replace") or {}
        return {
            "attend_self": _by_place(replaced.get("attn1", {})),
            "attend_cross": _by_place(replaced.get("attn2", {})),
        }

    # The whole run

    def _run(self, go: Callable[..., Any], job: Any) -> Any:
        from .running_wrappers import run_wrapped

        pairs = [pair for found in self.said.injections.values() for pair in found]
        patcher = self.model.patcher()
        for pair in pairs:
            pair.inject(patcher)
        self._tell(CallbacksMP.ON_PRE_RUN, patcher)
        try:
            return run_wrapped(go, job, self._wrappers)
        finally:
            self._tell(CallbacksMP.ON_CLEANUP, patcher)
            for pair in reversed(pairs):
                pair.eject(patcher)

    def _tell(self, kind: str, patcher: Any) -> None:
        for callback in all_of(self.said.callbacks, kind):
            callback(patcher)


#: Names of the network's inputs: ours to theirs.
_THEIRS = {"vector": "y", "concat": "c_concat"}
_OURS = {"y": "vector", "c_concat": "concat", "c_crossattn": "context"}


def _positional(
    apply: Callable[..., Tensor],
    x: Tensor,
    t: Tensor,
    c_concat: Tensor | None = None,
    c_crossattn: Tensor | None = None,
    control: Any = None,
    transformer_options: Any = None,
    **more: Any,
) -> Tensor:
    """The last stage of APPLY_MODEL: what is None was not given."""
    named = {"c_concat": c_concat, "c_crossattn": c_crossattn, "control": control}
    given = {k: v for k, v in named.items() if v is not None}
    return apply(x, t, transformer_options=transformer_options, **given, **more)


def _alone(see: Callable[..., list[Tensor]]) -> Callable[..., Tensor]:
    def one(x: Tensor, role: str, hooks: Any, sigma: float) -> Tensor:
        return see(x, sigma, [role])[0]

    return one


def _level(x: Tensor, sigma: float) -> Tensor:
    """A noise level as packs see it: one number for each item of the batch."""
    return x.new_full((x.shape[0],), sigma)


def _number(level: Tensor | float) -> float:
    return float(level.flatten()[0]) if isinstance(level, Tensor) else float(level)


def _extra(where: Where) -> dict[str, Any]:
    """What a patch is told beside its tensors."""
    block, number, index = where.place
    return {
        **where.memory.get(_NOW, {}),
        "block": (block, number),
        "block_index": index,
        "transformer_index": index,
        "n_heads": where.heads,
        "activations_shape": [0, 0, *where.size],
        "attn_precision": None,
    }


def _patched_inputs(
    function: Callable[..., Any], q: Tensor, k: Tensor, v: Tensor, where: Where
) -> tuple[Tensor, Tensor, Tensor]:
    extra = {**_extra(where), "dim_head": q.shape[-1] // where.heads}
    q, k, v = function(q, k, v, extra)
    return q, k, v


def _patched_output(function: Callable[..., Tensor], x: Tensor, where: Where) -> Tensor:
    return function(x, {**_extra(where), "dim_head": x.shape[-1] // where.heads})


def _patched_block(function: Callable[..., Tensor], h: Tensor, where: Where) -> Tensor:
    return function(h, _extra(where))


def _patched_join(
    function: Callable[..., Any], h: Tensor, skip: Tensor, where: Where
) -> tuple[Tensor, Tensor]:
    h, skip = function(h, skip, _extra(where))
    return h, skip


def _patched_embedding(
    function: Callable[..., Tensor], channels: int, emb: Tensor, where: Where
) -> Tensor:
    return function(emb, channels, _extra(where))


def _by_place(replaced: Mapping[tuple[Any, ...], Callable[..., Tensor]]) -> dict[Place, Attend]:
    """By our places; one without a number of a transformer block stands for all of them."""
    found: dict[Place, Attend] = {}
    for place, function in sorted(replaced.items(), key=lambda item: len(item[0])):
        block, number, *index = place
        for i in index or DEPTHS:
            found[(block, number, i)] = partial(_attended, function)
    return found


def _attended(
    function: Callable[..., Tensor], q: Tensor, k: Tensor, v: Tensor, where: Where
) -> Tensor:
    return function(q, k, v, {**_extra(where), "dim_head": q.shape[-1] // where.heads})
