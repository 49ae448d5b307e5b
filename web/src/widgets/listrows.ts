/** Rows of a list: those of a folder together, each with a picture that loads when it is seen. */
import type { Choice } from "./editor";

const folderOf = (text: string): string => text.slice(0, text.lastIndexOf("/") + 1);

/** Choices without a folder first, then folder by folder in the order in which they come. */
export function inFolders(choices: readonly Choice[]): readonly Choice[] {
  const folders = [...new Set(["", ...choices.map((choice) => folderOf(choice.text))])];
  if (folders.length === 1) return choices;
  return folders.flatMap((folder) => choices.filter((choice) => folderOf(choice.text) === folder));
}

export interface Thumbs {
  /** The place of a value's picture in its row. */
  frame(value: string): HTMLElement;
  /** No row is waited for any more: they are about to be replaced, or gone. */
  stop(): void;
}

/** Pictures of rows below `root`; only rows in view are asked for. */
export function thumbs(root: HTMLElement, urlOf: (value: string) => string | null): Thumbs {
  const lost = new Set<string>();
  const seen = new IntersectionObserver((entries) => {
    for (const { isIntersecting, target } of entries) {
      if (!isIntersecting || !(target instanceof HTMLElement)) continue;
      seen.unobserve(target);
      const url = urlOf(target.dataset["value"] ?? "");
      if (url !== null && !lost.has(url)) target.append(picture(url, lost));
    }
  }, { root });
  return {
    frame: (value) => {
      const frame = document.createElement("span");
      frame.className = "list-thumb";
      frame.dataset["value"] = value;
      seen.observe(frame);
      return frame;
    },
    stop: () => {
      seen.disconnect();
    },
  };
}

function picture(url: string, lost: Set<string>): HTMLImageElement {
  const image = document.createElement("img");
  image.alt = "";
  image.decoding = "async";
  image.src = url;
  image.addEventListener("error", () => {
    lost.add(url);
    image.remove();
  });
  return image;
}
