/** What an extension says as data: commands, keys, settings, panels; and what it says to people. */
import { app } from "../../scripts/app.js";
import { $el, ComfyDialog } from "../../scripts/ui.js";
import { ComfyButton } from "../../scripts/ui/components/button.js";
import { note } from "./seen.js";

app.registerExtension({
  name: "canvas.data",
  commands: [{ id: "canvas.greet", label: "Greet everybody", function: () => app.extensionManager.toast.add({ severity: "info", summary: "Hello", detail: "everybody" }) }],
  keybindings: [{ combo: { key: "j", ctrl: true, alt: true }, commandId: "canvas.greet" }],
  settings: [{ id: "canvas.volume", name: "Volume", type: "combo", defaultValue: "low", options: ["low", "high"], onChange: (now, before) => note("volume", [now, before ?? null]) }],
  setup() {
    app.ui.settings.addSetting({ id: "canvas.old", name: "Old way", type: "boolean", defaultValue: true, onChange: (value) => note("old", value) });
    app.extensionManager.registerSidebarTab({
      id: "canvas.side", icon: "pi pi-star", title: "Side of the probe", type: "custom",
      render: (element) => { element.append($el("p.greeting", { textContent: "From the side" })); },
    });
    const dialog = new ComfyDialog();
    globalThis.__dialog = () => dialog.show($el("div", [$el("b", "Bold words"), new ComfyButton({ content: "Press", tooltip: "Press it", action: () => note("press", 1) }).element]));
    note("setting", [app.extensionManager.setting.get("canvas.volume"), app.ui.settings.getSettingValue("canvas.old")]);
  },
});
