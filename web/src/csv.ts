/** Rows of a table as a CSV file. */
import type { Cell } from "./types";

/** A cell that a spreadsheet would take for a formula stands behind an apostrophe. */
const safe = (cell: Cell): string =>
  typeof cell === "string" ? cell.replace(/^(?=[=+\-@\t\r])/, "'") : `${cell ?? ""}`;
const quoted = (text: string): string => (/[",\n\r]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);

export function csv(heads: string[], indices: number[], row: (index: number) => Cell[]): Blob {
  const lines = [heads, ...indices.map(row)].map((cells) => cells.map((cell) => quoted(safe(cell))).join(","));
  return new Blob([`${lines.join("\n")}\n`], { type: "text/csv" });
}
