/** How single wires are shown: hidden, or with a label (`extra.linkPresentation`). */
import type { Document } from "./document";
import { isObject, type JsonObject } from "./json";
import { valueAt } from "./patch";
import type { Key, Workflow } from "./workflow";

export interface Presentation {
  hidden: boolean;
  label: string;
}

const PLAIN: Presentation = { hidden: false, label: "" };
const PATH = ["extra", "linkPresentation"];

function table(graph: Workflow): JsonObject {
  const found = valueAt(graph, PATH);
  return isObject(found) ? found : {};
}

export function presentationOf(graph: Workflow, link: Key): Presentation {
  const entry = table(graph)[link];
  if (!isObject(entry)) return PLAIN;
  return { hidden: entry["hidden"] === true, label: typeof entry["label"] === "string" ? entry["label"] : "" };
}

/** Change how a wire is shown; what is plain again leaves no trace in the file. */
export function presentWire(doc: Document, link: Key, part: Partial<Presentation>): void {
  const next = { ...presentationOf(doc.raw, link), ...part };
  const raw = table(doc.raw)[link];
  doc.edit(part.hidden === undefined ? "Label wire" : next.hidden ? "Hide wire" : "Show wire", (edit) => {
    if (!isObject(doc.raw["extra"])) edit.set(["extra"], {});
    if (!isObject(valueAt(doc.raw, PATH))) edit.set(PATH, {});
    const kept = isObject(raw) ? raw : {};
    const plain = !next.hidden && next.label === "" && Object.keys(kept).every((k) => k === "hidden" || k === "label");
    const entry = { ...kept, hidden: next.hidden || undefined, label: next.label || undefined };
    edit.set([...PATH, link], plain ? undefined : entry);
  });
}
