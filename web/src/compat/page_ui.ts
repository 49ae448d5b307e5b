/** Small parts that scripts build their own elements with: `$el`, dialogs, buttons, settings of old. */
import type { Loose, Page } from "./page";

type Child = Node | string | null | undefined | false;

/** `$el("button.wide", { textContent: "Go", onclick }, [children])`: an element, its properties, what is in it. */
export function $el(tag: string, given?: Loose | Child | Child[], inside?: Child | Child[]): HTMLElement {
  const [name = "div", ...classes] = tag.split(".");
  const element = document.createElement(name || "div");
  if (classes.length > 0) element.classList.add(...classes);
  if (given instanceof Node || typeof given === "string" || Array.isArray(given)) {
    append(element, given as Child | Child[]);
    return element;
  }
  const { parent, $: ready, dataset, style, for: label, ...rest } = given || {};
  if (style && typeof style === "object") Object.assign(element.style, style);
  if (dataset) Object.assign(element.dataset, dataset);
  if (label) element.setAttribute("for", String(label));
  Object.assign(element, rest);
  append(element, inside);
  if (parent instanceof Element) parent.append(element);
  if (typeof ready === "function") (ready as (made: HTMLElement) => void)(element);
  return element;
}

function append(element: HTMLElement, inside: Child | Child[]): void {
  const parts = Array.isArray(inside) ? inside : [inside];
  element.append(...parts.filter((part): part is Node | string => part instanceof Node || typeof part === "string"));
}

/** A dialog that scripts fill and show. */
export class ComfyDialog {
  [key: string]: unknown;
  element: HTMLDialogElement;
  textElement: HTMLElement;

  constructor(type = "div", buttons: HTMLElement[] | null = null) {
    this.textElement = $el("p");
    const content = $el(`${type}.script-dialog-content`, [this.textElement, ...(buttons ?? this.createButtons())]);
    this.element = $el("dialog.script-dialog", [content]) as HTMLDialogElement;
    document.body.append(this.element);
  }
  createButtons(): HTMLElement[] {
    return [$el("button", { type: "button", textContent: "Close", onclick: () => { this.close(); } })];
  }
  show(content?: string | Node | Node[]): void {
    if (typeof content === "string") this.textElement.innerHTML = content;
    else if (content) this.textElement.replaceChildren(...(Array.isArray(content) ? content : [content]));
    if (!this.element.open) this.element.showModal();
  }
  close(): void { this.element.close(); }
}

/** One of two or more choices, side by side. */
export function toggleSwitch(name: string, items: (string | Loose)[], { onChange }: { onChange?: (to: unknown) => void } = {}): HTMLElement {
  const parts = items.map((item, at) => {
    const entry: Loose = typeof item === "string" ? { text: item, value: item } : item;
    const input = $el("input", { type: "radio", name, checked: entry["selected"] === true || (at === 0 && !items.some((one) => typeof one === "object" && one["selected"])) });
    input.addEventListener("change", () => { onChange?.({ item: entry, prev: null }); });
    return $el("label", [input, String(entry["text"] ?? entry["value"])]);
  });
  return $el("span.script-switch", parts);
}

/** A button, with or without a menu behind it. */
export class ComfyButton {
  [key: string]: unknown;
  element: HTMLElement;
  constructor(options: Loose = {}) {
    const { content, tooltip, action, classList, enabled = true, icon } = options;
    this.element = $el("button.script-button", { type: "button", title: String(tooltip ?? ""), disabled: enabled !== true, textContent: typeof content === "string" ? content : "" });
    if (content instanceof Node) this.element.append(content);
    if (!content) this.element.setAttribute("aria-label", String(tooltip ?? icon ?? "Button"));
    if (typeof classList === "string") this.element.classList.add(...classList.split(/\s+/).filter(Boolean));
    if (typeof action === "function") this.element.addEventListener("click", (event) => { (action as (...all: unknown[]) => unknown)(this, event); });
  }
  set enabled(on: boolean) { this.element.toggleAttribute("disabled", !on); }
  set content(content: string | Node) { this.element.replaceChildren(content); }
  set tooltip(text: string) { this.element.title = text; }
}

export class ComfyButtonGroup {
  [key: string]: unknown;
  element = $el("div.script-buttons");
  buttons: unknown[];
  constructor(...buttons: unknown[]) {
    this.buttons = buttons;
    this.update();
  }
  append(...buttons: unknown[]): void { this.insert(buttons, this.buttons.length); }
  insert(buttons: unknown, at: number): void {
    this.buttons.splice(at, 0, ...[buttons].flat());
    this.update();
  }
  remove(button: unknown): void {
    this.buttons = this.buttons.filter((one) => one !== button);
    this.update();
  }
  update(): void {
    const elements = this.buttons.map((one) => (one instanceof Node ? one : ((one as Loose)["element"] as Node)));
    this.element.replaceChildren(...elements);
  }
}

/** A part of the page under a button. */
export class ComfyPopup extends EventTarget {
  [key: string]: unknown;
  element = $el("div.script-popup");
  private shown = false;
  constructor({ target, children }: { target?: HTMLElement; children?: Node | Node[] } = {}, ...more: Node[]) {
    super();
    this.element.append(...[children ?? []].flat(), ...more);
    this.element.hidden = true;
    target?.after(this.element);
  }
  get open(): boolean { return this.shown; }
  set open(open: boolean) {
    this.shown = open;
    this.element.hidden = !open;
    this.dispatchEvent(new CustomEvent(open ? "open" : "close"));
  }
  toggle(): void { this.open = !this.open; }
}

/** `app.ui` of scripts: places for their elements, and settings in the way of old. */
export function makeUi(page: Page, settings: Loose): Loose {
  const menu = $el("div.script-menu", { id: "comfy-menu" });
  return {
    settings,
    menuContainer: menu,
    queueSize: $el("span"),
    lastQueueSize: 0,
    batchCount: 1,
    autoQueueMode: null,
    autoQueueEnabled: false,
    dialog: new ComfyDialog(),
    queue: { element: menu, update: (): void => undefined, show: (): void => { page.app.commands.run("queue"); }, hide: (): void => undefined },
    history: { element: menu, update: (): void => undefined, show: (): void => { page.app.commands.run("results"); }, hide: (): void => undefined },
    restoreMenuPosition: (): void => undefined,
  };
}
