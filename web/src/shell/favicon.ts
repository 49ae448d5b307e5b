/** The page's icon: a ring that fills while a job runs, the mark otherwise. */
const SIZE = 32;
let plain: string | null = null;
let shown = -1;

/** Show a share of 1; null means that nothing runs. */
export function showIcon(share: number | null): void {
  const link = document.querySelector<HTMLLinkElement>('link[rel="icon"]');
  const step = share === null ? -1 : Math.round(share * 24);
  if (!link || step === shown) return;
  plain ??= link.href;
  shown = step;
  link.href = share === null ? plain : ring(step / 24);
}

function ring(share: number): string {
  const canvas = document.createElement("canvas");
  canvas.width = canvas.height = SIZE;
  const ctx = canvas.getContext("2d");
  if (!ctx) return plain ?? "";
  const style = getComputedStyle(document.documentElement);
  const arc = (to: number, color: string): void => {
    ctx.beginPath();
    ctx.arc(SIZE / 2, SIZE / 2, 12, -Math.PI / 2, -Math.PI / 2 + to * 2 * Math.PI);
    ctx.lineWidth = 6;
    ctx.strokeStyle = color;
    ctx.stroke();
  };
  arc(1, style.getPropertyValue("--border"));
  arc(share, style.getPropertyValue("--running"));
  return canvas.toDataURL("image/png");
}
