"""Validation: every fault of a prompt found in one pass, each with what to do about it.

Invariant: iterative and linear in nodes + links; a prompt that comes out of :func:`validate`
holds only declared inputs, constants of the declared type, and links that exist.
"""

from collections import ChainMap
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from engine.errors import InvalidPrompt

from .faults import (
    Fault,
    bad_link,
    dangling,
    fault,
    mismatch,
    missing,
    nearest,
    not_in_list,
    not_wired,
    wrong_type,
)
from .loops import Loops, compiled, examine, pair, prepare, without
from .prompt import BadLink, Link, Prompt, PromptNode, retouched, to_digraph, topological
from .spec import InputSpec, ListFiles, NodeSpec, Specs, input_config
from .types import WIRE_TYPES, coerce, compatible


@dataclass(frozen=True)
class Validated:
    """A prompt that may run.

    Attributes:
        prompt: the nodes that the good outputs need, with coerced constants.
        outputs: ids of the output nodes that will run, in file order.
        node_errors: faults of nodes that only dropped outputs need.
    """

    prompt: Prompt
    outputs: tuple[str, ...]
    node_errors: dict[str, Any]


class Checks:
    """What is known of the prompt before, all of it or only its nodes that had no fault.

    Things are known by the very object (see :class:`.prompt.Reader`), all under the same specs.
    A node is judged again when it is another object, when one that feeds it came, went or is of
    another kind, and always when it chooses files, which may have gone.
    """

    def __init__(self) -> None:
        self._specs: Specs = {}
        self._prompt: Prompt = {}
        self._good: dict[str, PromptNode] = {}
        self._choosing: list[str] = []
        self._verdict: tuple[list[str] | None, Validated] | None = None

    def known(self, prompt: Prompt, specs: Specs) -> dict[str, PromptNode]:
        """The nodes that are known to be good, with coerced constants."""
        if specs is not self._specs:
            return {}
        old, good = self._prompt, dict(self._good)
        others = [id for id, node in prompt.items() if old.get(id) is not node]
        for id in others:
            good.pop(id, None)
        moved = {id for id in others if id not in old or old[id].kind != prompt[id].kind}
        moved |= old.keys() - prompt.keys()
        if moved:
            good = {
                id: node
                for id, node in good.items()
                if id in prompt and not any(link.node in moved for _, link in prompt[id].wired)
            }
        return good

    def keep(
        self,
        prompt: Prompt,
        specs: Specs,
        checked: Mapping[str, tuple[PromptNode, Sequence[Fault]]],
    ) -> None:
        """Remember the nodes that had no fault and choose no file."""
        self._prompt, self._specs, self._verdict = prompt, specs, None
        kinds = {node.kind for node in prompt.values()}
        choosing = {kind for kind in kinds if any(item.folder for item in specs[kind].inputs)}
        self._choosing = [id for id in checked if prompt[id].kind in choosing]
        self._good = {
            id: node
            for id, (node, faults) in checked.items()
            if not faults and node.kind not in choosing
        }

    def keep_verdict(self, targets: list[str] | None, found: "Validated") -> None:
        """Remember what validation said of the prompt, if it had nothing against it."""
        self._verdict = None if found.node_errors else (targets, found)

    def retouch(
        self, prompt: Prompt, specs: Specs, targets: list[str] | None, list_files: ListFiles
    ) -> "Validated | None":
        """The verdict on a prompt of the shape of the one before, if no constant is at fault."""
        if self._verdict is None or self._verdict[0] != targets or specs is not self._specs:
            return None
        others, before = retouched(self._prompt, prompt), self._verdict[1]
        if others is None or any(specs[prompt[id].kind].loop for id in others):
            return None
        checker = _Checker(prompt, specs, list_files)
        doubtful = dict.fromkeys(id for id in [*others, *self._choosing] if id in before.prompt)
        judged = {id: checker.check(prompt[id]) for id in doubtful}
        if any(faults for _, faults in judged.values()):
            return None
        nodes = {id: node for id, (node, _) in judged.items()}
        if any(before.prompt[id] is not node for id, node in nodes.items()):
            before = replace(before, prompt={**before.prompt, **nodes})
        self._prompt, self._verdict = prompt, (targets, before)
        self._good.update((id, node) for id, node in nodes.items() if id in self._good)
        return before


