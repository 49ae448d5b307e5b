/** The searchable list of a combo: opens under its field, arrow keys and typing choose. */
import { t } from "../i18n";
import type { Rect } from "../canvas/camera";
import { score } from "../model/search";
import type { Choice, Editor, EditorSite } from "./editor";
import { inFolders, thumbs, type Thumbs } from "./listrows";

/** Lists longer than this get a search field. */
const SEARCH_FROM = 8;
const SHOWN = 200;

export interface ListTask {
  rect: () => Rect;
  label: string;
  choices: readonly Choice[];
  /** True for what is chosen now. */
  chosen: (choice: Choice) => boolean;
  choose: (choice: Choice) => void;
  /** Several can be chosen: the list stays open. */
  many?: boolean;
  /** Addresses of pictures by value, if there are any. */
  pictures?: Promise<((value: string) => string | null) | null>;
  /** Choices that come from elsewhere; `again` asks anew. */
  load?: (again: boolean) => Promise<readonly Choice[]>;
  /** What to say when there is nothing to choose. */
  empty: string;
}

export function openList(site: EditorSite, task: ListTask): Editor {
  return new List(site, task);
}

class List implements Editor {
  private readonly root = document.createElement("div");
  private readonly search = document.createElement("input");
  private readonly items = document.createElement("div");
  private choices: readonly Choice[];
  private shown: readonly Choice[] = [];
  private at = 0;
  private open = true;
  private thumbs: Thumbs | null = null;
  private note: string;

  constructor(
    private readonly site: EditorSite,
    private readonly task: ListTask,
  ) {
    this.choices = task.choices;
    this.note = task.load ? t("Looking…") : task.empty;
    this.build();
    this.show();
    site.host.append(this.root);
    this.place();
    this.search.focus({ preventScroll: true });
    void task.pictures?.then((urlOf) => {
      if (!urlOf || !this.open) return;
      this.thumbs = thumbs(this.items, urlOf);
      this.root.classList.add("pictured");
      this.fill();
      this.place();
    });
    if (task.load) this.reload(task.load, false);
  }

  place(): void {
    const { camera } = this.site;
    const rect = this.task.rect();
    const at = camera.toScreen({ x: rect.x, y: rect.y + rect.h + 3 });
    const width = Math.max(this.thumbs ? 280 : 200, rect.w * camera.scale);
    const { offsetHeight: h } = this.root;
    const above = at.y + h > camera.height - 8;
    const top = above ? Math.max(8, at.y - h - (rect.h + 6) * camera.scale) : at.y;
    const left = Math.max(8, Math.min(at.x, camera.width - width - 8));
    this.root.style.width = `${String(width)}px`;
    this.root.style.transform = `translate(${String(left)}px, ${String(top)}px)`;
  }

  close = (): void => {
    if (!this.open) return;
    this.open = false;
    this.thumbs?.stop();
    this.root.remove();
    this.site.closed();
  };

  private build(): void {
    this.root.className = "list-editor";
    this.search.className = "list-search";
    this.search.placeholder = t("Search");
    this.search.setAttribute("aria-label", t("Search {name}", { name: this.task.label }));
    this.search.setAttribute("role", "combobox");
    this.search.setAttribute("aria-expanded", "true");
    this.items.className = "list-items";
    this.items.setAttribute("role", "listbox");
    this.items.setAttribute("aria-label", this.task.label);
    if (this.task.many) this.items.setAttribute("aria-multiselectable", "true");
    this.root.append(this.search, this.items);
    this.search.addEventListener("input", () => {
      this.filter();
    });
    this.search.addEventListener("keydown", (event) => {
      this.key(event);
    });
    this.search.addEventListener("blur", this.close);
    // Choosing with the mouse must not take the focus first: that would close the list.
    this.root.addEventListener("pointerdown", (event) => {
      if (event.target !== this.search) event.preventDefault();
    });
    const { load } = this.task;
    if (load) this.root.append(this.again(load));
  }

