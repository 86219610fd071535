/** Examples and reconstructions as people see them: images, rows, curves. */
import { deviations, normalRange } from "./cells";
import { Curves } from "./curves";
import { fraction } from "./glyph";
import { type Curve, farthest } from "./lanes";
import { brief, dateText, useBox, usePage } from "./page";
import { category, muted } from "./palette";
import { pixelated } from "./png";
import { enlarged, saveImage } from "./saving";
import type { Cell, Contributions, Field, Value } from "./types";

export function cellText(cell: Cell | undefined, field?: Field): string {
  if (cell === null || cell === undefined) return "–";
  if (field?.kind === "date") return dateText(`${cell}`);
  return typeof cell === "number" ? brief(cell) : `${cell}`;
}

/** An image; a click on its button saves it, enlarged. */
export function PngImage({ png, wav, title, keep }: { png: string; wav?: string; title: string; keep?: boolean }) {
  const save = async () => saveImage(await enlarged(png, 400), `${title.replaceAll(/\W+/g, "-")}.png`);
  return (
    <span class={wav ? "image sound" : "image"}>
      <img class={pixelated(png) ? "pixelated" : ""} src={png} alt={title} draggable={false} />
      {keep && (
        <button class="keep" title="Save as PNG" aria-label={`Save ${title} as PNG`} onClick={save}>
          ↓
        </button>
      )}
      {wav && <audio controls preload="metadata" src={wav} aria-label={title} />}
    </span>
  );
}

/** How far a reconstruction is from its original, in standard deviations of the column; or whether they differ. */
function Difference({ cells, field, deviation }: { cells: Cell[]; field: Field; deviation: number | null }) {
  const [before, after] = cells;
  const off = deviations(before, after, field, deviation);
  if (before === null || before === undefined || after === null) return <td class="number">–</td>;
  if (off === null) return <td class="number">{`${before}` === `${after}` ? "same" : "differs"}</td>;
  return <td class="number">{`${off > 0 ? "+" : ""}${brief(Math.abs(off) < 0.005 ? 0 : +off.toFixed(2))} σ`}</td>;
}

interface RowProps {
  /** A row, or an original and one or two reconstructions. */
  rows: Cell[][];
  heads: string[];
  contributions?: number[];
  /** What they contribute to. */
  what?: string;
  /** Of many columns those with the largest contributions, or differences. */
  limit?: number;
}

/** A row, or two beside each other: their difference beside the normal range of each column, and its contribution. */
export function Row({ rows, heads, contributions, what = "", limit }: RowProps) {
  const { fields, deviation, colours } = usePage().about;
  const top = Math.max(...(contributions ?? []), 0) || 1;
  const order = fields.map((_, i) => i);
  const compared = rows.length === 2;
  const off = (i: number): number =>
    Math.abs(deviations(rows[0][i], rows[1][i], fields[i], deviation?.[i] ?? null) ?? 0);
  const size = contributions ? (i: number) => contributions[i] ?? 0 : compared ? off : null;
  if (limit && size) order.sort((a, b) => size(b) - size(a));
  const count = limit && limit < fields.length ? `${limit} of ${fields.length}` : "";
  return (
    <table class={compared ? "row compared" : "row"}>
      <thead>
        <tr>
          <th scope="col" class="name" title="Below each name: the range of 98 % of the examples">
            {count ? `${size ? "top " : ""}${count}` : "column"}
          </th>
          {heads.map((each) => (
            <th scope="col" class="number" title={each}>
              {each.replace("reconstruction", "recon\u00adstruction")}
            </th>
          ))}
          {compared && (
            <th scope="col" class="number" title="Reconstruction minus original, in standard deviations of the column">
              differ&shy;ence
            </th>
          )}
          {contributions && (
            <th scope="col" class="off" title={`What each column contributes to ${what}`}>
              contri&shy;bution
            </th>
          )}
        </tr>
      </thead>
      <tbody>
        {order.slice(0, limit).map((i) => {
          const field = fields[i];
          const range = normalRange(field, colours);
          return (
            <tr>
              <th scope="row" title={field.name}>
                {field.name.replaceAll(/[_/]/g, "$&\u200b")}
                {range && <small>{range.map((each) => cellText(each, field)).join(" to ")}</small>}
              </th>
              {rows.map((row) => (
                <td class="number" title={`${row[i] ?? ""}`}>
                  {cellText(row[i], field)}
                </td>
              ))}
              {compared && (
                <Difference cells={[rows[0][i], rows[1][i]]} field={field} deviation={deviation?.[i] ?? null} />
              )}
              {contributions && (
                <td class="off">
                  <meter
                    min={0}
                    max={1}
                    value={(contributions[i] ?? 0) / top}
                    title={brief(contributions[i])}
                    aria-label={`Contribution ${brief(contributions[i])}`}
                  />
                </td>
              )}
            </tr>
          );
        })}
      </tbody>
    </table>
  );
}

