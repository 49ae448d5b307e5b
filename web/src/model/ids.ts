/** Fresh ids: above every number in use, so that nothing in the file is ever reused. */
import type { Edit } from "./document";
import { type Id, readLink, type Workflow } from "./workflow";

const above = (ids: Iterable<unknown>): number => {
  let top = 0;
  for (const id of ids) {
    const number = Number(id);
    if (Number.isSafeInteger(number) && number > top) top = number;
  }
  return top + 1;
};

/** A random uuid; pages that are not served safely have no `randomUUID`. */
export function freshUuid(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x40;
  bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80;
  const hex = [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
}

function counter(workflow: Workflow, root: string, state: string): { path: string[]; value: unknown } {
  const inState = workflow["state"];
  if (workflow["version"] === 1 && inState !== null && typeof inState === "object") {
    return { path: ["state", state], value: (inState as Record<string, unknown>)[state] };
  }
  return { path: [root], value: workflow[root] };
}

/** Take the next node id and store it as the last one used. */
export function takeNodeId(edit: Edit, workflow: Workflow): Id {
  const last = counter(workflow, "last_node_id", "lastNodeId");
  const id = Math.max(above([last.value]), above(workflow.nodes.map((node) => node.id)));
  edit.set(last.path, id);
  return id;
}

/** Take the next link id and store it as the last one used. */
export function takeLinkId(edit: Edit, workflow: Workflow): Id {
  const last = counter(workflow, "last_link_id", "lastLinkId");
  const ids = workflow.links.map((raw) => readLink(raw)?.id);
  const id = Math.max(above([last.value]), above(ids));
  edit.set(last.path, id);
  return id;
}
