/** Whole files of every kind, built byte by byte as their formats say. */
import { describe, expect, it } from "vitest";
import { findWorkflow, sourceOf } from "../src/model/embedded";

const WORKFLOW = JSON.stringify({ nodes: [], links: [], note: "grün" });
const PROMPT = JSON.stringify({ "1": { class_type: "X", inputs: {} } });

const bytes = (...parts: (string | number[] | Buffer)[]): Buffer => Buffer.concat(parts.map((part) => Buffer.from(part as string)));
const le32 = (n: number): Buffer => Buffer.from(Uint32Array.of(n).buffer);
const be32 = (n: number): Buffer => le32(n).reverse();
const be16 = (n: number): number[] => [n >> 8, n & 255];
const le16 = (n: number): number[] => be16(n).reverse();

/** A TIFF block with two texts, little or big endian. */
function tiff(little: boolean): Buffer {
  const [u16, u32] = little ? [le16, le32] : [be16, be32];
  const texts = [[0x010f, `workflow:${WORKFLOW}\0`], [0x0110, `prompt:${PROMPT}\0`]] as const;
  let at = 8 + 2 + 12 * texts.length + 4;
  const entries = texts.map(([tag, text]) => {
    const size = Buffer.byteLength(text);
    const entry = bytes(u16(tag), u16(2), u32(size), u32(at));
    at += size;
    return entry;
  });
  return bytes(little ? "II*\0" : "MM\0*", u32(8), u16(texts.length), ...entries, u32(0), ...texts.map(([, text]) => text));
}

