/** The account of whoever is signed in: tokens for programs, and for administrators the people. */
import { type Signal, useSignal } from "@preact/signals";
import type { JSX } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { t } from "../i18n";
import { isObject, type Json, type JsonObject } from "../model/json";
import type { App } from "./app";
import { Frame } from "./dialogs";
import { Icon } from "./icons";
import { signOut } from "./me";
import { sentenceOf, toast, ui } from "./ui";
import "./account.css";

const ROLES = { admin: "Administrator", user: "User", viewer: "Viewer" } as const;
const roleName = (role: string): string => t(role in ROLES ? ROLES[role as keyof typeof ROLES] : role);

interface ListProps {
  app: App;
  /** Asks the server again. */
  list: Signal<readonly JsonObject[] | null>;
}

export function AccountDialog({ app }: { app: App }): JSX.Element | null {
  const me = ui.me.value;
  const tokens = useSignal<readonly JsonObject[] | null>(null);
  const people = useSignal<readonly JsonObject[] | null>(null);
  useEffect(() => {
    if (me?.account) void fill(app, "x/tokens", "tokens", tokens);
    if (me?.account && me.role === "admin") void fill(app, "x/users", "users", people);
  }, []);
  if (!me) return null;
  return (
    <Frame title={t("Account")}>
      <div class="account">
        <p class="account-me">
          <span><strong>{me.name}</strong> <small>{roleName(me.role)}</small></span>
          <button class="text-button" onClick={() => void signOut(app)}>{t("Sign out")}</button>
        </p>
        {me.account && <Tokens app={app} list={tokens} />}
        {people.value && <People app={app} list={people} />}
      </div>
    </Frame>
  );
}

async function fill(app: App, path: string, field: string, list: ListProps["list"]): Promise<void> {
  const answer = await app.client.json(path).catch((error: unknown): Json => {
    toast(sentenceOf(error), "error");
    return null;
  });
  const found = isObject(answer) ? answer[field] : [];
  list.value = Array.isArray(found) ? found.filter(isObject) : [];
}

/** Do something and look again; what goes wrong is said. */
async function act(what: () => Promise<unknown>, again: () => Promise<void>): Promise<void> {
  await what().catch((error: unknown) => {
    toast(sentenceOf(error), "error");
  });
  await again();
}

const word = (entry: JsonObject, name: string): string => (typeof entry[name] === "string" ? entry[name] : "");

function date(entry: JsonObject, name: string): string {
  const seconds = Number(entry[name] ?? 0);
  return seconds === 0 ? t("never") : new Date(seconds * 1000).toLocaleDateString(undefined, { dateStyle: "medium" });
}

function Tokens({ app, list }: ListProps): JSX.Element {
  const label = useSignal("");
  const made = useSignal<string | null>(null);
  const again = (): Promise<void> => fill(app, "x/tokens", "tokens", list);
  const make = (event: Event): void => {
    event.preventDefault();
    void act(async () => {
      const answer = await app.client.json("x/tokens", "POST", { label: label.value.trim() });
      made.value = isObject(answer) ? word(answer, "token") : null;
      label.value = "";
    }, again);
  };
  return (
    <section aria-label={t("Tokens and sessions")}>
      <h3>{t("Tokens and sessions")}</h3>
      <form class="account-form" onSubmit={make}>
        <input placeholder={t("What the token is for")} aria-label={t("What the token is for")} value={label.value} maxLength={100} required onInput={(event) => (label.value = event.currentTarget.value)} />
        <button type="submit" class="run plain">{t("Make a token")}</button>
      </form>
      {made.value !== null && <Once token={made.value} done={() => (made.value = null)} />}
      <ul class="account-list">
        {list.value?.map((token) => (
          <li key={word(token, "id")}>
            <span>
              {token["kind"] === "session" ? t("Browser") : word(token, "label")}
              <small>{token["kind"] === "session" ? word(token, "label") : t("made {date}", { date: date(token, "created") })}, {t("used {date}", { date: date(token, "used") })}</small>
            </span>
            <button class="text-button" aria-label={t("Revoke {name}", { name: word(token, "label") })} onClick={() => void act(() => app.client.json(`x/tokens/${encodeURIComponent(word(token, "id"))}`, "DELETE"), again)}>
              {t("Revoke")}
            </button>
          </li>
        ))}
      </ul>
    </section>
  );
}

/** A token that is told this once. */
function Once({ token, done }: { token: string; done: () => void }): JSX.Element {
  const field = useRef<HTMLInputElement>(null);
  const copy = (): void => {
    field.current?.select();
    // Without a secure connection browsers offer the old way only.
    const copied = navigator.clipboard?.writeText(token) ?? Promise.resolve(document.execCommand("copy"));
    copied.then(() => {
      toast(t("Copied."));
    }, () => undefined);
  };
  return (
    <div class="account-once" role="alert">
      <p>{t("Copy it now: it is not shown again.")}</p>
      <span class="account-form">
        <input ref={field} readOnly value={token} aria-label={t("The new token")} onFocus={(event) => event.currentTarget.select()} />
        <button class="text-button" onClick={copy}>{t("Copy")}</button>
        <button class="tool" aria-label={t("Done")} onClick={done}><Icon name="close" size={14} /></button>
      </span>
    </div>
  );
}

function People({ app, list }: ListProps): JSX.Element {
  const again = (): Promise<void> => fill(app, "x/users", "users", list);
  const add = (event: SubmitEvent): void => {
    event.preventDefault();
    const form = event.currentTarget as HTMLFormElement;
    const given = Object.fromEntries([...new FormData(form)].map(([name, value]) => [name, typeof value === "string" ? value : ""]));
    void act(async () => {
      await app.client.json("users", "POST", given);
      form.reset();
    }, again);
  };
  return (
    <section aria-label={t("People")}>
      <h3>{t("People")}</h3>
      <ul class="account-list">
        {list.value?.map((person) => <PersonLine key={word(person, "id")} app={app} person={person} again={again} />)}
      </ul>
      <form class="account-form people" onSubmit={add}>
        <input name="username" placeholder={t("Name")} aria-label={t("Name")} required autocomplete="off" />
        <input name="password" type="password" placeholder={t("Password")} aria-label={t("Password")} required autocomplete="new-password" />
        <select name="role" aria-label={t("Role")}>
          {(["user", "viewer", "admin"] as const).map((role) => <option key={role} value={role}>{roleName(role)}</option>)}
        </select>
        <button type="submit" class="run plain">{t("Add")}</button>
      </form>
    </section>
  );
}

/** Removing asks once more, in place. */
function PersonLine({ app, person, again }: { app: App; person: JsonObject; again: () => Promise<void> }): JSX.Element {
  const sure = useSignal(false);
  const name = word(person, "name");
  const remove = (): void => void act(() => app.client.json(`x/users/${encodeURIComponent(word(person, "id"))}`, "DELETE"), again);
  return (
    <li>
      <span>{name}<small>{roleName(word(person, "role"))}, {t("since {date}", { date: date(person, "created") })}</small></span>
      {name !== ui.me.value?.name && (
        <button class="text-button" aria-label={t("Remove {name}", { name })} onClick={() => (sure.value ? remove() : (sure.value = true))} onBlur={() => (sure.value = false)}>
          {sure.value ? t("Really remove?") : t("Remove")}
        </button>
      )}
    </li>
  );
}
