/** A script that changes the insides of the other page's canvas, and one thing that works here too. */
import { app } from "../../scripts/app.js";
import { note } from "./seen.js";

const draw = LGraphCanvas.prototype.drawNode;
LGraphCanvas.prototype.drawNode = function (...all) { return draw.apply(this, all); };
const lines = LGraphCanvas.prototype.getCanvasMenuOptions;
LGraphCanvas.prototype.getCanvasMenuOptions = function () {
  return [...lines.apply(this), { content: "Line of old", callback: () => note("menu", "old") }];
};
const keys = LGraphCanvas.prototype.processKey;
LGraphCanvas.prototype.processKey = function (event) {
  if (event.key === "F8") note("key", event.key);
  return keys.apply(this, [event]);
};
const make = LGraphCanvas.prototype.createDefaultNodeForSlot;
LGraphCanvas.prototype.createDefaultNodeForSlot = function (options) {
  note("dropped", [options.nodeFrom.id, options.slotFrom.name]);
  return globalThis.__takesDrops === true || make.apply(this, [options]);
};
LGraphCanvas.prototype.showLinkMenu = function (link) {
  note("link", link.target_id);
  return globalThis.__takesLinks ? false : undefined;
};
app.registerExtension({ name: "canvas.insides" });
