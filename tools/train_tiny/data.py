"""Fetch the two art packages and rasterise them into packed sprites.

Keeps the invariant that every sprite is 128 x 128 RGBA uint8 with *premultiplied* alpha, so that a
composition is ``sprite + (1 - alpha) * background`` and resampling never bleeds a dark fringe.

    python -m tools.train_tiny.data

writes ``scratch/train_tiny/sprites.npz`` with ``rgba`` (n 128 128 4), ``style`` and ``code`` (n).
"""

import argparse
import io
import json
import re
import subprocess
import tarfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

SIZE = 128
WORK = Path("scratch/train_tiny")
SKIN_TONES = {"1f3fb", "1f3fc", "1f3fd", "1f3fe", "1f3ff"}
UNWANTED = re.compile(r"flag|clock|keycap|button|squared|letter|skin-tone|input|blood-type")


@dataclass(frozen=True)
class Package:
    """One npm package of art: where its pictures lie and under which licence."""

    npm: str
    version: str
    licence: str


PACKAGES = {
    "fluent3d": Package("@lobehub/fluent-emoji-3d", "1.1.0", "MIT"),
    "noto": Package("@iconify-json/noto", "1.2.9", "Apache-2.0"),
}


def fetch(package: Package, into: Path) -> Path:
    """Download one npm package with the ordinary client and return its tarball."""
    into.mkdir(parents=True, exist_ok=True)
    stem = package.npm.lstrip("@").replace("/", "-")
    tarball = into / f"{stem}-{package.version}.tgz"
    if not tarball.exists():
        name = f"{package.npm}@{package.version}"
        subprocess.run(["npm", "pack", name, "--silent"], cwd=into, check=True)
    return tarball


def code_of(name: str) -> str:
    """Normalise a code point sequence: lower case, no variation selectors."""
    return "-".join(part for part in name.lower().split("-") if part not in {"fe0f", "200d"})


def premultiply(image: Image.Image) -> np.ndarray:
    """Resize to 128 x 128 in premultiplied space, where edges keep their colour."""
    rgba = np.asarray(image.convert("RGBA"), np.float32) / 255
    rgba[..., :3] *= rgba[..., 3:]
    planes = [Image.fromarray(rgba[..., i]).resize((SIZE, SIZE), Image.LANCZOS) for i in range(4)]
    stacked = np.stack([np.asarray(plane) for plane in planes], -1)  # h w 4
    stacked = stacked.clip(0, 1)
    return (stacked * 255 + 0.5).astype(np.uint8)


def fluent3d_pictures(tarball: Path) -> Iterator[tuple[str, Image.Image]]:
    """Yield (code, picture) of the glossy 3D renders, one skin tone (the yellow) each."""
    with tarfile.open(tarball) as tar:
        for member in sorted(tar.getmembers(), key=lambda m: m.name):
            code = code_of(Path(member.name).stem)
            if not member.name.endswith(".webp") or SKIN_TONES & set(code.split("-")):
                continue
            yield code, Image.open(io.BytesIO(tar.extractfile(member).read()))


def noto_pictures(tarball: Path) -> Iterator[tuple[str, Image.Image]]:
    """Yield (code, picture) of the cartoon drawings, rasterised from SVG at twice the size."""
    import resvg_py

    with tarfile.open(tarball) as tar:
        icons = json.load(tar.extractfile("package/icons.json"))
        slugs = json.load(tar.extractfile("package/chars.json"))
    for char, slug in sorted(slugs.items()):
        code = code_of(char)
        if UNWANTED.search(slug) or SKIN_TONES & set(code.split("-")):
            continue
        if slug not in icons["icons"]:
            continue
        svg = (
            '<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" '
            f'viewBox="0 0 128 128">{icons["icons"][slug]["body"]}</svg>'
        )
        png = bytes(resvg_py.svg_to_bytes(svg_string=svg, width=2 * SIZE, height=2 * SIZE))
        yield code, Image.open(io.BytesIO(png))


READERS = {"fluent3d": fluent3d_pictures, "noto": noto_pictures}


def pack(work: Path) -> Path:
    """Fetch and rasterise everything that both styles draw; return the packed file."""
    sets: dict[str, dict[str, np.ndarray]] = {}
    for style, package in PACKAGES.items():
        tarball = fetch(package, work / "packages")
        sets[style] = {code: premultiply(image) for code, image in READERS[style](tarball)}
        print(f"{style}: {len(sets[style])} sprites from {package.npm} ({package.licence})")
    shared = sorted(set.intersection(*(set(sprites) for sprites in sets.values())))
    rows = [(style, code) for style in PACKAGES for code in shared]
    rgba = np.stack([sets[style][code] for style, code in rows])
    path = work / "sprites.npz"
    np.savez(path, rgba=rgba, style=[s for s, _ in rows], code=[c for _, c in rows])
    print(f"{len(rows)} sprites -> {path}")
    return path


if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--work", type=Path, default=WORK, help="folder for packages and sprites")
    pack(parser.parse_args().work)
