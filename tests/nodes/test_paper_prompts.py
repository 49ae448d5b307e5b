"""The prompts for the models of the latent diffusion paper, each run on a tiny checkpoint."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

from tests.live import ROOT
from tests.tiny_paper import write_tiny_paper

PROMPTS = ROOT / "workflows" / "paper"
#: Prompt to the kind of its checkpoint, and the size of its picture.
KINDS = {
    "unconditional": ("unconditional", (256, 256)),
    "class": ("class", (256, 256)),
    "text": ("text-large", (256, 256)),
    "layout": ("layout", (256, 256)),
    "inpainting": ("inpainting", (48, 32)),
    "super_resolution": ("super-resolution", (96, 64)),
    "semantic": ("semantic", (48, 32)),
}
PAGE = (ROOT / "docs" / "paper-models.md").read_text()


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An installation with the pictures that the prompts name."""
    base = tmp_path_factory.mktemp("paper")
    (base / "input").mkdir()
    Image.effect_noise((48, 32), 80).convert("RGB").save(base / "input" / "picture.png")
    Image.effect_noise((24, 16), 80).convert("RGB").save(base / "input" / "small.png")
    Image.new("L", (48, 32), 11).save(base / "input" / "classes.png")
    mask = Image.new("L", (48, 32))
    mask.paste(255, (8, 8, 32, 24))
    mask.convert("RGB").save(base / "input" / "mask.png")
    return base


def test_each_prompt_is_told_of() -> None:
    assert {f"{name}_api" for name in KINDS} == {path.stem for path in PROMPTS.glob("*.json")}
    for name in KINDS:
        assert f"paper/{name}_api.json" in PAGE
        prompt = json.loads((PROMPTS / f"{name}_api.json").read_text())
        assert f"`{prompt['1']['inputs']['ckpt_name']}`" in PAGE


@pytest.mark.parametrize("name", KINDS)
def test_prompts_run(base: Path, tmp_path: Path, name: str) -> None:
    """From the command line, as a user runs them; two steps are enough."""
    kind, size = KINDS[name]
    path = PROMPTS / f"{name}_api.json"
    checkpoint = json.loads(path.read_text())["1"]["inputs"]["ckpt_name"]
    write_tiny_paper(base / "models" / "checkpoints" / checkpoint, kind)
    command = [sys.executable, "main.py", "run", str(path), "--set", "KSampler.steps=2", "--cpu"]
    command += ["--cache-none", "--base-directory", str(base), "--output", str(tmp_path)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=200)
    assert done.returncode == 0, done.stderr
    picture = Image.open(done.stdout.strip())
    assert picture.size == size
    if name == "inpainting":
        given = Image.open(base / "input" / "picture.png")
        kept = (0, 0, 48, 8)  # above the mask
        assert picture.crop(kept).tobytes() == given.crop(kept).tobytes()
        assert picture.tobytes() != given.tobytes()