def validate(
    prompt: Prompt,
    specs: Specs,
    list_files: ListFiles,
    targets: Iterable[str] | None = None,
    checks: Checks | None = None,
) -> Validated:
    """Check a prompt against the specs.

    Args:
        prompt: what :func:`engine.graph.prompt.parse` read.
        specs: the known kinds of nodes.
        list_files: lists the files that a folder choice offers.
        targets: run only these output nodes; None runs all.
        checks: what is known from the prompts before.

    Raises:
        InvalidPrompt: unknown kinds, no output node, or no output without faults.
    """
    targets = None if targets is None else [str(target) for target in targets]
    if checks is None:
        return _validate(prompt, specs, list_files, targets, None)
    found = checks.retouch(prompt, specs, targets, list_files)
    if found is None:
        found = _validate(prompt, specs, list_files, targets, checks)
        checks.keep_verdict(targets, found)
    return found


def _validate(
    prompt: Prompt,
    specs: Specs,
    list_files: ListFiles,
    targets: list[str] | None,
    checks: Checks | None,
) -> Validated:
    _refuse_unknown_kinds(prompt, specs)
    outputs = _outputs(prompt, specs, targets)
    loops = pair(prompt, specs)
    needed = loops.reach(prompt, outputs)
    checker = _Checker(prompt, specs, list_files)
    checked = _check_all(prompt, needed, checker, checks)
    faults = {id: faults for id, (_, faults) in checked.items() if faults}
    _add_cycles(prompt, needed, faults)
    if loops.starts:
        examine({id: prompt[id] for id in prompt if id in needed}, specs, loops)
    _add_faults(loops, needed, faults)
    dependants = _dependants(prompt, outputs, faults, loops)
    bad = {output for ids in dependants.values() for output in ids}
    good = tuple(id for id in outputs if id not in bad)
    errors = _errors(prompt, faults, dependants)
    if not good:
        raise _all_failed(prompt, faults, errors)
    kept = loops.reach(prompt, good) if bad else needed
    chosen = {id: checked[id][0] for id in prompt if id in kept}
    return Validated(prepare(chosen, specs, loops), good, errors)


def _check_all(
    prompt: Prompt, needed: Iterable[str], checker: "_Checker", checks: Checks | None
) -> dict[str, tuple[PromptNode, list[Fault]]]:
    if checks is None:
        return {id: checker.check(prompt[id]) for id in needed}
    good = checks.known(prompt, checker.specs)
    found: dict[str, tuple[PromptNode, list[Fault]]] = {
        id: (good[id], []) if id in good else checker.check(prompt[id]) for id in needed
    }
    checks.keep(prompt, checker.specs, found)
    return found


def check_part(part: Prompt, known: Prompt, specs: Specs, list_files: ListFiles) -> Prompt:
    """Check nodes that a running prompt is extended by; all of them, with coerced constants.

    Args:
        part: the new nodes; their links may lead to each other and to ``known``.
        known: the nodes that are there already.
        specs: the known kinds of nodes.
        list_files: lists the files that a folder choice offers.

    Raises:
        InvalidPrompt: any of them has a fault.
    """
    _refuse_unknown_kinds(part, specs)
    checker = _Checker(ChainMap(dict(part), dict(known)), specs, list_files)
    checked = {id: checker.check(node) for id, node in part.items()}
    faults = {id: faults for id, (_, faults) in checked.items() if faults}
    _add_cycles(part, set(part), faults)
    loops = pair(part, specs)
    examine(part, specs, loops)
    _add_faults(loops, part, faults)
    if faults:
        raise _all_failed(part, faults, _errors(part, faults, {id: [] for id in faults}))
    return prepare({id: node for id, (node, _) in checked.items()}, specs, loops)


def refuse(checked: Validated, faults: Mapping[str, Sequence[Fault]]) -> Validated:
    """Take out the outputs that nodes with faults, found by their own checks, would feed.

    Raises:
        InvalidPrompt: no output is left.
    """
    if not faults:
        return checked
    prompt, found = checked.prompt, {id: list(items) for id, items in faults.items()}
    loops = compiled(prompt)
    dependants = _dependants(prompt, checked.outputs, found, loops)
    bad = {output for ids in dependants.values() for output in ids}
    good = tuple(id for id in checked.outputs if id not in bad)
    errors = {**checked.node_errors, **_errors(prompt, found, dependants)}
    if not good:
        raise _all_failed(prompt, found, errors)
    kept = loops.reach(prompt, good)
    chosen = {id: without(prompt[id], kept) for id in prompt if id in kept}
    return Validated(chosen, good, errors)


