import { readFileSync } from "node:fs";
import { defineConfig, type Plugin } from "vite";
import { SHIMS, shimText } from "./shims.mjs";

/** The packages whose code or fonts end up in the bundle; their licences travel with it. */
const SHIPPED = ["preact", "@preact/signals", "@preact/signals-core", "@fontsource-variable/inter"];

/** Emit `licenses.txt` beside the bundle, one section per shipped package. */
function licences(): Plugin {
  return {
    name: "licences",
    generateBundle() {
      const read = (name: string): string =>
        readFileSync(new URL(`node_modules/${name}/LICENSE`, import.meta.url), "utf8");
      const source = SHIPPED.map((name) => `${name}\n\n${read(name).trim()}\n`).join("\n---\n\n");
      this.emitFile({ type: "asset", fileName: "licenses.txt", source });
    },
  };
}

/** Emit the small modules that scripts of the ComfyUI page import. */
function shims(): Plugin {
  return {
    name: "shims",
    generateBundle() {
      for (const [fileName, shim] of Object.entries(SHIMS)) this.emitFile({ type: "asset", fileName, source: shimText(shim) });
    },
  };
}

/** `LOOM_SERVER` names a running server that the dev server passes API calls on to. */
const server = process.env["LOOM_SERVER"] ?? "http://127.0.0.1:8188";

export default defineConfig({
  base: "./",
  plugins: [licences(), shims()],
  build: { outDir: "dist", emptyOutDir: true, sourcemap: false, target: "es2022" },
  server: {
    fs: { allow: [".."] },
    proxy: {
      "/api": { target: server, changeOrigin: true, ws: true },
    },
  },
  test: { include: ["tests/**/*.test.ts"], environment: "node", testTimeout: 60_000 },
} as Parameters<typeof defineConfig>[0]);
