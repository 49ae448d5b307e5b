"""Three nodes that steer a run: a lazy choice, a gate, and one that becomes other nodes."""

from engine.api import Blocked, Bool, Float, GraphBuilder, Image, Int, Lazy, Output, node


def _chosen(inputs):
    return ["on_true" if inputs["condition"] else "on_false"]


@node("ExampleChoose", category="example", title="Choose (example)", needs=_chosen)
def choose(*, condition: Bool() = True, on_true: Lazy[Image], on_false: Lazy[Image]) -> Image:
    """Pass one of two pictures on; the other one is not even made.

    Args:
        condition: which one.
        on_true: passed on if the condition is on.
        on_false: passed on if it is off.
    """
    return on_true if condition else on_false


@node("ExampleGate", category="example", title="Gate (example)")
def gate(*, image: Image, minimum: Float(0, 1, step=0.01) = 0.1) -> Image:
    """Stop pictures that are too dark; what would use them is skipped.

    Args:
        image: the picture.
        minimum: the least mean brightness.
    """
    brightness = float(image.mean())
    if brightness < minimum:
        return Blocked(f"The picture is too dark: {brightness:.3f} is below {minimum:.3f}.")
    return image


@node("ExampleTintOften", category="example", title="Tint again and again (example)")
def tint_often(*, image: Image, times: Int(1, 10) = 2) -> Image:
    """Become a row of Tint nodes.

    Args:
        image: the picture.
        times: how many.
    """
    graph, value = GraphBuilder(), image
    for _ in range(times):
        value = graph.node("ExampleTint", image=value, channel="blue", amount=0.2).out(0)
    return Output((value,), expand=graph.finalize())
