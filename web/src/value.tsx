/** Examples and reconstructions as people see them: pictures, rows, curves. */
import { Curves } from "./curves";
import { share } from "./glyph";
import { brief, moment, useBox, usePage } from "./page";
import { category } from "./palette";
import { enlarged, savePicture } from "./saving";
import type { Blame, Cell, Field, Value } from "./types";

export function cellText(cell: Cell | undefined, field?: Field): string {
  if (cell === null || cell === undefined) return "–";
  if (field?.kind === "date") return moment(`${cell}`);
  return typeof cell === "number" ? brief(cell) : `${cell}`;
}

/** A picture; a click on its button saves it, enlarged. */
export function Picture({ png, title, keep }: { png: string; title: string; keep?: boolean }) {
  const save = async () => savePicture(await enlarged(png, 400), `${title.replaceAll(/\W+/g, "-")}.png`);
  return (
    <span class="picture">
      <img src={png} alt={title} draggable={false} />
      {keep && (
        <button class="keep" title="Save as PNG" aria-label={`Save ${title} as PNG`} onClick={save}>
          ↓
        </button>
      )}
    </span>
  );
}

/** A row, or two beside each other, and how far each column is off; of many columns the `most` that are off the most. */
export function Row({
  rows,
  heads,
  blame,
  most,
}: {
  rows: Cell[][];
  heads: string[];
  blame?: number[];
  most?: number;
}) {
  const { fields } = usePage().about;
  const top = Math.max(...(blame ?? []), 0) || 1;
  const order = fields.map((_, i) => i);
  if (most && blame) order.sort((a, b) => (blame[b] ?? 0) - (blame[a] ?? 0));
  return (
    <table class="row">
      <thead>
        <tr>
          <th scope="col" class="name">
            {most && most < fields.length ? `${blame ? "worst " : ""}${most} of ${fields.length}` : "column"}
          </th>
          {heads.map((each) => (
            <th scope="col" class="number">
              {each}
            </th>
          ))}
          {blame && (
            <th scope="col" class="off">
              off by
            </th>
          )}
        </tr>
      </thead>
      <tbody>
        {order.slice(0, most).map((i) => (
          <tr>
            <th scope="row" title={fields[i].name}>
              {fields[i].name.replaceAll("_", "_\u200b")}
            </th>
            {rows.map((row) => (
              <td class="number" title={`${row[i] ?? ""}`}>
                {cellText(row[i], fields[i])}
              </td>
            ))}
            {blame && (
              <td class="off">
                <meter min={0} max={1} value={(blame[i] ?? 0) / top} title={brief(blame[i])} />
              </td>
            )}
          </tr>
        ))}
      </tbody>
    </table>
  );
}

/** One value of whatever kind. */
export function Shown({ value, title, keep }: { value: Value | null; title: string; keep?: boolean }) {
  if (!value) return <span class="nothing">not shown</span>;
  if ("png" in value) return <Picture png={value.png} title={title} keep={keep} />;
  if ("curve" in value) return <Curves windows={[value.curve]} title={title} keep={keep} />;
  return <Row rows={[value.cells]} heads={["value"]} />;
}

/** A value as small as a thumb. */
export function Thumb({ value, title }: { value: Value | null | undefined; title: string }) {
  const { fields } = usePage().about;
  const night = useBox(usePage().night);
  if (!value) return <span class="thumb nothing">{title}</span>;
  if ("png" in value) return <img class="thumb" src={value.png} alt={title} draggable={false} />;
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
        <i style={{ width: `${4 + 96 * share(cell, fields[i])}%`, background: category(i, night) }} />
      ))}
    </span>
  );
}

/** An example beside what became of it. */
export function Pair({
  before,
  after,
  heads,
  blame,
}: {
  before: Value | null;
  after: Value | null;
  heads: [string, string];
  blame?: Blame | null;
}) {
  if (after && "cells" in after) {
    const rows = before && "cells" in before ? [before.cells, after.cells] : [after.cells];
    return (
      <Row
        rows={rows}
        heads={rows.length > 1 ? heads : [heads[1]]}
        blame={blame && "values" in blame ? blame.values : undefined}
      />
    );
  }
  if (after && "curve" in after) {
    const curves = before && "curve" in before ? [before.curve, after.curve] : [after.curve];
    const off = blame && "curve" in blame ? (blame.curve as number[][]) : undefined;
    const words = curves.length > 1 ? [heads[0], `dashed: ${heads[1]}`] : [heads[1]];
    return (
      <figure>
        <Curves windows={curves} off={off} title={heads.join(" and ")} keep />
        <figcaption>{[...words, ...(off ? ["filled: where it is off"] : [])].join(" · ")}</figcaption>
      </figure>
    );
  }
  const shown: [Value | null, string][] = [
    [before, heads[0]],
    [after, heads[1]],
  ];
  if (blame && "png" in blame) shown.push([blame, "error"]);
  return (
    <div class="trio">
      {shown.map(([value, head]) => (
        <figure>
          <Shown value={value} title={head} keep />
          <figcaption>{head}</figcaption>
        </figure>
      ))}
    </div>
  );
}