class _Checker:
    """Checks single nodes against their specs and their neighbours."""

    def __init__(self, prompt: Prompt, specs: Specs, list_files: ListFiles) -> None:
        self.prompt = prompt
        self.specs = specs
        self.list_files = list_files

    def check(self, node: PromptNode) -> tuple[PromptNode, list[Fault]]:
        """The node with coerced constants, and its faults."""
        spec = self.specs[node.kind]
        faults: list[Fault] = []
        inputs: dict[str, Any] = {}
        given = node.inputs
        same = True
        for item in spec.inputs:
            name = item.name
            if name in given:
                value, fault = self._input(spec, item, given[name])
                inputs[name] = value
                same = same and value is given[name]
                if fault:
                    faults.append(fault)
            elif item.section == "required":
                faults.append(missing(item, self._config(item)))
        if same and len(inputs) == len(given):
            return node, faults
        return PromptNode(node.id, node.kind, inputs, node.title), faults

    def _config(self, item: InputSpec) -> Any:
        return input_config(item, self.list_files)

    def _input(self, spec: NodeSpec, item: InputSpec, value: Any) -> tuple[Any, Fault | None]:
        if type(value) is Link:
            return value, self._link(item, value, spec.own_link_checks)
        if isinstance(value, BadLink):
            return value, bad_link(item, self._config(item), value.value)
        if item.section == "hidden":
            return value, None
        return self._constant(item, value, item.name in (spec.own_checks or ()))

    def _link(self, item: InputSpec, link: Link, any_type: bool) -> Fault | None:
        source = self.prompt.get(link.node)
        if source is None:
            near = nearest(link.node, self.prompt)
            text = f"{item.name}: there is no node '{link.node}' in this prompt{near}"
            return dangling(item, self._config(item), link, text)
        outputs = self.specs[source.kind].outputs
        if link.slot >= len(outputs):
            text = (
                f"{item.name}: node '{link.node}' ({source.kind}) has {len(outputs)} outputs, "
                f"so its last slot is {len(outputs) - 1}; slot {link.slot} does not exist"
            )
            return dangling(item, self._config(item), link, text)
        produced = outputs[link.slot].type
        if any_type or compatible(produced, item.type):
            return None
        return mismatch(item, self._config(item), link, produced)

    def _constant(self, item: InputSpec, value: Any, unbounded: bool) -> tuple[Any, Fault | None]:
        try:
            value = coerce(value, item.type)
        except (ValueError, TypeError) as error:
            return value, wrong_type(item, self._config(item), value, error)
        if item.type in WIRE_TYPES:
            return value, not_wired(item, self._config(item), value)
        if unbounded:
            return value, None
        return value, self._out_of_range(item, value) or self._not_offered(item, value)

    def _out_of_range(self, item: InputSpec, value: Any) -> Fault | None:
        if not isinstance(value, int | float) or isinstance(value, bool):
            return None
        low, high = item.options.get("min"), item.options.get("max")
        if low is not None and value < low:
            kind, text = "value_smaller_than_min", f"Value {value} smaller than min of {low}"
        elif high is not None and value > high:
            kind, text = "value_bigger_than_max", f"Value {value} bigger than max of {high}"
        else:
            return None
        info = {"input_config": self._config(item), "received_value": value}
        return fault(kind, text, item.name, item, **info)

    def _not_offered(self, item: InputSpec, value: Any) -> Fault | None:
        allowed = item.allowed(self.list_files)
        if allowed is None or value in allowed or self._is_elsewhere(item, value):
            return None
        return not_in_list(item, self._config(item), value, allowed)

    def _is_elsewhere(self, item: InputSpec, value: Any) -> bool:
        """Whether an uploaded picture lies in a subfolder, or among results (`` [output]``)."""
        if item.folder != "input" or not isinstance(value, str):
            return False
        path, kind = value, "input"
        for candidate in ("input", "output", "temp"):
            if value.endswith(f" [{candidate}]"):
                path, kind = value.removesuffix(f" [{candidate}]"), candidate
        folder, _, name = path.rpartition("/")
        return name in self.list_files(f"{kind}/{folder}")


