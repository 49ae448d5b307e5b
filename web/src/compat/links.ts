/** Wires as scripts of the ComfyUI page know them. */
import type { Json } from "../model/json";
import { cut } from "../model/wiring";
import { type Id, type Key, keyOf, type Link } from "../model/workflow";
import type { Page } from "./page";

export class LLink {
  constructor(
    readonly id: Id,
    readonly type: Json,
    readonly origin_id: Id,
    readonly origin_slot: number,
    readonly target_id: Id,
    readonly target_slot: number,
  ) {}

  serialize(): Json[] {
    return [this.id, this.origin_id, this.origin_slot, this.target_id, this.target_slot, this.type];
  }
}

/** A node's id as its file writes it. */
const idOf = (page: Page, key: Key): Id => page.doc.node(key)?.id ?? key;

export const faceOf = (page: Page, link: Link): LLink =>
  new LLink(link.id, link.type, idOf(page, link.from), link.fromSlot, idOf(page, link.to), link.toSlot);

export function linkFace(page: Page, id: Key): LLink | null {
  const link = page.doc.link(id);
  return link && faceOf(page, link);
}

/** The links of the graph, as a map and as an object by id: scripts use both ways. */
export function linkTable(page: Page): object {
  const all = (): Map<Id, LLink> => new Map(page.doc.links().map((link) => [link.id, faceOf(page, link)]));
  const target = {};
  return new Proxy(target, {
    get: (_, key) => {
      if (key === "get") return (id: Id) => linkFace(page, keyOf(id)) ?? undefined;
      if (key === "has") return (id: Id) => page.doc.link(keyOf(id)) !== null;
      if (key === "size") return page.doc.links().length;
      if (key === "delete") return (id: Id) => { page.edit("Disconnect", (edit) => { cut(edit, page.doc, keyOf(id)); }); };
      if (typeof key === "string" && !(key in Map.prototype)) return linkFace(page, key) ?? undefined;
      const map = all();
      const found: unknown = Reflect.get(map, key, map);
      return typeof found === "function" ? (found as (...all: unknown[]) => unknown).bind(map) : found;
    },
    has: (_, key) => typeof key === "string" && page.doc.link(key) !== null,
    ownKeys: () => page.doc.links().map((link) => keyOf(link.id)),
    getOwnPropertyDescriptor: (_, key) => {
      const link = typeof key === "string" ? linkFace(page, key) : null;
      return link ? { value: link, enumerable: true, configurable: true, writable: false } : undefined;
    },
    deleteProperty: (_, key) => {
      if (typeof key === "string" && page.doc.link(key)) page.edit("Disconnect", (edit) => { cut(edit, page.doc, key); });
      return true;
    },
  });
}
