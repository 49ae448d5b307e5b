/** Node types that only the page knows. */
import { app } from "../../scripts/app.js";

class Sticker extends LGraphNode {
  constructor(title) {
    super(title);
    this.addOutput("anything", "*");
    this.addWidget("text", "words", "stick", () => {}, {});
    this.properties.colour = "red";
    this.isVirtualNode = true;
  }
}

app.registerExtension({
  name: "canvas.virtual",
  registerCustomNodes() {
    LiteGraph.registerNodeType("Sticker", Sticker);
    Sticker.category = "probe";
  },
});
