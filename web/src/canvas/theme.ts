/**
 * Colours of canvas and shell, in OKLCH so that every hue has the same lightness.
 *
 * One source for both: the canvas reads a `Theme`, the shell gets the same values as CSS custom
 * properties through `cssVariables`.
 */
export interface Theme {
  name: "dark" | "light" | "contrast";
  canvas: string;
  dot: string;
  dotMajor: string;
  node: string;
  field: string;
  fieldHover: string;
  border: string;
  text: string;
  text2: string;
  text3: string;
  accent: string;
  running: string;
  done: string;
  stale: string;
  cached: string;
  error: string;
  bypass: string;
  panel: string;
  raised: string;
  shadow: string;
  /** Lightness and chroma of socket type colours. */
  typeL: number;
  typeC: number;
  /** Colours of single socket types, by their name in capitals. */
  types?: Readonly<Record<string, string>>;
}

const oklch = (l: number, c: number, h: number, a = 1): string =>
  `oklch(${String(l)} ${String(c)} ${String(h)}${a < 1 ? ` / ${String(a)}` : ""})`;

const DARK: Theme = {
  name: "dark",
  canvas: oklch(0.17, 0.008, 260),
  dot: oklch(0.26, 0.008, 260),
  dotMajor: oklch(0.34, 0.01, 260),
  node: oklch(0.235, 0.01, 260),
  field: oklch(0.195, 0.008, 260),
  fieldHover: oklch(0.215, 0.01, 260),
  border: oklch(0.32, 0.012, 260),
  text: oklch(0.93, 0.004, 260),
  text2: oklch(0.72, 0.008, 260),
  text3: oklch(0.66, 0.01, 260),
  accent: oklch(0.8, 0.13, 235),
  running: oklch(0.84, 0.15, 85),
  done: oklch(0.8, 0.14, 155),
  stale: oklch(0.8, 0.12, 70),
  cached: oklch(0.6, 0.02, 260),
  error: oklch(0.68, 0.2, 25),
  bypass: oklch(0.7, 0.14, 305),
  panel: oklch(0.205, 0.009, 260),
  raised: oklch(0.265, 0.011, 260),
  shadow: oklch(0.05, 0.01, 260, 0.55),
  typeL: 0.78,
  typeC: 0.12,
};

const LIGHT: Theme = {
  name: "light",
  canvas: oklch(0.955, 0.004, 260),
  dot: oklch(0.87, 0.006, 260),
  dotMajor: oklch(0.79, 0.008, 260),
  node: oklch(0.995, 0.002, 260),
  field: oklch(0.955, 0.005, 260),
  fieldHover: oklch(0.935, 0.007, 260),
  border: oklch(0.85, 0.008, 260),
  text: oklch(0.24, 0.012, 260),
  text2: oklch(0.43, 0.012, 260),
  text3: oklch(0.5, 0.012, 260),
  accent: oklch(0.5, 0.15, 245),
  running: oklch(0.66, 0.15, 75),
  done: oklch(0.55, 0.14, 155),
  stale: oklch(0.6, 0.12, 70),
  cached: oklch(0.6, 0.02, 260),
  error: oklch(0.55, 0.2, 25),
  bypass: oklch(0.55, 0.14, 305),
  panel: oklch(0.98, 0.003, 260),
  raised: oklch(0.93, 0.006, 260),
  shadow: oklch(0.3, 0.02, 260, 0.22),
  typeL: 0.55,
  typeC: 0.13,
};

