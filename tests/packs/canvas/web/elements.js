/** Fields that are elements of the page. */
import { app } from "../../scripts/app.js";
import { note } from "./seen.js";

app.registerExtension({
  name: "canvas.elements",
  nodeCreated(node) {
    if (node.comfyClass !== "CanvasProbe") return;
    const area = document.createElement("textarea");
    area.value = "typed";
    area.setAttribute("aria-label", "Note of the probe");
    node.addDOMWidget("note", "NOTE", area, { getValue: () => area.value, setValue: (value) => { area.value = value; note("set", value); }, getMinHeight: () => 60 });
  },
});
