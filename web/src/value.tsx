/** Examples and reconstructions as people see them: pictures, rows, curves. */
import { extent, share } from "./glyph";
import { brief, useBox, usePage } from "./page";
import { category } from "./palette";
import { enlarged, savePicture } from "./saving";
import type { Blame, Cell, Value } from "./types";

export const cellText = (cell: Cell | undefined): string =>
  typeof cell === "number" ? brief(cell) : cell === null || cell === undefined ? "–" : `${cell}`;

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

const [wide, high] = [320, 110];

function outline(channel: number[], low: number, top: number): string {
  const [dx, dy] = [wide / (channel.length - 1 || 1), (high - 8) / (top - low || 1)];
  return channel
    .map((value, i) => `${i ? "L" : "M"}${(i * dx).toFixed(1)} ${(high - 4 - (value - low) * dy).toFixed(1)}`)
    .join("");
}

/** Curves over each other: the second dashed. */
export function Curves({ curves, title }: { curves: number[][][]; title: string }) {
  const night = useBox(usePage().night);
  const [low, top] = extent(curves.flat());
  return (
    <svg class="curves" viewBox={`0 0 ${wide} ${high}`} preserveAspectRatio="none" role="img" aria-label={title}>
      {curves.map((channels, which) =>
        channels.map((channel, c) => (
          <path d={outline(channel, low, top)} stroke={category(c + 2, night)} class={which ? "dashed" : ""} />
        )),
      )}
    </svg>
  );
}

/** Which channel has which colour. */
function Channels() {
  const page = usePage();
  const night = useBox(page.night);
  const names = page.about.signal?.channels ?? [];
  return (
    <p class="channels">
      {names.map((name, c) => (
        <span>
          <i style={{ background: category(c + 2, night) }} />
          {name}
        </span>
      ))}
    </p>
  );
}

/** A row, or two beside each other, and how far each column is off. */
export function Row({ rows, heads, blame }: { rows: Cell[][]; heads: string[]; blame?: number[] }) {
  const { fields } = usePage().about;
  const most = Math.max(...(blame ?? []), 0) || 1;
  return (
    <table class="row">
      <thead>
        <tr>
          <th scope="col">column</th>
          {heads.map((each) => (
            <th scope="col" class="number">
              {each}
            </th>
          ))}
          {blame && <th scope="col">off by</th>}
        </tr>
      </thead>
      <tbody>
        {fields.map((field, i) => (
          <tr>
            <th scope="row" title={field.name}>
              {field.name}
            </th>
            {rows.map((row) => (
              <td class="number">{cellText(row[i])}</td>
            ))}
            {blame && (
              <td class="off">
                <meter min={0} max={1} value={(blame[i] ?? 0) / most} title={brief(blame[i])} />
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
  if ("curve" in value) return <Curves curves={[value.curve]} title={title} />;
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
        <Curves curves={[value.curve]} title={title} />
      </span>
    );
  return (
    <span
      class="thumb bars"
      role="img"
      aria-label={title}
      title={value.cells.map((each, i) => `${fields[i]?.name} ${cellText(each)}`).join("\n")}
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
    return (
      <>
        <Channels />
        <figure>
          <Curves curves={curves} title={heads.join(" and ")} />
          <figcaption>{curves.length > 1 ? `${heads[0]}, and dashed: ${heads[1]}` : heads[1]}</figcaption>
        </figure>
        {blame && "curve" in blame && (
          <figure>
            <Curves curves={[blame.curve]} title="error" />
            <figcaption>error</figcaption>
          </figure>
        )}
      </>
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
