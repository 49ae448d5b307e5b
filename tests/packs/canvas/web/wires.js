/** The graph: nodes by id, links both ways, wiring, properties, what is told of it. */
import { app } from "../../scripts/app.js";
import { note } from "./seen.js";

app.registerExtension({
  name: "canvas.wires",
  loadedGraphNode: (node) => note("loaded", node.type),
  afterConfigureGraph: () => note("configured", app.graph._nodes.length),
  nodeCreated(node) {
    node.onConnectionsChange = (side, slot, on, link, socket) => note("wired", [side, slot, on, link.target_id, socket?.name]);
    node.onPropertyChanged = (name, value) => note("property", [name, value]);
    node.onConnectInput = (slot, type, output, source) => { note("asked", [slot, type, source.id]); return globalThis.__refuses !== true; };
    node.onRemoved = () => note("removed", node.type);
  },
});

globalThis.__wires = {
  build() {
    const a = LiteGraph.createNode("CanvasProbe");
    const b = LiteGraph.createNode("CanvasProbe");
    a.pos = [0, 400];
    b.pos = [500, 400];
    app.graph.add(a);
    app.graph.add(b);
    a.connect(0, b, "text");
    b.setProperty("kind", "second");
    b.properties.list = [1, 2];
    b.properties.list.push(3);
    b.title = "Second";
    const link = app.graph.links[b.inputs[b.findInputSlot("text")].link];
    return {
      ids: [a.id, b.id],
      link: [link.origin_id, link.target_id, link.type, app.graph.links.size, app.graph.links.get(link.id) !== undefined],
      source: b.getInputNode(b.findInputSlot("text"))?.id,
      targets: a.getOutputNodes(0).map((n) => n.id),
      order: app.graph.computeExecutionOrder().map((n) => n.id),
      found: app.graph.getNodeById(b.id) === b && app.graph.findNodesByTitle("Second")[0] === b,
      json: b.serialize().properties,
    };
  },
  take() {
    const [a, b] = app.graph.findNodesByType("CanvasProbe").slice(-2);
    b.disconnectInput(b.findInputSlot("text"));
    app.graph.remove(a);
    return app.graph._nodes.length;
  },
};
