/** Opening the right editor for a widget row, a title or a group. */
import { t } from "../i18n";
import { GROUP_HEADER, groupRect } from "../canvas/backdrop";
import type { Rect } from "../canvas/camera";
import { HEADER, type NodeBox, PAD, type WidgetBox } from "../canvas/layout";
import type { Scene } from "../canvas/scene";
import { renameNode, setWidget } from "../model/actions";
import type { Document } from "../model/document";
import { setGroup } from "../model/groups";
import { boxesText, parseBoxes, readBoxes, writeBoxes } from "../model/boxes";
import { curveText, parseCurve, withPoints } from "../model/curve";
import { type Json, sameJson } from "../model/json";
import { CONTROL_MODES, readWidget, type Widget } from "../model/widgets";
import type { RawGroup } from "../model/workflow";
import { afterRefresh, isRemote, listOf, toggled } from "./choices";
import { type Choice, type Editor, type EditorSite, openField } from "./editor";
import { openList } from "./list";
import { clampNumber, colorValue, formatNumber, parseNumber, stepOf, toHex } from "./numbers";

const CONTROL_TEXT: Record<string, string> = {
  fixed: "Fixed: keep the value",
  increment: "Increment after each run",
  decrement: "Decrement after each run",
  randomize: "Randomize after each run",
};

/** Open the editor of a row; null if a click on it needs none (toggles). */
export function editWidget(site: EditorSite, scene: Scene, box: NodeBox, row: WidgetBox): Editor | null {
  const { kind } = row.widget;
  const value = readWidget(box.node, box.allWidgets, row.widget);
  if (kind === "toggle") {
    write(scene, box, row.widget, value !== true);
    return null;
  }
  if (kind === "button" || kind === "custom") return null;
  if (kind === "combo" || kind === "choices") return editCombo(site, scene, box, row);
  if (kind === "number") return editNumber(site, scene, box, row, value);
  if (kind === "curve" || kind === "boxes") return editPlot(site, scene, box, row, value);
  return kind === "color" ? editColor(site, scene, box, row, value) : editText(site, scene, box, row, value);
}

/** The control mode of a seed. */
export function editControl(site: EditorSite, scene: Scene, box: NodeBox, row: WidgetBox): Editor | null {
  const widget = row.side?.widget;
  if (widget?.kind !== "control") return null;
  return openList(site, {
    rect: () => world(box, row.rect),
    label: "after each run",
    choices: CONTROL_MODES.map((mode) => ({ value: mode, text: t(CONTROL_TEXT[mode] ?? mode) })),
    chosen: (choice) => choice.value === readWidget(box.node, box.allWidgets, widget),
    choose: (choice) => {
      write(scene, box, widget, choice.value);
    },
    empty: "",
  });
}

export function editGroupTitle(site: EditorSite, doc: Document, group: RawGroup, index: number): Editor {
  const { x, y, w } = groupRect(group);
  return openField(site, {
    rect: () => ({ x: x + 8, y: y + 4, w: Math.max(80, w - 16), h: GROUP_HEADER - 6 }),
    value: group.title,
    kind: "title",
    label: t("Title of the group"),
    apply: () => undefined,
    finish: (text) => {
      if (text.trim() !== group.title) setGroup(doc, index, "Rename group", { title: text.trim() });
    },
  });
}

export function editTitle(site: EditorSite, scene: Scene, box: NodeBox): Editor {
  const rect = { x: PAD - 6, y: 3, w: box.w - PAD, h: HEADER - 6 };
  return openField(site, {
    rect: () => world(box, rect),
    value: box.title,
    kind: "title",
    label: t("Title"),
    apply: () => undefined,
    finish: (text) => {
      const plain = box.spec?.title ?? box.node.type;
      if (text.trim() !== box.title) renameNode(scene.doc, box.key, text.trim() === plain ? "" : text.trim());
    },
  });
}

const world = (box: NodeBox, r: Rect): Rect => ({ x: box.x + r.x, y: box.y + r.y, w: r.w, h: r.h });

/** The value in the document: the box shows it only from the next frame on, and with rows of its own. */
function valueNow(scene: Scene, box: NodeBox, { widget }: WidgetBox): Json {
  const now = box.allWidgets.find(({ name }) => name === widget.name) ?? widget;
  return readWidget(scene.doc.node(box.key) ?? box.node, box.allWidgets, now);
}

function write(scene: Scene, box: NodeBox, widget: Widget, value: Json, gesture: string | null = null): void {
  setWidget(scene.doc, scene.specs, box.key, widget.name, value, gesture);
}

