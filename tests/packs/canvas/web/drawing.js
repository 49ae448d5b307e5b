/** Drawing on nodes and pressing them. */
import { app } from "../../scripts/app.js";
import { note } from "./seen.js";

app.registerExtension({
  name: "canvas.drawing",
  nodeCreated(node) {
    if (node.comfyClass !== "CanvasProbe") return;
    node.badges = [{ text: "probe", fgColor: "#fff", bgColor: "#333" }];
    node.onDrawBackground = (ctx) => { ctx.fillStyle = "#123456"; ctx.fillRect(0, 0, 4, 4); };
    node.onDrawForeground = function (ctx) {
      ctx.save();
      ctx.fillStyle = "#ff0000";
      ctx.fillRect(this.size[0] - 24, -LiteGraph.NODE_TITLE_HEIGHT, 16, 8);
      ctx.restore();
    };
    node.onMouseDown = function (event, [x, y]) {
      if (y > 0) return false;
      note("pressed", [Math.round(x), event.canvasX > 0]);
      return x > this.size[0] - 30;
    };
    node.onSelected = () => note("selected", node.id);
    node.onDeselected = () => note("deselected", node.id);
  },
});