def _refuse_unknown_kinds(prompt: Prompt, specs: Specs) -> None:
    unknown = [node for node in prompt.values() if node.kind not in specs]
    if not unknown:
        return
    errors = {node.id: _unknown(node, specs) for node in unknown}
    first = unknown[0]
    raise InvalidPrompt(
        "missing_node_type",
        f"Cannot execute because node {first.kind} does not exist.",
        "\n".join(f"Node ID '#{n.id}': {errors[n.id]['errors'][0]['details']}" for n in unknown),
        {"node_id": first.id, "class_type": first.kind, "title": first.title or first.kind},
        errors,
    )


def _unknown(node: PromptNode, specs: Specs) -> dict[str, Any]:
    near = nearest(node.kind, specs) or ". Install the node pack that provides it"
    text = f"there is no node type '{node.kind}'{near}"
    info = {"node_id": node.id, "class_type": node.kind, "title": node.title or node.kind}
    fault = Fault("missing_node_type", "Unknown node type", text, info)
    return {"errors": [fault.json()], "dependent_outputs": [], "class_type": node.kind}


def _outputs(prompt: Prompt, specs: Specs, targets: Iterable[str] | None) -> list[str]:
    wanted = None if targets is None else {str(t) for t in targets}
    outputs = [id for id, node in prompt.items() if specs[node.kind].is_output]
    chosen = [id for id in outputs if wanted is None or id in wanted]
    if not chosen:
        text = "Add a node that shows or saves a result, such as SaveImage or PreviewImage."
        if outputs:
            text = f"The targets name no output node; the output nodes are {', '.join(outputs)}."
        raise InvalidPrompt("prompt_no_outputs", "Prompt has no outputs", text)
    return chosen


def _add_cycles(prompt: Prompt, needed: set[str], faults: dict[str, list[Fault]]) -> None:
    for cycle in _cycles({id: prompt[id] for id in needed}):
        path = " -> ".join([*cycle, cycle[0]])
        text = f"{path}: each of these waits for the next; remove one of the links"
        fault = Fault("dependency_cycle", "Dependency cycle detected", text, {"cycle": cycle})
        for id in cycle:
            faults.setdefault(id, []).append(fault)


def _cycles(prompt: Prompt) -> Iterator[list[str]]:
    """One cycle of every strongly connected part of the prompt."""
    if len(topological(prompt)) == len(prompt):
        return
    import networkx

    graph = to_digraph(prompt)
    for part in networkx.strongly_connected_components(graph):
        start = min(part)
        if len(part) > 1 or graph.has_edge(start, start):
            yield [edge[0] for edge in networkx.find_cycle(graph.subgraph(part))]


def _add_faults(loops: Loops, needed: Container[str], faults: dict[str, list[Fault]]) -> None:
    for id, found in loops.faults.items():
        if id in needed:
            faults.setdefault(id, []).extend(found)


def _dependants(
    prompt: Prompt, outputs: Sequence[str], faults: dict[str, list[Fault]], loops: Loops
) -> dict[str, list[str]]:
    """Per faulty node, the outputs that cannot run because of it."""
    found: dict[str, list[str]] = {id: [] for id in faults}
    if faults:
        for output in outputs:
            for id in loops.reach(prompt, [output]) & faults.keys():
                found[id].append(output)
    return found


def _errors(
    prompt: Prompt, faults: dict[str, list[Fault]], dependants: dict[str, list[str]]
) -> dict[str, Any]:
    """The ``node_errors`` of an API answer, in file order."""
    return {
        id: {
            "errors": [fault.json() for fault in faults[id]],
            "dependent_outputs": dependants[id],
            "class_type": prompt[id].kind,
        }
        for id in prompt
        if id in faults
    }


def _all_failed(
    prompt: Prompt, faults: dict[str, list[Fault]], errors: dict[str, Any]
) -> InvalidPrompt:
    lines = (
        f"{prompt[id].title or prompt[id].kind} (#{id}): {fault.message}: {fault.details}"
        for id in errors
        for fault in faults.get(id, ())
    )
    text = "Prompt outputs failed validation"
    return InvalidPrompt(
        "prompt_outputs_failed_validation", text, "\n".join(lines), node_errors=errors
    )
