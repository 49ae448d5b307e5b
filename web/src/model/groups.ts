/** Groups: the frames around nodes, by their place in the file's list. */
import type { Document } from "./document";
import type { JsonObject } from "./json";
import { groupsOf, type RawGroup } from "./workflow";

export type Frame = readonly [x: number, y: number, w: number, h: number];

/** Frame a rectangle; returns the place of the group in the list. */
export function addGroup(doc: Document, frame: Frame, title = "Group"): number {
  const ids = groupsOf(doc.raw).map((group) => Number(group["id"]) || 0);
  doc.edit("Group", (edit) => {
    if (!Array.isArray(doc.raw["groups"])) edit.set(["groups"], []);
    const bounding = frame.map(Math.round);
    edit.push(["groups"], { id: Math.max(0, ...ids) + 1, title, bounding, color: "#3f789e", font_size: 24, flags: {} });
  });
  return (doc.raw["groups"] as RawGroup[]).length - 1;
}

/** Change fields of a group; undefined takes a field away. */
export function setGroup(doc: Document, index: number, label: string, part: JsonObject, gesture: string | null = null): void {
  doc.edit(label, (edit) => {
    for (const [field, value] of Object.entries(part)) edit.set(["groups", index, field], value);
  }, gesture);
}

/** Take the frame away; what it holds stays. */
export function removeGroup(doc: Document, index: number): void {
  doc.edit("Ungroup", (edit) => {
    edit.removeAt(["groups"], index);
  });
}

export const isLocked = (group: RawGroup): boolean => group["locked"] === true;
