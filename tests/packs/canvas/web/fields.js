/** Fields: custom types, a drawn one that takes the pointer, buttons, hidden ones, callbacks. */
import { app } from "../../scripts/app.js";
import { ComfyWidgets } from "../../scripts/widgets.js";
import { note } from "./seen.js";

app.registerExtension({
  name: "canvas.fields",
  getCustomWidgets: () => ({
    STARS(node, name, [type, options]) {
      const widget = {
        type, name, value: options.default, options: {},
        draw(ctx, node, width, y, height) {
          note("draw", [width, height]);
          ctx.fillStyle = "#ffcc00";
          ctx.fillText("*".repeat(this.value), 20, y + height / 2);
        },
        computeSize: (width) => [width, 40],
        mouse(event, [x], node) {
          if (event.type === "pointerdown") this.value = Math.max(1, Math.min(5, Math.ceil((x / node.size[0]) * 5)));
          return true;
        },
      };
      return { widget: node.addCustomWidget(widget) };
    },
  }),
  beforeRegisterNodeDef(nodeType, nodeData) {
    if (nodeData.name !== "CanvasProbe") return;
    const created = nodeType.prototype.onNodeCreated;
    nodeType.prototype.onNodeCreated = function (...all) {
      created?.apply(this, all);
      this.addWidget("button", "Reset", null, () => {
        this.widgets.find((w) => w.name === "name").value = "Reset";
      });
      const extra = this.addWidget("combo", "mood", "calm", (value) => note("mood", value), { values: ["calm", "wild"] });
      extra.serializeValue = () => `very ${extra.value}`;
      const secret = ComfyWidgets.STRING(this, "secret", ["STRING", { default: "hush" }], app).widget;
      secret.type = "hidden";
      const name = this.widgets.find((w) => w.name === "name");
      name.callback = (value) => note("name", value);
      this.onWidgetChanged = (name, value, old) => note("changed", [name, value, old]);
    };
  },
});