/** One value of whatever kind. */
export function Shown({ value, title, keep }: { value: Value | null; title: string; keep?: boolean }) {
  if (!value) return <span class="nothing">not shown</span>;
  if ("png" in value) return <PngImage {...value} title={title} keep={keep} />;
  if ("curve" in value) return <Curves windows={[value.curve]} title={title} keep={keep} />;
  return <Row rows={[value.cells]} heads={["value"]} />;
}

/** A value as small as a thumb. */
export function Thumb({ value, title }: { value: Value | null | undefined; title: string }) {
  const { fields } = usePage().about;
  const night = useBox(usePage().night);
  if (!value) return <span class="thumb nothing">{title}</span>;
  if ("png" in value)
    return (
      <img class={pixelated(value.png) ? "thumb pixelated" : "thumb"} src={value.png} alt={title} draggable={false} />
    );
  if ("curve" in value)
    return (
      <span class="thumb">
        <Curves windows={[value.curve]} title={title} small />
      </span>
    );
  return (
    <span
      class="thumb bars"
      role="img"
      aria-label={title}
      title={value.cells.map((each, i) => `${fields[i]?.name} ${cellText(each, fields[i])}`).join("\n")}
    >
      {value.cells.slice(0, 24).map((cell, i) => (
        <i style={{ width: `${4 + 96 * fraction(cell, fields[i])}%`, background: category(i % muted, night) }} />
      ))}
    </span>
  );
}

/** Where a reconstruction of a window is off the most. */
function Farthest({ before, after }: { before: Curve[]; after: Curve[] }) {
  const { about } = usePage();
  const at = farthest(before, after, about);
  if (!at) return null;
  const off = `${at.off > 0 ? "+" : ""}${brief(+at.off.toFixed(2))} σ`;
  return (
    <figcaption title="Reconstruction minus original, in standard deviations of the channel">
      {`largest difference: ${about.signal?.channels[at.c]}, ${off} at time step ${at.t}`}
    </figcaption>
  );
}

/** An example beside its reconstruction, and how much each element contributes to `what`. */
export function Pair({
  before,
  after,
  heads,
  contributions,
  heat = null,
  what,
}: {
  before: Value | null;
  after: Value | null;
  heads: [string, string];
  contributions: Contributions | null;
  heat?: Value | null;
  what: string;
}) {
  const sounds = usePage().about.kind === "sound";
  const named = what === "difference" ? what : `contribution to ${what}`;
  if (after && "cells" in after) {
    const rows = before && "cells" in before ? [before.cells, after.cells] : [after.cells];
    return (
      <Row
        rows={rows}
        heads={rows.length > 1 ? heads : [heads[1]]}
        contributions={contributions && "values" in contributions ? contributions.values : undefined}
        what={what}
      />
    );
  }
  if (after && "curve" in after) {
    const curves = before && "curve" in before ? [before.curve, after.curve] : [after.curve];
    const area = contributions && "curve" in contributions ? (contributions.curve as number[][]) : undefined;
    const words = curves.length > 1 ? [heads[0], `dashed: ${heads[1]}`] : [heads[1]];
    return (
      <figure>
        <Curves windows={curves} area={area} title={heads.join(" and ")} keep />
        <figcaption>{[...words, ...(area ? [`filled: ${named}`] : [])].join(" · ")}</figcaption>
        {curves.length > 1 && <Farthest before={curves[0]} after={curves[1]} />}
      </figure>
    );
  }
  const shown: [Value | null, string][] = [
    [before, heads[0]],
    [after, heads[1]],
  ];
  if (contributions && "png" in contributions) shown.push([contributions, named]);
  if (heat) shown.push([heat, "heat, above the threshold outlined"]);
  return (
    <div class={sounds ? "trio sounds" : "trio"}>
      {shown.map(([value, head]) => (
        <figure>
          <Shown value={value} title={head} keep />
          <figcaption>{head}</figcaption>
        </figure>
      ))}
    </div>
  );
}
