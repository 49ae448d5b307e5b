/** Menus of nodes and of the ground. */
import { app } from "../../scripts/app.js";
import { note } from "./seen.js";

app.registerExtension({
  name: "canvas.menus",
  beforeRegisterNodeDef(nodeType, { name }) {
    if (name !== "CanvasProbe") return;
    nodeType.prototype.getExtraMenuOptions = function (canvas, options) {
      options.unshift({ content: "Probe <b>deeper</b>", has_submenu: true, submenu: { options: [{ content: "Left", callback: () => note("menu", `left of ${this.id}`) }, null, "Right"] } });
    };
  },
  getNodeMenuItems: (node) => (node.comfyClass === "CanvasProbe" ? [{ content: "Newer line", callback: () => note("menu", "newer") }] : []),
  getCanvasMenuItems: () => [{ content: "Line of the ground", callback: () => note("menu", "ground") }],
});
