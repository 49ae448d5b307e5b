"""Make docs/gallery.md: every technique's workflow, run on the embedded model, and its pictures.

    python -m tools.gallery

The workflows lie in ``workflows/`` and are those that the canvas offers as templates, each with a
small picture beside it. Seeds and prompts stand in them; nothing is picked afterwards.
"""

import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from PIL import Image, ImageDraw, ImageOps

ROOT = Path(__file__).resolve().parents[1]
PAGE, PICTURES = ROOT / "docs" / "gallery.md", ROOT / "docs" / "gallery"
HEIGHT, LABEL, GAP = 192, 18, 8
#: Size of the picture beside a workflow, and how many results it shows.
SMALL, MOST = (320, 180), 3
#: Workflows with such a picture that are not on the page.
UNPAGED = ("default", "loop")
#: Workflow to the heading and the sentence under it.
SHOWN = {
    "image_to_image": (
        "Image to image",
        "A picture is noised and denoised towards another prompt; the strength says how far.",
    ),
    "inpainting": ("Inpainting", "Only the masked upper half is made anew, under another prompt."),
    "inpainting_model": (
        "Inpainting model",
        "The right half is made anew by a model of its own that sees the picture around it.",
    ),
    "areas": ("Areas", "Two prompts, each with its own half of one picture."),
    "samplers": ("Samplers", "The same noise and prompt, eight steps of three samplers."),
    "hires_fix": (
        "Hires fix",
        "A first pass at 96 x 96, below the size the model knows, composes; its latent is enlarged "
        "to 128 x 128 and half denoised again, which repairs the drawing.",
    ),
    "lora": (
        "LoRA",
        "The same prompt and noise with the blueprint LoRA at three strengths; "
        "at 0 the model is as it was, bit by bit.",
    ),
    "few_step": (
        "Few steps",
        "A LoRA distilled from the model draws in four steps, without guidance, what else takes "
        "twenty with it; a single step shows how far a first guess gets.",
    ),
    "textual_inversion": (
        "Textual inversion",
        "The model was never taught tangerines and draws something else; a learnt word, "
        "`embedding:loom-tiny-tangerine` in the prompt, names one. Style and ground are obeyed.",
    ),
    "class": (
        "Class",
        "A class instead of a prompt, by the smallest model that comes along; without one it draws "
        "what it likes.",
    ),
    "controlnet": (
        "ControlNet",
        "The edges of a picture, mirrored, steer another prompt; the one without them has the "
        "same seed.",
    ),
}


def main() -> None:
    """Run all workflows and write the page."""
    PICTURES.mkdir(exist_ok=True)
    parts = [
        "# Gallery\n",
        "What each technique does, on the small model that comes with Latent Loom: every picture "
        "below was made by `make gallery` from a workflow in `workflows/`, on a CPU. On the canvas "
        "they are under Open, Templates.\n",
    ]
    for name, (title, sentence) in SHOWN.items():
        pictures = run(ROOT / "workflows" / f"{name}.json")
        strip(pictures).save(PICTURES / f"{name}.png", optimize=True)
        keep_small(name, pictures)
        parts += [f"## {title}", sentence, "", f"![{title}](gallery/{name}.png)", ""]
        parts += [f"Workflow: `workflows/{name}.json`\n"]
        print(name, flush=True)
    PAGE.write_text("\n".join(parts))
    for name in UNPAGED:
        keep_small(name, run(ROOT / "workflows" / f"{name}.json"))


def keep_small(name: str, pictures: list[tuple[str, Image.Image]]) -> None:
    """Write the picture that the canvas shows for a template."""
    small = beside([picture for _, picture in pictures])
    small.save(ROOT / "workflows" / f"{name}.webp", quality=72, method=6)


def beside(pictures: list[Image.Image]) -> Image.Image:
    """The last pictures side by side, each cut to its share of a small one."""
    shown = pictures[-MOST:]
    page = Image.new("RGB", SMALL)
    width = -(-SMALL[0] // len(shown))
    for i, picture in enumerate(shown):
        page.paste(
            ImageOps.fit(picture, (width, SMALL[1]), Image.Resampling.LANCZOS), (i * width, 0)
        )
    return page


def run(workflow: Path) -> list[tuple[str, Image.Image]]:
    """The pictures that a workflow saves, each with the title of its node, in order of ids."""
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "main.py", "run", str(workflow), "--json", "--output", folder]
        command += ["--cpu", "--cache-none", "--user-directory", f"{folder}/user"]
        done = subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True)
        outputs: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
        nodes = {str(n["id"]): n for n in json.loads(workflow.read_text())["nodes"]}
        found = [
            (nodes[id].get("title", ""), image)
            for id, shown in sorted(outputs.items(), key=_number)
            for image in shown["images"]
        ]
        return [
            (title, Image.open(Path(folder, image["subfolder"], image["filename"])).convert("RGB"))
            for title, image in found
        ]


def _number(item: tuple[str, Any]) -> int:
    return int(item[0])


def strip(pictures: list[tuple[str, Image.Image]]) -> Image.Image:
    """Pictures side by side, enlarged to one height, with their titles below."""
    large = [
        (t, p.resize((p.width * HEIGHT // p.height, HEIGHT), Image.LANCZOS)) for t, p in pictures
    ]
    width = sum(p.width + GAP for _, p in large) - GAP
    page = Image.new("RGB", (width, HEIGHT + LABEL), "white")
    pen, left = ImageDraw.Draw(page), 0
    for title, picture in large:
        page.paste(picture, (left, 0))
        pen.text((left + 2, HEIGHT + 2), title, "black", font_size=13)
        left += picture.width + GAP
    return page.quantize(256, dither=Image.Dither.FLOYDSTEINBERG)


if __name__ == "__main__":
    main()
