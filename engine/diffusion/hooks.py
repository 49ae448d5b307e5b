"""What a MODEL carries besides its weights: functions that look into a run, or change it.

Nodes add to these (``model.hooked(...)``) instead of touching a network. The names and the
arguments are those that this field shares, so that functions written for other programs fit.

Invariant: frozen; adding gives another object, and an empty one costs a step nothing.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

from torch import Tensor

#: Where in a U-Net: ``input``, ``middle`` or ``output``, the number of the block in it, and
#: the number of the transformer block there (0 if it is about the block as a whole).
Place = tuple[str, int, int]


@dataclass(frozen=True)
class Guided:
    """What guidance works with, at one noise level; all clean latents are ``b c h w``.

    Attributes:
        x: the noisy latent.
        sigma: its noise level.
        cond: what the model sees under the positive conditioning.
        uncond: what it sees under the negative one.
        scale: how strictly to follow the difference.
        sigmas: all levels of the run, descending.
        memory: kept from step to step of one run, for functions that need it.
        hooks: of the model.
        see: evaluates the model once more: ``(x, role, hooks, sigma) -> denoised``, where role
            is ``positive``, ``negative`` or one of ``Hooks.sides``, the hooks take the place
            of the model's, and the noise level may be left out.
    """

    x: Tensor
    sigma: float
    cond: Tensor
    uncond: Tensor
    scale: float
    sigmas: tuple[float, ...] = ()
    memory: dict[str, Any] = field(default_factory=dict)
    hooks: "Hooks | None" = None
    see: "Callable[..., Tensor] | None" = None


#: Puts the two sides together; takes the place of ``uncond + (cond - uncond) scale``.
Combine = Callable[[Guided], Tensor]
#: Changes the two sides before they are put together.
Before = Callable[[Guided], tuple[Tensor, Tensor]]
#: Changes the result.
After = Callable[[Guided, Tensor], Tensor]
#: Looks at or changes the noise mask: ``(sigma, mask, sigmas) -> mask``.
MaskRule = Callable[[float, Tensor, tuple[float, ...]], Tensor]


class Attend(Protocol):
    """Takes the place of one attention: ``(q, k, v, where) -> attended``, all ``b n c``."""

    def __call__(self, q: Tensor, k: Tensor, v: Tensor, where: "Where") -> Tensor: ...


@dataclass(frozen=True)
class Where:
    """Where in the network, and in which call of it, a function is asked.

    Attributes:
        place: block and number.
        heads: of the attention.
        size: height and width of the feature map whose pixels are the tokens.
        roles: per part of the batch, 0 for positive and 1 for negative.
        sigma: noise level of the call.
        sigmas: all levels of the run.
        full: height and width of the latent.
        memory: kept from call to call of one run.
    """

    place: Place
    heads: int = 1
    size: tuple[int, int] = (0, 0)
    roles: tuple[int, ...] = ()
    sigma: float = 0.0
    sigmas: tuple[float, ...] = ()
    full: tuple[int, int] = (0, 0)
    memory: dict[str, Any] = field(default_factory=dict, compare=False)


#: Changes the inputs of attention: ``(q, k, v, where)``, each before its projection.
Inputs = Callable[[Tensor, Tensor, Tensor, Where], tuple[Tensor, Tensor, Tensor]]
#: Changes the output of an attention or a block.
Outputs = Callable[[Tensor, Where], Tensor]
#: Changes a feature map and its skip connection before they are joined.
Joins = Callable[[Tensor, Tensor, Where], tuple[Tensor, Tensor]]


class Foreign(Protocol):
    """What node packs have said of a run in their own terms."""

    def hooks(self, model: Any) -> Mapping[str, Any]:
        """The same as hooks of a model, for :meth:`Hooks.add`."""


@dataclass(frozen=True)
class Hooks:
    """Functions around and inside of the network; those of one kind run in order.

    Attributes:
        combine: guidance in place of the plain one.
        before: run before guidance.
        after: run after guidance.
        both_sides: evaluate the negative side even where guidance would not need it.
        mask: rule for the noise mask.
        self_inputs: of self-attention.
        self_outputs: of self-attention.
        between: in each transformer block, between self- and cross-attention.
        cross_inputs: of cross-attention.
        cross_outputs: of cross-attention.
        attend_self: by place, instead of self-attention.
        attend_cross: by place, instead of cross-attention.
        input_block: after each input block.
        input_onward: after each input block, when its skip connection has been taken.
        middle_block: after the middle.
        output_join: before each output block.
        embedding: of the embedded timestep, ``b c``.
        around: wraps the whole call: ``around(call, x, timesteps, context, at, **inputs)``,
            where ``at`` is a :class:`Watch`.
        parts: by path in the network, what takes the place of a part of it during a call.
        evaluation: wraps the call and what it makes of noisy and clean latents:
            ``evaluation(call, x, sigma, context, at, **inputs)`` gives clean latents.
        sight: wraps the evaluation of several sides: ``sight(see, x, sigma, roles)``, where
            ``see(x, sigma, roles)`` gives the clean latents under these roles.
        whole: wraps all that a sampler sees at one moment: ``whole(see, x, sigma, memory)``,
            where ``see()`` gives the clean latents with and without guidance, of another latent
            or noise level if these are given.
        run: wraps a whole run: ``run(go, job)``, where ``go(job)`` gives what
            :func:`.sample.sample_guided` gives.
        sides: further conditionings, by role, for those that evaluate the model again.
        remembers: some function keeps something from step to step, so that a run cannot go on
            from a saved state.
        compiled: backend of torch.compile that runs the network; None runs it as it is.
        foreign: what node packs have said of a run in their own terms.
    """

    combine: Combine | None = None
    before: tuple[Before, ...] = ()
    after: tuple[After, ...] = ()
    both_sides: bool = False
    mask: MaskRule | None = None
    self_inputs: tuple[Inputs, ...] = ()
    self_outputs: tuple[Outputs, ...] = ()
    between: tuple[Outputs, ...] = ()
    cross_inputs: tuple[Inputs, ...] = ()
    cross_outputs: tuple[Outputs, ...] = ()
    attend_self: Mapping[Place, Attend] = field(default_factory=dict, hash=False)
    attend_cross: Mapping[Place, Attend] = field(default_factory=dict, hash=False)
    input_block: tuple[Outputs, ...] = ()
    input_onward: tuple[Outputs, ...] = ()
    middle_block: tuple[Outputs, ...] = ()
    output_join: tuple[Joins, ...] = ()
    embedding: tuple[Outputs, ...] = ()
    around: tuple[Callable[..., Tensor], ...] = ()
    parts: Mapping[str, Any] = field(default_factory=dict, hash=False)
    evaluation: tuple[Callable[..., Tensor], ...] = ()
    sight: tuple[Callable[..., list[Tensor]], ...] = ()
    whole: tuple[Callable[..., Any], ...] = ()
    run: tuple[Callable[..., Any], ...] = ()
    sides: Mapping[str, Any] = field(default_factory=dict, hash=False)
    remembers: bool = False
    compiled: str | None = None
    foreign: Foreign | None = None

    def translated(self, model: Any) -> "Hooks":
        """These with what packs have said, ready for a run of a model."""
        if self.foreign is None:
            return self
        return replace(self, foreign=None).add(**self.foreign.hooks(model))

    def add(self, **more: Any) -> "Hooks":
        """These and more: tuples and mappings are joined, everything else is replaced."""
        joined: dict[str, Any] = {}
        for name, value in more.items():
            old = getattr(self, name)
            if isinstance(old, tuple):
                joined[name] = (*old, *(value if isinstance(value, tuple) else (value,)))
            else:
                joined[name] = {**old, **value} if isinstance(old, Mapping) else value
        return replace(self, **joined)

    @property
    def inside(self) -> bool:
        """Whether the network itself has to ask any of them."""
        return bool(
            self.self_inputs
            or self.self_outputs
            or self.between
            or self.cross_inputs
            or self.cross_outputs
            or self.attend_self
            or self.attend_cross
            or self.input_block
            or self.input_onward
            or self.middle_block
            or self.output_join
            or self.embedding
        )


NO_HOOKS = Hooks()


@dataclass(frozen=True)
class Watch:
    """The hooks of one call of a network, and what they may know of it."""

    hooks: Hooks
    roles: tuple[int, ...]
    sigma: float
    sigmas: tuple[float, ...]
    full: tuple[int, int]
    memory: dict[str, Any] = field(default_factory=dict, compare=False)

    def where(self, place: Place, heads: int = 1, size: tuple[int, int] = (0, 0)) -> Where:
        """A place in this call."""
        return Where(
            place, heads, size, self.roles, self.sigma, self.sigmas, self.full, self.memory
        )