  private again(load: NonNullable<ListTask["load"]>): HTMLElement {
    const button = document.createElement("button");
    button.className = "list-again";
    button.tabIndex = -1;
    button.textContent = t("Look again");
    button.addEventListener("click", () => {
      this.reload(load, true);
    });
    return button;
  }

  private reload(load: NonNullable<ListTask["load"]>, again: boolean): void {
    load(again).then(
      (choices) => {
        this.choices = choices;
        this.note = this.task.empty;
        if (this.open) this.show();
      },
      (error: unknown) => {
        this.note = error instanceof Error ? error.message : String(error);
        if (this.open) this.show();
      },
    );
  }

  /** All choices, with what is chosen in view. */
  private show(): void {
    this.search.classList.toggle("unseen", this.choices.length < SEARCH_FROM);
    this.search.value = "";
    this.shown = inFolders(this.choices);
    this.at = Math.max(0, this.shown.findIndex((choice) => this.task.chosen(choice)));
    this.fill();
    this.place();
  }

  private filter(): void {
    const query = this.search.value.trim();
    const ranked = this.choices.map((choice): [number, Choice] => [score(query, choice.text), choice]);
    const best = ranked.filter(([mark]) => mark > 0).sort((a, b) => b[0] - a[0]);
    this.shown = query === "" ? inFolders(this.choices) : best.map(([, choice]) => choice);
    this.at = 0;
    this.fill();
    this.place();
  }

  private fill(): void {
    this.thumbs?.stop();
    const whole = this.search.value.trim() !== "";
    let folder = "";
    const rows = this.shown.slice(0, SHOWN).flatMap((choice, i) => {
      const cut = whole ? 0 : choice.text.lastIndexOf("/") + 1;
      const head = choice.text.slice(0, cut);
      const heading = head === folder ? [] : [headingOf(head)];
      folder = head;
      return [...heading, this.item(choice, choice.text.slice(cut), i)];
    });
    this.items.replaceChildren(...rows);
    if (this.shown.length === 0) this.items.append(this.emptyNote());
    this.items.querySelector(".active")?.scrollIntoView({ block: "nearest" });
  }

  private item(choice: Choice, text: string, i: number): HTMLElement {
    const item = document.createElement("div");
    item.className = this.task.many ? "list-item many" : "list-item";
    item.setAttribute("role", "option");
    item.title = choice.text;
    item.setAttribute("aria-selected", String(this.task.chosen(choice)));
    const name = document.createElement("span");
    name.textContent = text;
    item.append(...(this.thumbs ? [this.thumbs.frame(choice.text)] : []), name);
    item.addEventListener("click", () => {
      this.at = i;
      this.choose(choice);
    });
    if (i === this.at) item.classList.add("active");
    return item;
  }

  private emptyNote(): HTMLElement {
    const note = document.createElement("div");
    note.className = "list-empty";
    note.textContent = this.choices.length === 0 ? this.note : t("Nothing matches.");
    return note;
  }

  private key(event: KeyboardEvent): void {
    const step = event.key === "ArrowDown" ? 1 : event.key === "ArrowUp" ? -1 : 0;
    if (step !== 0) {
      this.at = Math.min(this.shown.length - 1, Math.max(0, this.at + step));
      this.fill();
    } else if (event.key === "Enter") {
      const choice = this.shown[this.at];
      if (choice) this.choose(choice);
    } else if (event.key === "Escape") this.close();
    else return;
    event.preventDefault();
    event.stopPropagation();
  }

  private choose(choice: Choice): void {
    this.task.choose(choice);
    if (this.task.many) this.fill();
    else this.close();
  }
}

function headingOf(folder: string): HTMLElement {
  const heading = document.createElement("div");
  heading.className = "list-folder";
  heading.setAttribute("role", "presentation");
  heading.textContent = folder === "" ? "·" : folder;
  return heading;
}
