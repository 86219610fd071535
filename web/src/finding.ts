/** Search in an exported page: an index, `column=value`, `column>3`, or text in any cell or label. */
import type { Gallery } from "./gallery";
import type { About, Cell } from "./types";

const compared: Record<string, (a: number, b: number) => boolean> = {
  "<": (a, b) => a < b,
  ">": (a, b) => a > b,
  "<=": (a, b) => a <= b,
  ">=": (a, b) => a >= b,
};

export function search(
  text: string,
  about: About,
  label: (i: number) => Cell,
  values: Gallery | null,
): { indices: number[]; total: number } {
  const test = asked(text.trim(), about, label, values && "cells" in values ? values.cells : null);
  const all = Array.from({ length: about.n }, (_, i) => i).filter(test);
  return { indices: all.slice(0, 200), total: all.length };
}

function asked(text: string, about: About, label: (i: number) => Cell, cells: Cell[][] | null): (i: number) => boolean {
  if (/^\d+$/.test(text)) return (i) => i === Number(text);
  const parts = text.match(/^(.+?)\s*(<=|>=|=|<|>)\s*(.+)$/);
  const column = parts ? about.fields.findIndex((each) => each.name === parts[1]) : -1;
  if (parts && (column >= 0 || parts[1] === "label")) {
    const cell = (i: number): Cell => (column >= 0 ? (cells?.[i][column] ?? null) : label(i));
    if (parts[2] === "=") return (i) => `${cell(i)}`.toLowerCase() === parts[3].toLowerCase();
    return (i) => cell(i) !== null && compared[parts[2]](Number(cell(i)), Number(parts[3]));
  }
  const word = text.toLowerCase();
  const holds = (cell: Cell): boolean => cell !== null && `${cell}`.toLowerCase().includes(word);
  return (i) => holds(label(i)) || (cells?.[i] ?? []).some(holds);
}
