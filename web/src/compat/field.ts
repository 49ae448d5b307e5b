/** Widgets as scripts of the ComfyUI page know them, over the fields of this canvas. */
import { t } from "../i18n";
import { type Json, type JsonObject, sameJson } from "../model/json";
import { setWidget } from "../model/actions";
import type { InputSpec, WidgetKind } from "../model/schema";
import { type Extra, readWidget, type Widget, widgetsOfNode } from "../model/widgets";
import { asJson } from "./live";
import type { LGraphNode } from "./node";
import type { Loose } from "./page";

/** Names of widgets there -> kinds here. Others are drawn by the script, or as a plain value. */
const KINDS: Readonly<Record<string, WidgetKind>> = {
  number: "number", slider: "number", knob: "number", combo: "combo", toggle: "toggle", text: "text", string: "text",
  customtext: "multiline", button: "button", color: "color",
};
/** Types by which scripts hide a field. */
const HIDDEN = /^(hidden|converted-widget|converted)/;

/** What a kind of field calls itself there. */
const NAMES: Partial<Record<Widget["kind"], string>> = { multiline: "customtext", control: "combo", upload: "button", choices: "combo" };

/** The field behind a widget that a script made itself. */
const behind = new WeakMap<object, Field>();

export const fieldBehind = (face: object): Field | undefined => (face instanceof Field ? face : behind.get(face));

export class Field {
  [key: string]: unknown;
  name: string;
  options: Loose;
  callback: unknown;
  label: string | undefined;
  last_y = 0;
  y = 0;
  /** The object that the script holds: this one, or one of its own making. */
  face: Loose = this;
  /** The script keeps the value itself; the document is told of it. */
  keeps = false;
  node: LGraphNode;
  /** The last value that was told to the script. */
  private seen: Json;
  private kindName: string;
  private away = false;
  private own: Json;
  private readonly aside: { value: Json };

  constructor(node: LGraphNode, name: string, type: string, value: unknown, callback: unknown, options: Loose) {
    this.node = node;
    this.name = name;
    this.kindName = type;
    this.own = this.seen = asJson(value);
    this.aside = { value: this.own };
    this.callback = callback;
    this.options = options;
    for (const hidden of ["node", "face"]) Object.defineProperty(this, hidden, { enumerable: false });
  }

  /** The field behind an object of the script's own, which stays the one that the script holds. */
  static behind(node: LGraphNode, face: Loose): Field {
    const field = new Field(node, String(face["name"]), String(face["type"] ?? "custom"), face["value"], null, (face["options"] ?? {}) as Loose);
    field.face = face;
    field.keeps = !Object.hasOwn(face, "value") && "value" in face;
    for (const key of ["type", "hidden", ...(field.keeps ? [] : ["value"])]) {
      if (key in face && !Object.hasOwn(face, key)) continue;
      Object.defineProperty(face, key, { get: () => field[key], set: (to) => { field[key] = to; }, configurable: true, enumerable: true });
    }
    behind.set(face, field);
    return field;
  }

  get type(): string {
    return this.kindName;
  }

  set type(type: string) {
    this.kindName = type;
    this.node.touch();
  }

  get hidden(): boolean {
    return this.away || HIDDEN.test(this.kindName) || this.options["hidden"] === true;
  }

  set hidden(hidden: boolean) {
    this.away = hidden;
    this.node.touch();
  }

  get value(): unknown {
    const [entry, all] = this.entry();
    return entry ? readWidget(this.node.raw, all, entry) : this.own;
  }

  set value(value: unknown) {
    const next = asJson(value);
    this.own = this.seen = this.aside.value = next;
    const [entry, all] = this.entry();
    if (entry && !entry.apart && !sameJson(readWidget(this.node.raw, all, entry), next)) {
      const { page } = this.node;
      page.quiet++;
      setWidget(page.doc, page.app.scene.specs, page.keyOf(this.node), this.name, next, "script");
      page.quiet--;
    }
    this.node.touch();
  }

