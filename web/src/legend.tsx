/** What the colours mean. A click on a name hides its points. */
import { brief, moment, useBox, usePage, useView } from "./page";
import { category, distinct, shade } from "./palette";
import type { Colour } from "./types";

export function Legend({ colour, low, high }: { colour: Colour | undefined; low: number; high: number }) {
  const page = usePage();
  const { hidden } = useView();
  const night = useBox(page.night);
  if (!colour) return null;
  if (colour.kind === "number") {
    const date = page.about.fields.some(({ kind, name }) => kind === "date" && colour.id === `column:${name}`);
    const text = (value: number): string =>
      date && Number.isFinite(value) ? moment(new Date(1000 * value).toISOString()).slice(0, 10) : brief(value);
    const stops = Array.from({ length: 9 }, (_, i) => shade(i / 8, night)).join(",");
    return (
      <div class="legend" aria-label={`Colours: ${colour.title}`}>
        <b>{colour.title}</b>
        <span class="ramp">
          <i>{text(low)}</i>
          <span style={{ background: `linear-gradient(90deg,${stops})` }} />
          <i>{text(high)}</i>
        </span>
      </div>
    );
  }
  const names = colour.names ?? [];
  const turn = (place: number) =>
    page.store.set({ hidden: hidden.includes(place) ? hidden.filter((each) => each !== place) : [...hidden, place] });
  return (
    <div class="legend" role="group" aria-label={`Colours: ${colour.title}`}>
      <b>{colour.title}</b>
      {names.length > distinct && <small>colours come again after {distinct}</small>}
      {names.map((name, place) => (
        <button
          aria-pressed={!hidden.includes(place)}
          title={hidden.includes(place) ? "Show" : "Hide"}
          onClick={() => turn(place)}
        >
          <i style={{ background: category(place, night) }} />
          {name}
        </button>
      ))}
    </div>
  );
}
