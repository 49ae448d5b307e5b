/** Wiring without a pointer: choose an output, then one of the inputs that take it. */
import { t } from "../i18n";
import { connectNodes } from "../model/actions";
import { titleOf } from "../model/prompt";
import { inputSockets, outputSockets } from "../model/slots";
import { whyNot } from "../model/wiring";
import { type Key, keyOf } from "../model/workflow";
import type { App } from "./app";
import { type MenuLine, toast, ui } from "./ui";

/** Offer the outputs of a node of the shown level; `done` gets the focus back. */
export function wireFrom(app: App, key: Key, done: () => void): void {
  const { doc, specs } = app.scene;
  const node = doc.node(key);
  const outputs = node ? outputSockets(node, specs.get(node.type)) : [];
  if (!node || outputs.length === 0) {
    toast(t("This node has no output."));
    return;
  }
  offer(app, outputs.map((socket, slot) => ({ title: t("From {name}", { name: socket.label }), run: () => {
    // The menu that is closing has its turn first.
    queueMicrotask(() => {
      offerInputs(app, key, slot, done);
    });
  } })));
}

function offerInputs(app: App, from: Key, slot: number, done: () => void): void {
  const { doc, specs } = app.scene;
  const lines = doc.raw.nodes.flatMap((node): MenuLine[] => {
    const to = keyOf(node.id);
    const fits = inputSockets(node, specs.get(node.type)).filter((socket) => whyNot(doc, specs, { node: from, slot }, { node: to, name: socket.name }) === null);
    // A wire into a field is possible, but seldom meant; sockets without one come alone where there are some.
    const plain = fits.filter((socket) => socket.widget === null);
    return (plain.length > 0 ? plain : fits).map((socket) => ({
      title: t("To {input} of {node} #{id}", { input: socket.label, node: titleOf(node, specs), id: to }) + (socket.link === null ? "" : t(" (replaces a wire)")),
      run: () => {
        connectNodes(doc, specs, { node: from, slot }, { node: to, name: socket.name });
        toast(t("Wired."));
        queueMicrotask(done);
      },
    }));
  });
  if (lines.length === 0) toast(t("No input here takes it."));
  else offer(app, lines);
}

function offer(app: App, lines: MenuLine[]): void {
  const { camera } = app.renderer;
  ui.menu.value = { at: { x: camera.width / 2 - 130, y: 60 }, lines };
}
