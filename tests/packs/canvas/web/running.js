/** Runs: wrapped prompts, events of the server and of packs, what nodes are told. */
import { app } from "../../scripts/app.js";
import { api } from "../../scripts/api.js";
import { note } from "./seen.js";

app.registerExtension({
  name: "canvas.running",
  async setup() {
    for (const type of ["execution_start", "executing", "executed", "progress", "status", "canvas.custom"]) {
      api.addEventListener(type, ({ detail }) => note(type, detail?.node ?? detail));
    }
    const toPrompt = app.graphToPrompt;
    app.graphToPrompt = async function () {
      const made = await toPrompt.apply(app, arguments);
      note("prompt", Object.values(made.output).map((node) => node.class_type));
      return made;
    };
    const queue = api.queuePrompt;
    api.queuePrompt = function (number, { output, workflow }) {
      for (const node of Object.values(output)) if (node.class_type === "CanvasProbe") node.inputs.name += "!";
      workflow.extra.touched = true;
      return queue.apply(api, [number, { output, workflow }]);
    };
    const answer = await api.fetchApi("/system_stats");
    note("stats", answer.status);
  },
  nodeCreated(node) {
    node.onExecuted = (output) => note("output", output.text);
    node.onExecutionStart = () => note("began", node.type);
  },
});
