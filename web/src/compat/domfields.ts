/**
 * Fields that are elements of the page.
 *
 * Invariant: only those of nodes in view, large enough to be used, are in the page, and never more
 * than a fixed number; one that scrolls out keeps its element, but not its place in the page.
 */
import { lodOf } from "../canvas/drawnode";
import { placeOver } from "../widgets/editor";
import { Field, fieldBehind } from "./field";
import type { LGraphNode } from "./node";
import type { Loose, Page } from "./page";

/** Elements over the canvas at once. */
const MOST = 60;
const LEAST_HEIGHT = 50;

const number = (value: unknown): number | null => {
  const made: unknown = typeof value === "function" ? (value as () => unknown)() : value;
  return typeof made === "number" && Number.isFinite(made) ? made : null;
};

/** Give a node a field that is an element. */
export function placeDom(node: LGraphNode, name: string, type: string, element: HTMLElement, options: Loose): Loose {
  const { getValue, setValue } = options;
  const field = new Field(node, name, type, null, options["callback"] ?? null, { hideOnZoom: true, ...options });
  const plain = element as HTMLElement & { value?: unknown };
  const face: Loose = {
    name, type, element, inputEl: element, options: field.options, callback: field.callback,
    get value(): unknown { return typeof getValue === "function" ? (getValue as () => unknown)() : plain.value; },
    set value(value: unknown) {
      if (typeof setValue === "function") (setValue as (to: unknown) => void)(value);
      else if ("value" in plain) plain.value = value;
    },
    serialize: options["serialize"] !== false,
    computeSize: (width: number) => [width, number(options["getHeight"]) ?? number(options["getMinHeight"]) ?? LEAST_HEIGHT],
  };
  // The value is the element's: the field only tells the document.
  const owned = Object.create(face) as Loose;
  for (const key of Object.keys(face)) if (key !== "value") Object.defineProperty(owned, key, { value: face[key], writable: true, configurable: true, enumerable: true });
  const made = Field.behind(node, owned);
  for (const event of ["input", "change"]) element.addEventListener(event, () => { made.pull(); });
  element.classList.add("script-field");
  return node.addCustomWidget(owned);
}

/** Keep the elements where their fields are. */
export function watchDom(page: Page): void {
  const { renderer, workspace, scene } = page.app;
  let shown = new Set<HTMLElement>();
  renderer.watchers.add(() => {
    const now = new Set<HTMLElement>();
    const wanted = lodOf(renderer.camera.scale) === "full" ? scene.visible(renderer.camera.view) : [];
    for (const box of wanted) {
      const node = page.instances.get(box.node);
      if (!node || box.collapsed) continue;
      for (const row of box.widgets) {
        const face = node.widgets.find((one) => one["name"] === row.widget.name);
        const element = face?.["element"];
        if (!face || !(element instanceof HTMLElement) || now.size >= MOST || fieldBehind(face)?.hidden) continue;
        now.add(element);
        if (!element.isConnected) workspace.editors.append(element);
        placeOver(element, renderer.camera, { x: box.x + row.rect.x, y: box.y + row.rect.y, w: row.rect.w, h: row.rect.h });
      }
    }
    for (const element of shown) if (!now.has(element)) element.remove();
    shown = now;
  });
}
