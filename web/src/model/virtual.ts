/** Node types that live on the canvas only and are resolved before a prompt is sent. */
import type { NodeSpec, WidgetKind } from "./schema";

const note = (type: string, title: string, description: string): NodeSpec => ({
  type,
  title,
  description,
  category: "canvas",
  inputs: [
    {
      name: "text",
      type: "STRING",
      required: false,
      widget: "multiline" as WidgetKind,
      choices: [],
      options: { socketless: true },
    },
  ],
  outputs: [],
  isOutput: false,
  virtual: true,
  deprecated: false,
  aliases: ["comment", "text"],
});

const REROUTE: NodeSpec = {
  ...note("Reroute", "Reroute", "A bend in a wire."),
  inputs: [{ name: "", type: "*", required: false, widget: null, choices: [], options: {} }],
  outputs: [{ name: "", type: "*", list: false }],
  aliases: ["wire", "dot"],
};

const PRIMITIVE: NodeSpec = {
  ...note("PrimitiveNode", "Primitive", "One value that feeds widgets of other nodes."),
  inputs: [],
  outputs: [{ name: "connect to widget input", type: "*", list: false }],
  aliases: ["value", "constant"],
};

/** Named wires, as the field's packs write them: one node sets a name, others get its value. */
const named = (type: string, title: string, description: string, ends: Partial<NodeSpec>): NodeSpec => ({
  ...note(type, title, description),
  inputs: [{ name: "Constant", type: "STRING", required: false, widget: "text", choices: [], options: { socketless: true } }],
  aliases: ["named wire", "variable"],
  ...ends,
});

const ANY = [{ name: "*", type: "*", list: false }];
const SET = named("SetNode", "Set", "Gives a name to what is wired into it.", { outputs: ANY });
const GET = named("GetNode", "Get", "What is wired into the Set node of the same name.", { outputs: ANY });

export const VIRTUAL: readonly NodeSpec[] = [
  note("Note", "Note", "Text beside the graph."),
  note("MarkdownNote", "Markdown Note", "Text beside the graph, in Markdown."),
  REROUTE,
  PRIMITIVE,
  { ...SET, inputs: [{ name: "*", type: "*", required: false, widget: null, choices: [], options: {} }, ...SET.inputs] },
  GET,
];

/** Add the canvas-only types to what the server offers. */
export function withVirtual(specs: Map<string, NodeSpec>): Map<string, NodeSpec> {
  for (const spec of VIRTUAL) if (!specs.has(spec.type)) specs.set(spec.type, spec);
  return specs;
}