/** For eyes that need more: bright on black, and every border seen. */
const CONTRAST: Theme = {
  ...DARK,
  name: "contrast",
  canvas: oklch(0, 0, 0),
  dot: oklch(0.3, 0, 0),
  dotMajor: oklch(0.42, 0, 0),
  node: oklch(0.12, 0, 0),
  field: oklch(0.05, 0, 0),
  fieldHover: oklch(0.2, 0, 0),
  border: oklch(0.8, 0, 0),
  text: oklch(1, 0, 0),
  text2: oklch(0.93, 0, 0),
  text3: oklch(0.84, 0, 0),
  accent: oklch(0.88, 0.12, 215),
  running: oklch(0.9, 0.16, 95),
  done: oklch(0.88, 0.17, 150),
  stale: oklch(0.88, 0.12, 75),
  cached: oklch(0.8, 0.02, 260),
  error: oklch(0.78, 0.15, 25),
  bypass: oklch(0.82, 0.12, 310),
  panel: oklch(0.08, 0, 0),
  raised: oklch(0.2, 0, 0),
  typeL: 0.88,
};

export const THEMES: Record<Theme["name"], Theme> = { dark: DARK, light: LIGHT, contrast: CONTRAST };

/** Hue, and chroma where the type is quieter than the others. */
const HUES = new Map<string, [number, number?]>([
  ["MODEL", [300]],
  ["CLIP", [95]],
  ["VAE", [25]],
  ["CONDITIONING", [60]],
  ["LATENT", [345]],
  ["IMAGE", [235]],
  ["MASK", [155]],
  ["CONTROL_NET", [180]],
  ["VIDEO", [210]],
  ["AUDIO", [130]],
  ["STRING", [110, 0.06]],
  ["INT", [220, 0.04]],
  ["FLOAT", [220, 0.04]],
  ["BOOLEAN", [10, 0.06]],
  ["COMBO", [260, 0.03]],
]);

const HUE_STEPS = Array.from({ length: 24 }, (_, i) => i * 15).filter((hue) =>
  [...HUES.values()].every(([known]) => Math.abs(((hue - known + 540) % 360) - 180) >= 8),
);

/** The hue of a socket type; types we do not know get a stable one, apart from the known. */
export function hueOf(type: string): [number, number?] {
  const known = HUES.get(type);
  if (known) return known;
  let hash = 0;
  for (const c of type) hash = (hash * 31 + (c.codePointAt(0) ?? 0)) >>> 0;
  return [HUE_STEPS[hash % HUE_STEPS.length] ?? 0];
}

/** What was made for one theme; another one begins anew. */
const made = { theme: null as Theme | null, plain: new Map<string, string>(), tints: new Map<string, string>() };

/** The colour of a socket type; `alpha` for tints. Lists of types take the first one. */
export function typeColor(theme: Theme, rawType: unknown, alpha = 1): string {
  if (theme !== made.theme) Object.assign(made, { theme, plain: new Map(), tints: new Map() });
  // Asked for thousands of times a frame: full colours are found without making a string.
  if (alpha !== 1 || typeof rawType !== "string") return tint(theme, rawType, alpha);
  const known = made.plain.get(rawType);
  if (known !== undefined) return known;
  const fresh = tint(theme, rawType, 1);
  made.plain.set(rawType, fresh);
  return fresh;
}

function tint(theme: Theme, rawType: unknown, alpha: number): string {
  const type = String(rawType).split(",")[0]?.trim().toUpperCase() ?? "*";
  const id = `${type}|${String(alpha)}`;
  const cached = made.tints.get(id);
  if (cached) return cached;
  const colour = mixed(theme, type, alpha);
  made.tints.set(id, colour);
  return colour;
}

function mixed(theme: Theme, type: string, alpha: number): string {
  const own = theme.types?.[type];
  if (own !== undefined) return alpha === 1 ? own : `color-mix(in oklab, ${own} ${String(alpha * 100)}%, transparent)`;
  const any = type === "*" || type === "0" || type === "-1" || type === "";
  const [hue, chroma] = any ? [0, 0] : hueOf(type);
  return oklch(any ? theme.typeL * 0.9 : theme.typeL, chroma ?? theme.typeC, hue, alpha);
}

/** The theme as CSS custom properties for the shell. */
export function cssVariables(theme: Theme): Record<string, string> {
  const pairs = Object.entries(theme).filter(([, value]) => typeof value === "string");
  return Object.fromEntries(pairs.map(([name, value]) => [`--${name}`, String(value)]));
}
