/**
 * Players over nodes that left a sound, a film or a moving picture.
 *
 * Invariant: only players of nodes in view, large enough to be used, are in the page; one that
 * scrolls out is gone, and with it what it decoded.
 */
import type { Renderer } from "../canvas/renderer";
import type { NodeBox, Medium } from "../canvas/layout";
import { lodOf } from "../canvas/drawnode";
import type { Scene } from "../canvas/scene";
import { t } from "../i18n";
import { placeOver } from "./editor";

interface Player {
  element: HTMLElement;
  url: string;
}

/** Keep players where their nodes are; `still` is true while nothing may move by itself. */
export function watchPlayers(renderer: Renderer, scene: () => Scene, host: HTMLElement, still: () => boolean): void {
  const players = new Map<string, Player>();
  renderer.watchers.add(() => {
    const wanted = lodOf(renderer.camera.scale) === "full" ? shownBy(scene(), renderer) : [];
    const keys = new Set(wanted.map(({ box }) => box.key));
    for (const [key, { element }] of players) if (!keys.has(key)) drop(key, element);
    for (const { box, medium } of wanted) place(box, medium);
  });

  const drop = (key: string, element: HTMLElement): void => {
    element.remove();
    players.delete(key);
  };

  const place = (box: NodeBox, medium: Medium): void => {
    const known = players.get(box.key);
    const quiet = medium.kind === "moving" && still();
    if (known && (known.url !== medium.url || quiet)) drop(box.key, known.element);
    if (quiet || !box.player) return;
    const player = players.get(box.key) ?? { element: made(medium, box.title), url: medium.url };
    if (!players.has(box.key)) {
      players.set(box.key, player);
      host.append(player.element);
    }
    placeOver(player.element, renderer.camera, { ...box.player, x: box.x + box.player.x, y: box.y + box.player.y });
  };
}

function shownBy(scene: Scene, renderer: Renderer): { box: NodeBox; medium: Medium }[] {
  return scene.visible(renderer.camera.view).flatMap((box) => {
    const medium = box.player && scene.mark(box.key).media[0];
    return medium ? [{ box, medium }] : [];
  });
}

function made({ kind, url }: Medium, title: string): HTMLElement {
  if (kind === "moving") {
    const image = document.createElement("img");
    image.className = "player moving";
    image.alt = t("Moving picture of {title}", { title });
    image.src = url;
    return image;
  }
  const element = document.createElement(kind);
  element.className = `player ${kind}`;
  element.controls = true;
  element.preload = "metadata";
  element.setAttribute("aria-label", kind === "audio" ? t("Sound of {title}", { title }) : t("Film of {title}", { title }));
  element.src = url;
  return element;
}
