/**
 * Workflows inside files: pictures, sounds, films, weights.
 *
 * Invariant: what a file is, its first bytes say; nothing in it is ever run or shown as a page.
 */
import { t } from "../../i18n";
import { type Json, parseJson } from "../json";
import { keep, type Source, tagAt, type Texts, utf8, viewOf } from "./bytes";
import { readAvif, readJpeg, readWebp } from "./exif";
import { readMp4, readWebm } from "./film";
import { readPngText } from "./png";
import { readFlac, readMp3, readOgg } from "./sound";

export { sourceOf } from "./bytes";

/** A kind of file: what it is called, where a workflow stands in it, how it is read. */
interface Kind {
  name: string;
  place: () => string;
  is: (head: Uint8Array) => boolean;
  read: (source: Source, texts: Texts) => Promise<void>;
}

const starts = (...marks: string[]) => (head: Uint8Array): boolean => marks.some((mark) => utf8(head.subarray(0, mark.length)) === mark);
const brand = (pattern: RegExp) => (head: Uint8Array): boolean => tagAt(head, 4) === "ftyp" && pattern.test(tagAt(head, 8));

/** A length of eight bytes that no text could be, then JSON. */
const isSafetensors = (head: Uint8Array): boolean => tagAt(head, 8).startsWith("{") && viewOf(head).getUint32(4, true) === 0;

const KINDS: Kind[] = [
  { name: "PNG", place: () => t("its text chunks"), is: (head) => tagAt(head, 1).startsWith("PNG"), read: readPng },
  { name: "JPEG", place: () => t("its EXIF data and comment"), is: (head) => head[0] === 0xff && head[1] === 0xd8, read: readJpeg },
  { name: "WebP", place: () => t("its EXIF data"), is: (head) => tagAt(head, 0) === "RIFF" && tagAt(head, 8) === "WEBP", read: readWebp },
  { name: "AVIF", place: () => t("its EXIF data"), is: brand(/avif|avis|heic|mif1/), read: readAvif },
  { name: "MP4", place: () => t("its metadata"), is: (head) => tagAt(head, 4) === "ftyp", read: readMp4 },
  { name: "WebM", place: () => t("its tags"), is: (head) => viewOf(head).getUint32(0) === 0x1a45dfa3, read: readWebm },
  { name: "FLAC", place: () => t("its comments"), is: starts("fLaC"), read: readFlac },
  { name: "Ogg", place: () => t("its comments"), is: starts("OggS"), read: readOgg },
  { name: "MP3", place: () => t("its ID3 tag"), is: starts("ID3"), read: readMp3 },
  { name: "SVG", place: () => t("its metadata"), is: starts("<svg", "<?xml"), read: readSvg },
  { name: "safetensors", place: () => t("its header"), is: isSafetensors, read: readSafetensors },
];

/** What a file carries: the workflow, or else the prompt. */
export interface Found {
  /** Null if the file is of no known kind; its text may be JSON. */
  kind: string | null;
  value: Json | null;
  /** For the user: what was looked for, where there was nothing. */
  missing: string;
}

export async function findWorkflow(source: Source): Promise<Found> {
  const head = await source.read(0, 32);
  const kind = head.length < 12 ? undefined : KINDS.find((candidate) => candidate.is(head));
  if (!kind) return { kind: null, value: null, missing: "" };
  const texts: Texts = new Map();
  // A file that ends early still gives what came before.
  await kind.read(source, texts).catch(() => undefined);
  const value = firstJson(texts.get("workflow"), texts.get("prompt"));
  const seen = [...texts.keys()].slice(0, 6).join(", ");
  const missing = t('This {kind} file carries no workflow: looked for "workflow" and "prompt" in {place}, found {found}.', {
    kind: kind.name,
    place: kind.place(),
    found: seen || t("nothing"),
  });
  return { kind: kind.name, value, missing };
}

/** The first text that is JSON; a broken one does not hide the next. */
function firstJson(...candidates: (string | undefined)[]): Json | null {
  for (const text of candidates) {
    try {
      if (text !== undefined) return parseJson(text);
    } catch {
      // The next one may be whole.
    }
  }
  return null;
}

async function readPng(source: Source, texts: Texts): Promise<void> {
  const bytes = await source.read(0, source.size);
  for (const [key, text] of await readPngText(bytes.buffer as ArrayBuffer)) keep(texts, key, text);
}

const HEADER_LIMIT = 100_000_000;

/** safetensors and .latent: the strings of `__metadata__`; the tensors are not read. */
async function readSafetensors(source: Source, texts: Texts): Promise<void> {
  const size = Number(viewOf(await source.read(0, 8)).getBigUint64(0, true));
  if (size > Math.min(HEADER_LIMIT, source.size)) return;
  const header = JSON.parse(utf8(await source.read(8, 8 + size))) as { __metadata__?: Record<string, string> };
  for (const [key, text] of Object.entries(header.__metadata__ ?? {})) keep(texts, key, text);
}

/** SVG is only searched as text. */
async function readSvg(source: Source, texts: Texts): Promise<void> {
  const text = utf8(await source.read(0, 20_000_000));
  const inner = /<metadata[^>]*>\s*<!\[CDATA\[(.*?)\]\]>/s.exec(text)?.[1];
  if (inner !== undefined) keep(texts, "metadata", inner);
}