/** Everything typed in one session of one field is one step of the history. */
const gestureOf = (box: NodeBox, row: WidgetBox): string => `type ${box.key} ${row.widget.name}`;

function editText(site: EditorSite, scene: Scene, box: NodeBox, row: WidgetBox, value: Json): Editor {
  const gesture = gestureOf(box, row);
  const apply = (text: string): void => {
    write(scene, box, row.widget, text, gesture);
  };
  return openField(site, {
    rect: () => world(box, row.rect),
    value: String(value as string),
    kind: row.widget.kind === "multiline" ? "text" : "line",
    label: t("{name} of {title}", { name: row.widget.name, title: box.title }),
    apply,
    finish: (text) => {
      apply(text);
      scene.doc.endGesture();
    },
  });
}

function editNumber(site: EditorSite, scene: Scene, box: NodeBox, row: WidgetBox, value: Json): Editor {
  const { input } = row.widget;
  const now = (): Json => valueNow(scene, box, row);
  return openField(site, {
    rect: () => world(box, row.rect),
    value: formatNumber(input, value),
    kind: "number",
    label: t("{name} of {title}", { name: row.widget.name, title: box.title }),
    apply: () => undefined,
    finish: (text) => {
      const parsed = parseNumber(input, text);
      if (parsed !== null) write(scene, box, row.widget, parsed);
      scene.doc.endGesture();
    },
    step: (direction, factor) => {
      const next = clampNumber(input, Number(now()) + direction * stepOf(input) * factor);
      write(scene, box, row.widget, next, gestureOf(box, row));
      return formatNumber(input, next);
    },
  });
}

/** The numbers behind a curve or boxes, as text; what cannot be read changes nothing. */
function editPlot(site: EditorSite, scene: Scene, box: NodeBox, row: WidgetBox, value: Json): Editor {
  const { kind, name, input } = row.widget;
  const where = { name, title: box.title };
  const boxes = (text: string): Json | null => {
    const read = parseBoxes(text, readBoxes(value));
    return read && writeBoxes(input.type === "BOUNDING_BOXES", read);
  };
  const curve = (text: string): Json | null => {
    const points = parseCurve(text);
    return points && withPoints(value, points);
  };
  return openField(site, {
    rect: () => world(box, row.rect),
    value: kind === "curve" ? curveText(value) : boxesText(value),
    kind: "text",
    label: t(kind === "curve" ? "{name} of {title}: points as x y, from 0 to 1" : "{name} of {title}: a line of x y width height for each", where),
    apply: () => undefined,
    finish: (text) => {
      const parsed = kind === "curve" ? curve(text) : boxes(text);
      if (parsed !== null && !sameJson(parsed, value)) write(scene, box, row.widget, parsed);
    },
  });
}

function editColor(site: EditorSite, scene: Scene, box: NodeBox, row: WidgetBox, value: Json): Editor {
  return openField(site, {
    rect: () => world(box, row.rect),
    value: toHex(value),
    kind: "line",
    label: t("{name} of {title}, as #rrggbb", { name: row.widget.name, title: box.title }),
    apply: () => undefined,
    finish: (text) => {
      const parsed = colorValue(row.widget.input, text);
      if (parsed !== null) write(scene, box, row.widget, parsed);
    },
  });
}

const asChoices = (values: readonly Json[]): Choice[] => values.map((value) => ({ value, text: String(value as string) }));

function editCombo(site: EditorSite, scene: Scene, box: NodeBox, row: WidgetBox): Editor {
  const { input, name } = row.widget;
  const now = (): Json => valueNow(scene, box, row);
  const many = row.widget.kind === "choices";
  const put = (value: Json): void => {
    write(scene, box, row.widget, value, many ? gestureOf(box, row) : null);
  };
  return openList({ ...site, closed: () => {
    scene.doc.endGesture();
    site.closed();
  } }, {
    rect: () => world(box, row.rect),
    label: name,
    choices: asChoices(input.choices),
    many,
    chosen: ({ value }) => (many ? listOf(now()).includes(value) : value === now()),
    choose: ({ value }) => {
      put(many ? toggled(listOf(now()), value, input.choices) : value);
    },
    pictures: site.supply.pictures(input),
    ...(isRemote(input) ? { load: async (again: boolean) => {
      const found = await site.supply.choices(input, again);
      const next = again ? afterRefresh(input, found) : null;
      if (next !== null) put(next);
      return asChoices(found);
    } } : {}),
    empty: t("The server offers nothing for {name}. Put a file into its models folder and reload.", { name }),
  });
}
