/** The searchable list of a combo: opens under its field, arrow keys and typing choose. */
import { t } from "../i18n";
import type { Rect } from "../canvas/camera";
import { score } from "../model/search";
import type { Choice, Editor, EditorSite } from "./editor";

/** Lists longer than this get a search field. */
const SEARCH_FROM = 8;
const SHOWN = 200;

export interface ListTask {
  rect: () => Rect;
  label: string;
  choices: readonly Choice[];
  current: unknown;
  choose: (choice: Choice) => void;
  /** Several may be chosen: what is now. The list stays open, and choosing again takes back. */
  chosen?: () => readonly unknown[];
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
  private shown: readonly Choice[];
  private at = 0;
  private open = true;

  constructor(
    private readonly site: EditorSite,
    private readonly task: ListTask,
  ) {
    this.shown = task.choices;
    this.at = Math.max(0, task.choices.findIndex((choice) => choice.value === task.current));
    this.build();
    this.fill();
    site.host.append(this.root);
    this.place();
    this.search.focus({ preventScroll: true });
  }

  place(): void {
    const { camera } = this.site;
    const rect = this.task.rect();
    const at = camera.toScreen({ x: rect.x, y: rect.y + rect.h + 3 });
    const width = Math.max(200, rect.w * camera.scale);
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
    if (this.task.choices.length < SEARCH_FROM) this.search.classList.add("unseen");
    this.items.className = "list-items";
    this.items.setAttribute("role", "listbox");
    this.items.setAttribute("aria-label", this.task.label);
    if (this.task.chosen) {
      this.items.setAttribute("aria-multiselectable", "true");
      this.items.classList.add("many");
    }
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
  }

  private filter(): void {
    const query = this.search.value.trim();
    const ranked = this.task.choices.map((choice): [number, Choice] => [score(query, choice.text), choice]);
    const kept = query === "" ? ranked : ranked.filter(([mark]) => mark > 0).sort((a, b) => b[0] - a[0]);
    this.shown = kept.map(([, choice]) => choice);
    this.at = 0;
    this.fill();
    this.place();
  }

  private fill(): void {
    this.items.replaceChildren(
      ...this.shown.slice(0, SHOWN).map((choice, i) => {
        const item = document.createElement("div");
        item.className = "list-item";
        item.setAttribute("role", "option");
        item.textContent = choice.text;
        item.title = choice.text;
        item.setAttribute("aria-selected", String(this.isChosen(choice)));
        item.addEventListener("click", () => {
          this.at = i;
          this.choose(choice);
        });
        if (i === this.at) item.classList.add("active");
        return item;
      }),
    );
    if (this.shown.length === 0) this.items.append(this.note());
    this.items.children[this.at]?.scrollIntoView({ block: "nearest" });
  }

  private isChosen({ value }: Choice): boolean {
    const { chosen, current } = this.task;
    return chosen ? chosen().includes(value) : value === current;
  }

  private note(): HTMLElement {
    const note = document.createElement("div");
    note.className = "list-empty";
    note.textContent = this.task.choices.length === 0 ? this.task.empty : t("Nothing matches.");
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
    if (this.task.chosen) this.fill();
    else this.close();
  }
}
