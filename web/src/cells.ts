/** Cells of a table: how far two are apart, and what is normal. */
import type { Cell, Colour, Field } from "./types";

function number(cell: Cell, field: Field): number {
  if (cell === null || cell === undefined || typeof cell === "boolean") return NaN;
  return field.kind === "date" ? Date.parse(`${cell}`.length > 10 ? `${cell}Z` : `${cell}`) / 1000 : Number(cell);
}

/** What the second cell is above the first, in standard deviations of the column; null where that says nothing. */
export function deviations(before: Cell, after: Cell, field: Field, deviation: number | null): number | null {
  if (!deviation || field.kind === "category" || field.kind === "boolean") return null;
  const off = (number(after, field) - number(before, field)) / deviation;
  return Number.isFinite(off) ? off : null;
}

/** Between which values 98 % of the examples lie; null where a column has no such range. */
export function normalRange(field: Field, colours: Colour[]): [Cell, Cell] | null {
  const { low, high } = colours.find(({ id }) => id === `column:${field.name}`) ?? {};
  if (low === null || low === undefined || high === null || high === undefined) return null;
  const cell = (value: number): Cell =>
    field.kind === "date" ? new Date(1000 * value).toISOString().slice(0, 10) : value;
  return [cell(low), cell(high)];
}
