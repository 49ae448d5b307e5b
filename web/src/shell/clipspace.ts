/** Pictures and masks on their way between nodes. */
import { t } from "../i18n";
import { setWidget } from "../model/actions";
import type { NodeBox } from "../canvas/layout";
import { readWidget } from "../model/widgets";
import type { Key } from "../model/workflow";
import type { FileRef } from "../net/client";
import type { App } from "./app";
import { uploadWidget, valueOfFile } from "./files";
import { type MenuLine, shownAt, toast, ui } from "./ui";

/** A picture that a mask is painted for. */
export interface MaskJob {
  url: string;
  file: FileRef;
  /** The node that shall load it; null makes a new one. */
  node: Key | null;
}

let held: FileRef | null = null;

/** Store a mask beside its picture and let the node load both. */
export async function saveMask(app: App, job: MaskJob, mask: Blob): Promise<void> {
  const stem = job.file.filename.replace(/\.[^.]*$/, "").replace(/-mask-\d+$/, "");
  const stored = await app.client.uploadMask(mask, `${stem}-mask-${String(Date.now())}.png`, job.file);
  load(app, job.node, stored);
  toast(t("The mask is saved."));
}

function load(app: App, node: Key | null, file: FileRef): void {
  const { scene } = app;
  const widget = node === null ? undefined : uploadWidget(scene.boxes.get(node));
  if (node === null || widget === undefined) app.files.dropResult(file, null);
  else setWidget(scene.doc, scene.specs, node, widget, valueOfFile(file));
}

/** The file of the first picture a node shows. */
function fileOf(app: App, box: NodeBox): FileRef | null {
  const url = app.scene.pictureUrls(box)[0];
  return url === undefined ? null : shownAt(url).file;
}

/** Open the mask editor on a node's picture. */
export function editMask(app: App, box: NodeBox): void {
  const [url, file] = [app.scene.pictureUrls(box)[0], fileOf(app, box)];
  if (url !== undefined && file) ui.mask.value = { url, file, node: uploadWidget(box) === undefined ? null : box.key };
}

/** Put the mask of the held picture on the one that a node loads. */
async function pasteMask(app: App, box: NodeBox, mask: FileRef): Promise<void> {
  const file = fileOf(app, box);
  const answer = await fetch(app.client.viewUrl(mask));
  if (!file || !answer.ok) throw new Error(t("The picture that was copied is gone. Copy it again."));
  await saveMask(app, { url: "", file, node: box.key }, await answer.blob());
}

/** Lines of a node's menu about its picture. */
export function pictureLines(app: App, box: NodeBox): MenuLine[] {
  const file = fileOf(app, box);
  const widget = uploadWidget(box);
  const lines: MenuLine[] = [];
  if (file) {
    lines.push({ title: "Edit mask…", run: () => {
      editMask(app, box);
    } });
    lines.push({ title: "Copy picture", run: () => {
      held = file;
      toast(t("{name} can be pasted on any node that loads pictures.", { name: file.filename }));
    } });
  }
  const clip = held;
  if (clip && widget !== undefined && readWidget(box.node, box.allWidgets, box.allWidgets.find((w) => w.name === widget) as never) !== valueOfFile(clip)) {
    lines.push({ title: "Paste picture", run: () => {
      load(app, box.key, clip);
    } });
    if (file) lines.push({ title: "Paste only its mask", run: () => void pasteMask(app, box, clip).catch((error: unknown) => {
      toast(error instanceof Error ? error.message : String(error), "error");
    }) });
  }
  return lines;
}
