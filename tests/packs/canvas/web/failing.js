/** A script that fails in a hook; the others go on. */
import { app } from "../../scripts/app.js";

app.registerExtension({
  name: "canvas.failing",
  setup() { throw new Error("no luck today"); },
  nodeCreated(node) { if (node.comfyClass === "CanvasProbe") node.onDrawBackground = () => { throw new Error("cannot draw"); }; },
});
