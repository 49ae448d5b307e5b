/** Copy and paste: nodes with the wires among them, and the wires that led into them. */
import type { Document } from "./document";
import { takeNodeId } from "./ids";
import { cloneJson, type Json } from "./json";
import type { Specs } from "./schema";
import { connect } from "./wiring";
import { type Key, keyOf, likePair, type Link, posOf, type RawNode } from "./workflow";

/** What goes to the clipboard; `marker` tells our text from anything else there. */
export interface Fragment {
  marker: "latent-loom";
  nodes: RawNode[];
  links: Link[];
}

export function copy(doc: Document, keys: readonly Key[]): Fragment {
  const chosen = new Set(keys);
  const nodes = doc.raw.nodes.filter((node) => chosen.has(keyOf(node.id)));
  const links = doc.links().filter((link) => chosen.has(link.to));
  return { marker: "latent-loom", nodes: cloneJson(nodes as Json) as RawNode[], links };
}

/** True for JSON that `copy` made. */
export function isFragment(value: unknown): value is Fragment {
  const f = value as Partial<Fragment> | null;
  return f?.marker === "latent-loom" && Array.isArray(f.nodes) && Array.isArray(f.links);
}

/**
 * Insert a fragment with its top left corner at `at`; returns the new keys.
 *
 * Wires inside the fragment always come along; with `outside` also those from nodes that stayed.
 */
export function paste(
  doc: Document,
  specs: Specs,
  fragment: Fragment,
  at: { x: number; y: number },
  outside = false,
): Key[] {
  if (fragment.nodes.length === 0) return [];
  const left = Math.min(...fragment.nodes.map((node) => posOf(node)[0]));
  const top = Math.min(...fragment.nodes.map((node) => posOf(node)[1]));
  const fresh = new Map<Key, Key>();
  doc.edit("Paste", (edit) => {
    for (const node of fragment.nodes) {
      const id = takeNodeId(edit, doc.raw);
      const [x, y] = posOf(node);
      const pos = likePair(node["pos"], Math.round(at.x + x - left), Math.round(at.y + y - top));
      edit.push(["nodes"], { ...unwired(node), id, pos });
      fresh.set(keyOf(node.id), keyOf(id));
    }
    for (const link of fragment.links) {
      const inside = fresh.get(link.from);
      const from = inside ?? (outside ? link.from : undefined);
      const to = fresh.get(link.to);
      if (from !== undefined && to !== undefined) rewire(edit, doc, specs, link, from, to);
    }
  });
  return [...fresh.values()];
}

function unwired(node: RawNode): RawNode {
  const copied = cloneJson(node as Json) as RawNode;
  for (const slot of copied.inputs ?? []) slot.link = null;
  for (const slot of copied.outputs ?? []) slot.links = [];
  return copied;
}

function rewire(
  edit: Parameters<typeof connect>[0],
  doc: Document,
  specs: Specs,
  link: Link,
  from: Key,
  to: Key,
): void {
  const name = doc.node(to)?.inputs?.[link.toSlot]?.name;
  if (name === undefined || !doc.node(from)?.outputs?.[link.fromSlot]) return;
  connect(edit, doc, specs, { node: from, slot: link.fromSlot }, { node: to, name });
}
