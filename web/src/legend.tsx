/** What the colours mean. To point at a name emphasizes its points, a click hides them. */
import { brief, dateText, usePage, useView } from "./page";
import { category, distinct, shade } from "./palette";
import type { Colour } from "./types";

interface Props {
  colour: Colour | undefined;
  low: number;
  high: number;
  /** Whether colours are those for a dark ground. */
  night: boolean;
}

export function Legend({ colour, low, high, night }: Props) {
  const page = usePage();
  const { hidden } = useView();
  if (!colour) return null;
  if (colour.kind === "number") {
    const date = page.about.fields.some(({ kind, name }) => kind === "date" && colour.id === `column:${name}`);
    const text = (value: number): string =>
      date && Number.isFinite(value) ? dateText(new Date(1000 * value).toISOString()).slice(0, 10) : brief(value);
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
  const emphasize = (index: number) => page.emphasis.set(hidden.includes(index) ? -1 : index);
  const turn = (index: number) => {
    page.emphasis.set(-1);
    page.store.set({ hidden: hidden.includes(index) ? hidden.filter((each) => each !== index) : [...hidden, index] });
  };
  return (
    <div class="legend" role="group" aria-label={`Colours: ${colour.title}`}>
      <b>{colour.title}</b>
      {names.length > distinct && <small>colours repeat after {distinct}</small>}
      {names.map((name, index) => (
        <button
          aria-pressed={!hidden.includes(index)}
          title={`${hidden.includes(index) ? "Show" : "Hide"} ${name}`}
          onPointerEnter={() => emphasize(index)}
          onPointerLeave={() => page.emphasis.set(-1)}
          onFocus={(event) => event.currentTarget.matches(":focus-visible") && emphasize(index)}
          onBlur={() => page.emphasis.set(-1)}
          onClick={() => turn(index)}
        >
          <i style={{ background: category(index, night) }} />
          <span>{name}</span>
        </button>
      ))}
    </div>
  );
}
