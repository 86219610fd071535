/** Small controls that several panels use. */
import type { ComponentChildren } from "preact";
import { brief } from "./page";

interface Range {
  label: string;
  value: number;
  min: number;
  max: number;
  step?: number;
  id?: string;
  text?: string;
  onInput(value: number): void;
}

export function Slider({ label, value, min, max, step, id, text, onInput }: Range) {
  const fine = step ?? (max - min) / 200;
  return (
    <label class="slider">
      <span>{label}</span>
      <input
        type="range"
        id={id}
        min={min}
        max={max}
        step={fine > 0 ? fine : 1}
        value={value}
        aria-valuetext={text}
        onInput={(event) => onInput(event.currentTarget.valueAsNumber)}
      />
      <output>{text ?? brief(value)}</output>
    </label>
  );
}

export function Count({ label, value, min, max, onInput }: Omit<Range, "step" | "text">) {
  return (
    <label class="count">
      <span>{label}</span>
      <input
        type="number"
        min={min}
        max={max}
        step={1}
        value={value < min ? "" : value}
        onChange={(event) => {
          const number = event.currentTarget.valueAsNumber;
          if (Number.isFinite(number)) onInput(Math.min(Math.max(Math.round(number), min), max));
        }}
      />
    </label>
  );
}

interface Choices {
  label: string;
  value: string | number;
  options: [string | number, string][];
  onInput(value: string): void;
}

export function Choice({ label, value, options, onInput }: Choices) {
  return (
    <label class="choice">
      <span>{label}</span>
      <select value={value} onChange={(event) => onInput(event.currentTarget.value)}>
        {options.map(([id, title]) => (
          <option value={id} selected={`${id}` === `${value}`}>
            {title}
          </option>
        ))}
      </select>
    </label>
  );
}

export function Toggle({ label, value, onInput }: { label: string; value: boolean; onInput(value: boolean): void }) {
  return (
    <label class="toggle">
      <input type="checkbox" checked={value} onChange={(event) => onInput(event.currentTarget.checked)} />
      <span>{label}</span>
    </label>
  );
}

export function Part({ title, children, id }: { title: string; children: ComponentChildren; id?: string }) {
  return (
    <section class="part" id={id}>
      <h2>{title}</h2>
      {children}
    </section>
  );
}
