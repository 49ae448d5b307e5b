/**
 * Texts that people read and that bypass `t`: words in elements and in their spoken names, toasts,
 * errors, and titles and tips of tables that no catalogue has. `npm run i18n` and a test ask.
 */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import ts from "typescript";

const SRC = fileURLToPath(new URL("src", import.meta.url));
const SPOKEN = new Set(["aria-label", "aria-roledescription", "alt", "placeholder", "title"]);
const SAYING = new Set(["alert", "drawTip", "Error", "fillText", "say", "ServerError", "speakAloud", "toast"]);
/** Fields of tables that are translated where they are shown. */
const TABLES = new Set(["about", "tip", "title"]);
/** Kinds of toasts and such, names of brands, and what only a broken program says. */
const PLAIN = new Set(["error", "info", "Latent Loom", "IndexedDB failed"]);
const INNER = new Set(["model/patch.ts"]);
const LETTERS = /[A-Za-z]{2}/;

/** The literals that an expression may come to. */
function literals(node) {
  if (!node) return [];
  if (ts.isConditionalExpression(node)) return [...literals(node.whenTrue), ...literals(node.whenFalse)];
  if (ts.isBinaryExpression(node) && !/[=!<>]/.test(node.operatorToken.getText())) return [...literals(node.left), ...literals(node.right)];
  if (ts.isParenthesizedExpression(node) || ts.isJsxExpression(node)) return literals(node.expression);
  return ts.isStringLiteralLike(node) || ts.isTemplateExpression(node) ? [node] : [];
}

const words = (node) => (ts.isTemplateExpression(node) ? [node.head, ...node.templateSpans.map((span) => span.literal)].map((part) => part.text).join(" ") : node.text);

/** What a node of the tree shows to people without asking `t`. */
function shown(node, known) {
  if (ts.isJsxText(node)) return [node];
  if (ts.isJsxAttribute(node) && SPOKEN.has(node.name.getText())) return literals(node.initializer);
  if (ts.isJsxExpression(node) && (ts.isJsxElement(node.parent) || ts.isJsxFragment(node.parent))) return literals(node);
  if (ts.isPropertyAssignment(node) && TABLES.has(node.name.getText())) return literals(node.initializer).filter((one) => !known.has(words(one)) && /^[A-Z]/.test(words(one)));
  if (!ts.isCallExpression(node) && !ts.isNewExpression(node)) return [];
  const name = ts.isPropertyAccessExpression(node.expression) ? node.expression.name.text : node.expression.getText();
  if (name === "setAttribute" && SPOKEN.has(node.arguments[0]?.text)) return literals(node.arguments[1]);
  return SAYING.has(name) ? (node.arguments ?? []).flatMap(literals) : [];
}

/** All such texts, each with its place; `known` are the keys of a catalogue. */
export function bare(known) {
  const files = readdirSync(SRC, { recursive: true }).map((path) => String(path).replaceAll("\\", "/"));
  return files.filter((path) => /\.tsx?$/.test(path) && !path.startsWith("i18n") && !INNER.has(path)).flatMap((path) => {
    const file = ts.createSourceFile(path, readFileSync(join(SRC, path), "utf8"), ts.ScriptTarget.Latest, true);
    const found = [];
    const visit = (node) => {
      found.push(...shown(node, known).filter((one) => LETTERS.test(words(one)) && !PLAIN.has(words(one).trim())));
      ts.forEachChild(node, visit);
    };
    visit(file);
    return found.map((node) => `src/${path}:${file.getLineAndCharacterOfPosition(node.getStart()).line + 1}: ${words(node).trim()}`);
  });
}