  /** What the document knows of it, among all fields of the node; nothing before it is in one. */
  private entry(): [Widget | undefined, readonly Widget[]] {
    const { page, raw, settled } = this.node;
    const all = settled ? widgetsOfNode(raw, page.app.scene.specs.get(raw.type)) : [];
    return [all.find(({ name }) => name === this.name), all];
  }

  /** Tell the document of a value that the script keeps. */
  pull(): void {
    if (this.keeps) this.value = this.face["value"];
  }

  /** Tell the script of a value that somebody else set. */
  notice(): void {
    const now = this.value as Json;
    if (sameJson(now, this.seen)) return;
    const before = this.seen;
    this.seen = now;
    const { page } = this.node;
    if (this.keeps) page.guard(this.name, () => { this.face["value"] = now; });
    if (page.quiet > 0) return;
    page.call(this.face, "callback", now, page.canvas, this.node, page.canvas.graph_mouse, null);
    page.call(this.node, "onWidgetChanged", this.name, now, before, this.face);
  }

  /** The node came into a document: what its file has counts, or else the value it was made with. */
  settle(fresh: boolean): void {
    if (fresh) this.value = this.keeps ? this.face["value"] : this.own;
    this.seen = this.value as Json;
    if (this.keeps && !fresh && this.seen !== null) this.node.page.guard(this.name, () => { this.face["value"] = this.seen; });
  }

  /** The height that the script wants for a width; null for a row like all others. */
  height(width: number): number | null {
    const { page } = this.node;
    const size = page.call(this.face, "computeSize", width, this.node);
    if (size !== null && typeof size === "object") return Math.max(0, Number((size as ArrayLike<number>)[1]) || 0);
    const layout = page.call(this.face, "computeLayoutSize", this.node);
    return layout !== null && typeof layout === "object" ? Number((layout as Loose)["minHeight"] ?? 0) : null;
  }

  get shaped(): boolean {
    return typeof this.face["computeSize"] === "function" || typeof this.face["computeLayoutSize"] === "function";
  }

  /** This field as one that the document does not know of yet. */
  extra(): Extra {
    const drawn = typeof this.face["draw"] === "function" || this.face["element"] !== undefined;
    const kind = drawn ? "custom" : (KINDS[this.kindName] ?? "custom");
    const { values, ...rest } = this.options;
    const list = typeof values === "function" ? (values as (...all: unknown[]) => unknown)(this.face, this.node) : values;
    const whole = rest["precision"] === 0;
    const input: InputSpec = {
      name: this.name,
      type: kind === "number" ? (whole ? "INT" : "FLOAT") : kind === "toggle" ? "BOOLEAN" : kind === "combo" ? "COMBO" : "STRING",
      required: false,
      widget: kind,
      choices: Array.isArray(list) ? list.map(asJson) : [],
      options: { ...(asJson(rest) as JsonObject), default: this.own, socketless: true, ...(kind === "number" ? { step: stepOf(rest) } : {}) },
    };
    const label = this.face["label"];
    if (typeof label === "string") input.label = label;
    const kept = this.face["serialize"] !== false && kind !== "button";
    return kept ? { input } : { input, apart: this.aside };
  }
}

/** There a step is ten times what a drag changes, unless `step2` says what it is. */
const stepOf = (options: Loose): number => Number(options["step2"] ?? Number(options["step"] ?? 10) / 10);

/** The face of a field that the node's type has. */
export function fieldOf(node: LGraphNode, widget: Widget): Field {
  const { input, kind } = widget;
  const options: Loose = { ...input.options };
  if (kind === "combo" || kind === "choices") options["values"] = input.choices;
  if (kind === "control") options["values"] = ["fixed", "increment", "decrement", "randomize"];
  const type = NAMES[kind] ?? (kind === "custom" ? input.type : kind === "curve" || kind === "boxes" ? input.type : kind);
  const first = kind === "control" ? "randomize" : input.options["default"];
  const field = new Field(node, widget.name, type, first ?? null, null, options);
  if (kind === "upload") field.label = t("Choose a file");
  return field;
}
