/** A whole grid as one picture with its labels. */
import { t } from "../i18n";

const LARGEST = 8192;
const CELL = 512;
const PAD = 8;
const LABEL = 22;
const FONT = "14px system-ui, sans-serif";

export interface GridPicture {
  columns: readonly string[];
  rows: readonly string[];
  /** Address of the picture in a column of a row; null where there is none. */
  url: (column: number, row: number) => string | null;
}

/** Draw the grid and give it as a PNG; cells shrink as far as the largest canvas asks for. */
export async function gridPng(grid: GridPicture): Promise<Blob> {
  const side = Math.max(48, Math.min(CELL, Math.floor(LARGEST / Math.max(grid.columns.length, grid.rows.length)) - PAD - LABEL));
  const canvas = document.createElement("canvas");
  canvas.width = grid.columns.length * (side + PAD) + PAD;
  canvas.height = grid.rows.length * (side + PAD + LABEL) + LABEL + PAD;
  const ctx = canvas.getContext("2d");
  if (!ctx) throw new Error(t("This browser gives no canvas to draw the grid on."));
  ctx.fillStyle = "white";
  ctx.fillRect(0, 0, canvas.width, canvas.height);
  ctx.font = FONT;
  ctx.fillStyle = "black";
  ctx.textBaseline = "middle";
  grid.columns.forEach((label, x) => ctx.fillText(label, PAD + x * (side + PAD), LABEL / 2 + 2, side));
  for (const [y, label] of grid.rows.entries()) {
    const top = LABEL + y * (side + PAD + LABEL);
    ctx.fillText(label, PAD, top + LABEL / 2, canvas.width - 2 * PAD);
    for (const x of grid.columns.keys()) await place(ctx, grid.url(x, y), PAD + x * (side + PAD), top + LABEL, side);
  }
  return new Promise((done, fail) => {
    canvas.toBlob((blob) => (blob ? done(blob) : fail(new Error(t("The grid is too large for one picture.")))), "image/png");
  });
}

async function place(ctx: CanvasRenderingContext2D, url: string | null, x: number, y: number, side: number): Promise<void> {
  if (url === null) return;
  const image = new Image();
  image.src = url;
  await image.decode();
  const scale = Math.min(side / image.naturalWidth, side / image.naturalHeight);
  const [w, h] = [image.naturalWidth * scale, image.naturalHeight * scale];
  ctx.drawImage(image, x + (side - w) / 2, y + (side - h) / 2, w, h);
}
