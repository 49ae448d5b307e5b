/** What a pack can add to the canvas, each once and short. docs/plugins-canvas.md explains it. */
import { definePlugin } from "/loom/plugin.js";

const brightest = (loom) => loom.nodes().filter((node) => node.type === "ExampleTint");

export default definePlugin({
  name: "Example",
  settings: [
    { id: "outline", name: "Outline of Tint nodes", choices: [["on", "On"], ["off", "Off"]] },
  ],
  commands: [
    {
      id: "select-tints",
      title: "Select all Tint nodes",
      keys: "Alt+Shift+T",
      run(loom) {
        const found = brightest(loom);
        loom.select(found.map((node) => node.id));
        loom.say(`${found.length} Tint nodes`);
      },
    },
  ],
  panels: [
    {
      id: "tints",
      title: "Tint nodes",
      render(element, loom) {
        const list = document.createElement("ul");
        list.style.cssText = "margin: 0; padding: 0; list-style: none; color: var(--text)";
        element.append(list);
        const fill = () => {
          list.replaceChildren(
            ...brightest(loom).map((node) => {
              const line = document.createElement("li");
              line.textContent = `${node.title}: ${node.value("channel")} ${node.value("amount")}`;
              return line;
            }),
          );
        };
        fill();
        const following = loom.onChange(fill);
        return () => following.dispose();
      },
    },
  ],
  overlays: [
    {
      id: "outline",
      draw(ctx, look, loom) {
        if (loom.setting("outline") === "off") return;
        ctx.strokeStyle = look.accent;
        ctx.lineWidth = 2 / look.scale;
        ctx.setLineDash([6 / look.scale, 4 / look.scale]);
        for (const { x, y, width, height } of brightest(loom)) {
          ctx.strokeRect(x - 6, y - 6, width + 12, height + 12);
        }
      },
    },
  ],
  nodeRenderers: [
    {
      type: "ExampleTint",
      draw(ctx, node) {
        ctx.fillStyle = node.value("channel");
        ctx.beginPath();
        ctx.arc(node.width - 36, 14, 5, 0, 7);
        ctx.fill();
      },
    },
  ],
  widgets: [
    {
      node: "ExampleTint",
      input: "amount",
      draw(ctx, rect, value, look) {
        ctx.fillStyle = look.accent;
        ctx.globalAlpha = 0.35;
        ctx.fillRect(rect.x, rect.y, rect.width * value, rect.height);
        ctx.globalAlpha = 1;
        ctx.fillStyle = look.text;
        ctx.font = look.font;
        ctx.textBaseline = "middle";
        ctx.fillText(`amount ${Math.round(value * 100)} %`, rect.x + 8, rect.y + rect.height / 2);
      },
      press(at, node) {
        node.set("amount", Math.round(at.x * 100) / 100);
      },
    },
  ],
});
