/** Icons as strokes on a 24 grid, drawn for this shell. */
import type { JSX } from "preact";

const PATHS = {
  play: "M8 5.5v13l10.5-6.5z",
  stop: "M7 7h10v10H7z",
  undo: "M9 8H15a4.5 4.5 0 0 1 0 9H8M9 8l3.5-3.5M9 8l3.5 3.5",
  redo: "M15 8H9a4.5 4.5 0 0 0 0 9h7M15 8l-3.5-3.5M15 8l-3.5 3.5",
  search: "M10.5 17a6.5 6.5 0 1 0 0-13 6.5 6.5 0 0 0 0 13zM15.5 15.5 20 20",
  folder: "M4 7.5A1.5 1.5 0 0 1 5.5 6H9l2 2.5h7.5A1.5 1.5 0 0 1 20 10v7.5a1.5 1.5 0 0 1-1.5 1.5h-13A1.5 1.5 0 0 1 4 17.5z",
  save: "M5 5h11l3 3v11H5zM8.5 5v4.5h6V5M8 19v-5.5h8V19",
  queue: "M5 7h14M5 12h14M5 17h9",
  image: "M4.5 5.5h15v13h-15zM4.5 15.5l4.5-4.5 4 4 2.5-2.5 4 4M15.5 9.5h.01",
  alert: "M12 4.5 20.5 19h-17zM12 10v4.5M12 16.800v.01",
  sun: "M12 16.5a4.5 4.5 0 1 0 0-9 4.5 4.5 0 0 0 0 9zM12 3v1.5M12 19.5V21M3 12h1.5M19.5 12H21M5.600 5.600l1.100 1.100M17.300 17.300l1.100 1.100M5.600 18.400l1.100-1.100M17.300 6.700l1.100-1.100",
  moon: "M19 14.5A7.5 7.5 0 0 1 9.5 5 7.5 7.5 0 1 0 19 14.5z",
  close: "M6.5 6.5l11 11M17.5 6.5l-11 11",
  fit: "M4.5 9V4.5H9M15 4.5h4.5V9M19.5 15v4.5H15M9 19.5H4.5V15",
  more: "M6 12h.01M12 12h.01M18 12h.01",
  left: "M14.5 6 8.5 12l6 6",
  right: "M9.5 6l6 6-6 6",
  up: "M12 18.5v-12M7 11l5-5 5 5",
  trash: "M5.5 7.5h13M9.5 7.500V5h5v2.500M7 7.500l.8 11.500h8.400L17 7.500M10.500 11v5M13.500 11v5",
  compare: "M12 4.500v15M4.500 6.500H9v11H4.500zM15 6.500h4.500v11H15z",
  brush: "M19.500 4.500 11 13M8.500 13.500c-2.500 0-2 4-5 4.500 2 2 7.500 1.500 7.500-2 0-1.500-1-2.500-2.500-2.500z",
  info: "M12 20a8 8 0 1 0 0-16 8 8 0 0 0 0 16zM12 11v5M12 8v.01",
  film: "M4.500 6.500h15v11h-15zM8.500 6.500v11M15.500 6.500v11M4.500 12h15",
  sound: "M9 17.500V6l10-1.500v11M9 17.500a2.500 2 0 1 1-5 0 2.500 2 0 0 1 5 0zM19 15.500a2.500 2 0 1 1-5 0 2.500 2 0 0 1 5 0z",
  eraser: "M4.500 15.500l8-9 6.500 5.500-6.500 7.500H8zM9 10.500l6.500 5.500M12.500 19.500h7",
  download: "M12 4.5v10M8 11l4 4 4-4M5 19h14",
  book: "M5 5.500A1.500 1.500 0 0 1 6.500 4H19v13H6.500A1.500 1.500 0 0 0 5 18.500zM5 18.500A1.500 1.500 0 0 0 6.500 20H19v-3M9 8h6",
  star: "M12 4.500l2.300 4.700 5.200.8-3.700 3.600.9 5.100-4.700-2.400-4.700 2.400.9-5.100L4.500 10l5.200-.8z",
  starred: "M12 4.500l2.300 4.700 5.200.8-3.700 3.600.9 5.100-4.700-2.400-4.700 2.400.9-5.100L4.500 10l5.200-.8z",
  bypass: "M4.500 15.500c1.500-9 13.500-9 15 0M19.500 15.500l1-5M19.500 15.500l-4.500-2M9.500 18.500h5",
  mute: "M5 10v4h3l4 3.500v-11L8 10zM15.500 10l4 4M19.500 10l-4 4",
  pin: "M9 4.500h6l-.8 5.500 3.300 3.500h-11L9.800 10zM12 13.500v6",
  collapse: "M4.500 5.500h15v4h-15zM8.500 17.500l3.500-3.500 3.500 3.500",
  align: "M5 4.500v15M8.500 6.500H19v4H8.500zM8.500 13.500h6.500v4H8.500z",
  subgraph: "M4.500 4.500h15v15h-15zM7.500 8h4v3.500h-4zM13 12.500h3.500V16H13z",
  outline: "M5 6.500h3M11 6.500h8M8 12h3M14 12h5M8 17.500h3M14 17.500h5",
  palette: "M12 4a8 8 0 1 0 0 16c1.600 0 2-1 1.700-2-.5-1.500.3-2.600 1.900-2.600H17a3 3 0 0 0 3-3C20 7.500 16.500 4 12 4zM8 12h.01M10 8.500h.01M14.500 8.500h.01",
  plus: "M12 5.5v13M5.5 12h13",
} as const;

export type IconName = keyof typeof PATHS;

export function Icon({ name, size = 18 }: { name: IconName; size?: number }): JSX.Element {
  const solid = name === "play" || name === "stop" || name === "starred";
  const width = name === "more" ? 2.6 : 1.6;
  return (
    <svg viewBox="0 0 24 24" width={size} height={size} aria-hidden="true" class="icon">
      <path
        d={PATHS[name]}
        fill={solid ? "currentColor" : "none"}
        stroke="currentColor"
        stroke-width={width}
        stroke-linecap="round"
        stroke-linejoin="round"
      />
    </svg>
  );
}

/** The mark of the house: two crossing threads. */
export function Logo(): JSX.Element {
  return (
    <svg viewBox="0 0 32 32" width="22" height="22" aria-hidden="true">
      <g fill="none" stroke-width="3.2" stroke-linecap="round">
        <path d="M5 9c11 0 11 14 22 14" stroke="var(--bypass)" />
        <path d="M5 23c11 0 11-14 22-14" stroke="var(--accent)" />
      </g>
      <circle cx="5" cy="9" r="3" fill="var(--bypass)" />
      <circle cx="27" cy="9" r="3" fill="var(--accent)" />
    </svg>
  );
}
