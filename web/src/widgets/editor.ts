/**
 * DOM editors over the canvas: real fields, so that IME, spelling and selection work.
 *
 * At most one is open. It follows the camera, writes while the user types (one undoable step per
 * session) and goes away when it loses the focus.
 */
import type { Camera, Rect } from "../canvas/camera";
import type { Json } from "../model/json";
import type { InputSpec } from "../model/schema";

export interface Editor {
  /** Follow the camera. */
  place(): void;
  /** Close; what was typed so far stays. */
  close(): void;
}

/** What lists ask of the floors above. */
export interface Supply {
  /** Addresses of pictures by value; null if these values have none. */
  pictures(input: InputSpec): Promise<((value: string) => string | null) | null>;
  /** The choices that a route of this server gives. */
  choices(input: InputSpec, again: boolean): Promise<readonly Json[]>;
}

export interface EditorSite {
  supply: Supply;
  /** The layer over the canvas that holds the field. */
  host: HTMLElement;
  camera: Camera;
  /** Called once when the editor is gone. */
  closed(): void;
}

/** A field over a world rectangle. `apply` gets every typed text, `finish` the last one. */
export interface FieldTask {
  rect: () => Rect;
  value: string;
  kind: "line" | "number" | "text" | "title";
  label: string;
  apply: (text: string) => void;
  finish: (text: string) => void;
  /** Arrow keys in a number field. */
  step?: (direction: 1 | -1, factor: number) => string;
}

export function openField(site: EditorSite, task: FieldTask): Editor {
  const field = document.createElement(task.kind === "text" ? "textarea" : "input");
  field.className = `field-editor ${task.kind}`;
  field.value = task.value;
  field.setAttribute("aria-label", task.label);
  field.spellcheck = task.kind === "text";
  if (task.kind === "number") field.inputMode = "decimal";
  let open = true;
  const editor: Editor = {
    place: () => {
      placeOver(field, site.camera, task.rect());
    },
    close: () => {
      if (!open) return;
      open = false;
      task.finish(field.value);
      field.remove();
      site.closed();
    },
  };
  listen(field, task, editor);
  site.host.append(field);
  editor.place();
  field.focus({ preventScroll: true });
  if (task.kind !== "text") field.select();
  return editor;
}

type Field = HTMLElement & { value: string };

function listen(field: Field, task: FieldTask, editor: Editor): void {
  field.addEventListener("input", () => {
    task.apply(field.value);
  });
  field.addEventListener("blur", editor.close);
  field.addEventListener("keydown", (event) => {
    const enter = event.key === "Enter" && task.kind !== "text" && !event.ctrlKey && !event.metaKey;
    if (event.key === "Escape" || enter) {
      event.preventDefault();
      event.stopPropagation();
      const canvas = field.closest<HTMLElement>("[tabindex]");
      editor.close();
      canvas?.focus({ preventScroll: true });
    } else if (task.step && (event.key === "ArrowUp" || event.key === "ArrowDown")) {
      event.preventDefault();
      const factor = event.shiftKey ? 0.1 : event.ctrlKey ? 10 : 1;
      field.value = task.step(event.key === "ArrowUp" ? 1 : -1, factor);
    }
  });
}

/** Put an element over a world rectangle, drawn at the canvas' scale. */
export function placeOver(element: HTMLElement, camera: Camera, rect: Rect): void {
  const at = camera.toScreen(rect);
  element.style.width = `${String(rect.w)}px`;
  element.style.height = `${String(rect.h)}px`;
  element.style.transform = `translate(${String(at.x)}px, ${String(at.y)}px) scale(${String(camera.scale)})`;
}

/** One line of a list: what is chosen, and how it reads. */
export interface Choice {
  value: Json;
  text: string;
}