const chunk = (name: string, body: Buffer): Buffer => bytes(name, le32(body.length), body, body.length % 2 ? [0] : []);
const webp = (): Buffer => {
  const body = bytes("WEBP", chunk("VP8X", Buffer.alloc(10)), chunk("VP8L", Buffer.alloc(7)), chunk("EXIF", tiff(true)));
  return bytes("RIFF", le32(body.length), body);
};
const jpeg = (): Buffer => {
  const exif = bytes("Exif\0\0", tiff(false));
  return bytes([0xff, 0xd8, 0xff, 0xe0, 0, 4, 0, 0, 0xff, 0xe1], be16(exif.length + 2), exif, [0xff, 0xda, 0, 2, 0xff, 0xd9]);
};
const box = (name: string, ...body: Buffer[]): Buffer => {
  const inner = Buffer.concat(body);
  return bytes(be32(inner.length + 8), Buffer.from(name, "latin1"), inner);
};
const avif = (): Buffer => bytes(box("ftyp", bytes("avif", be32(0))), box("meta", be32(0)), box("mdat", bytes(be32(6), "Exif\0\0", tiff(true))));
const data = (text: string): Buffer => box("data", be32(1), be32(0), Buffer.from(text));
const mp4 = (): Buffer => {
  const keys = box("keys", be32(0), be32(2), box("mdta", Buffer.from("workflow")), box("mdta", Buffer.from("prompt")));
  const list = box("ilst", box("\0\0\0\x01", data(WORKFLOW)), box("\0\0\0\x02", data(PROMPT)));
  return bytes(box("ftyp", bytes("isom", be32(0))), box("mdat", Buffer.alloc(5000)), box("moov", box("mvhd", be32(0)), box("meta", box("hdlr", be32(0)), keys, list)));
};
const mp4comment = (): Buffer => {
  const list = box("ilst", box("\xa9cmt", data(JSON.stringify({ workflow: JSON.parse(WORKFLOW) as unknown, prompt: PROMPT }))));
  return bytes(box("ftyp", bytes("isom", be32(0))), box("moov", box("udta", box("meta", be32(0), list))));
};
/** Ids and sizes of EBML: here every size takes four bytes. */
const element = (id: number[], body: Buffer): Buffer => {
  const size = be32(body.length);
  size[0] = (size[0] ?? 0) | 0x10;
  return bytes(id, size, body);
};
const webm = (): Buffer => {
  const tag = (name: string, text: string): Buffer => element([0x67, 0xc8], bytes(element([0x45, 0xa3], Buffer.from(name)), element([0x44, 0x87], Buffer.from(text))));
  const tags = element([0x12, 0x54, 0xc3, 0x67], element([0x73, 0x73], bytes(tag("PROMPT", PROMPT), tag("WORKFLOW", WORKFLOW))));
  const cluster = element([0x1f, 0x43, 0xb6, 0x75], Buffer.alloc(3000));
  return bytes(element([0x1a, 0x45, 0xdf, 0xa3], Buffer.alloc(20)), [0x18, 0x53, 0x80, 0x67, 0x01, 255, 255, 255, 255, 255, 255, 255], cluster, tags);
};
const comments = (): Buffer => {
  const lines = [`PROMPT=${PROMPT}`, `workflow=${WORKFLOW}`].map((line) => Buffer.from(line));
  return bytes(le32(3), "loo", le32(lines.length), ...lines.flatMap((line) => [le32(line.length), line]));
};
const flac = (): Buffer => {
  const head = (kind: number, body: Buffer): Buffer => bytes([kind], be32(body.length).subarray(1), body);
  return bytes("fLaC", head(0, Buffer.alloc(34)), head(0x84, comments()), Buffer.alloc(50));
};
const ogg = (): Buffer => {
  const page = (body: Buffer): Buffer => {
    const sizes = [...Array<number>(Math.floor(body.length / 255)).fill(255), body.length % 255];
    return bytes("OggS", Buffer.alloc(22), [sizes.length], sizes, body);
  };
  const packet = bytes("OpusTags", comments());
  return bytes(page(Buffer.from("OpusHead12345678901")), page(packet.subarray(0, 40)), page(packet.subarray(40)));
};
const mp3 = (): Buffer => {
  const safe = (n: number): number[] => [n >> 21, (n >> 14) & 127, (n >> 7) & 127, n & 127];
  const frame = (body: Buffer): Buffer => bytes("TXXX", safe(body.length), [0, 0], body);
  const wide = (text: string): Buffer => Buffer.from(`\ufeff${text}`, "utf16le");
  const frames = bytes(frame(bytes([3], `prompt\0${PROMPT}`)), frame(bytes([1], wide("workflow\0"), wide(WORKFLOW))), [0, 0, 0]);
  return bytes("ID3", [4, 0, 0], safe(frames.length), frames);
};
const safetensors = (): Buffer => {
  const header = Buffer.from(JSON.stringify({ __metadata__: { workflow: WORKFLOW, prompt: PROMPT }, t: {} }));
  return bytes(le32(header.length), be32(0), header, Buffer.alloc(100));
};
const svg = (): Buffer => Buffer.from(`<svg xmlns="x"><metadata><![CDATA[{"prompt":${PROMPT},"workflow":${WORKFLOW}}]]></metadata><script>alert(1)</script></svg>`);

const find = (file: Buffer): ReturnType<typeof findWorkflow> => findWorkflow(sourceOf(new Blob([new Uint8Array(file)])));

describe("a workflow inside a file", () => {
  it.each(Object.entries({ webp, jpeg, avif, mp4, mp4comment, webm, flac, ogg, mp3, safetensors, svg }))("is found in %s", async (_, make) => {
    expect((await find(make())).value).toEqual(JSON.parse(WORKFLOW));
  });

  it.each(Object.entries({ webp, jpeg, avif, mp4, webm, flac, ogg, mp3, safetensors }))("a cut %s does no harm", async (_, make) => {
    const file = make();
    for (let cut = 1; cut < file.length; cut += 41) {
      const { value } = await find(file.subarray(0, cut));
      expect([null, "object"]).toContain(value === null ? null : typeof value);
    }
  });

  it("says what was looked for where there is none", async () => {
    const bare = bytes("fLaC", [0x80, 0, 0, 34], Buffer.alloc(34));
    expect((await find(bare)).missing).toBe('This FLAC file carries no workflow: looked for "workflow" and "prompt" in its comments, found nothing.');
    for (const json of ['{"nodes": [], "links": []}', '{"123": {"class_type": "X"}}']) {
      expect(await find(Buffer.from(json))).toMatchObject({ kind: null });
    }
  });
});
