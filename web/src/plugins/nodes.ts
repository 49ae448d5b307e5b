/** Nodes as plugins see them: looked up anew, changed only through the document. */
import type { NodeBox } from "../canvas/layout";
import { setWidget } from "../model/actions";
import { readWidget } from "../model/widgets";
import type { App } from "../shell/app";
import type { PluginNode, Value } from "../../public/loom/plugin";

export function pluginNode(app: App, box: NodeBox): PluginNode {
  const { key, node, title, allWidgets } = box;
  return {
    id: key,
    type: node.type,
    title,
    x: box.x,
    y: box.y,
    width: box.w,
    height: box.h,
    selected: app.scene.selection.has(key),
    value: (input) => {
      const widget = allWidgets.find((candidate) => candidate.name === input);
      return widget && (readWidget(node, allWidgets, widget) as Value);
    },
    set: (input, value) => {
      setWidget(app.scene.doc, app.scene.specs, key, input, value as Parameters<typeof setWidget>[4]);
    },
  };
}
