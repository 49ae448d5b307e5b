"""What a node says of itself, as Markdown: for the pages of the docs and for the canvas."""

from .spec import InputSpec, NodeSpec


def help_page(spec: NodeSpec, level: int = 1) -> str:
    """A node's title, description, table of inputs, and outputs.

    Args:
        spec: of the node.
        level: of the heading, 1 to 6.
    """
    outputs = ", ".join(f"{o.name} ({o.type})" for o in spec.outputs) or "none: it ends a graph"
    rows = [_input(item) for item in spec.inputs if item.section != "hidden"]
    table = ["| input | type | default | allowed | what for |", "|---|---|---|---|---|", *rows]
    title = f"{'#' * level} {spec.display_name} (`{spec.id}`)"
    return "\n".join([title, "", spec.description, "", *table, "", f"Outputs: {outputs}.", ""])


def _input(item: InputSpec) -> str:
    options = item.options
    default = options.get("default", "")
    shown = f"`{default!r}`" if default != "" else ""
    name = item.name if item.section == "required" else f"{item.name} (optional)"
    return f"| {name} | {item.type} | {shown} | {_allowed(item)} | {options.get('tooltip', '')} |"


def _allowed(item: InputSpec) -> str:
    if item.folder is not None:
        return f"a file in `{item.folder}`"
    if item.choices is not None:
        return ", ".join(str(choice) for choice in item.choices)
    low, high = item.options.get("min"), item.options.get("max")
    return f"{low} to {high}" if low is not None and high is not None else ""
