/** New examples from the model's prior. */
import { useEffect, useState } from "preact/hooks";
import { Count, Part, Slider } from "./controls";
import { noMarks, useLatest, usePage, useView } from "./page";
import type { Decoded, Point } from "./types";
import { Shown, Thumb } from "./value";

const count = 16;

export function GeneratePanel() {
  const page = usePage();
  const { model, store } = page;
  const { seed, warmth, map, x, y } = useView();
  const [open, setOpen] = useState(-1);
  const made = useLatest<Decoded>(
    () => page.source.sample(model.id, page.chart(model), count, seed, warmth),
    [model, seed, warmth, map, x, y],
  );
  useEffect(() => {
    const samples = (made?.positions ?? []).filter((each): each is Point => each !== null);
    page.marks.set({ ...noMarks, samples });
    return () => page.marks.set(noMarks);
  }, [made]);
  return (
    <Part title="New examples" id="samples">
      <div class="fields">
        <Count label="Seed" value={seed} min={0} max={999999} onInput={(seed) => store.set({ seed })} />
        <button onClick={() => store.set({ seed: (seed + 1) % 1000000 })}>Others</button>
      </div>
      <Slider
        label="temperature"
        value={warmth}
        min={0}
        max={2}
        step={0.05}
        onInput={(warmth) => store.set({ warmth })}
      />
      <div class="thumbs large" data-testid="samples">
        {made?.values.map((value, i) => (
          <button
            class="near"
            aria-pressed={open === i}
            onClick={() => setOpen(open === i ? -1 : i)}
            aria-label={`Sample ${i + 1}`}
          >
            <Thumb value={value} title={`sample ${i + 1}`} />
          </button>
        ))}
      </div>
      {made?.values[open] && (
        <div class="decoded">
          <Shown value={made.values[open]} title={`sample ${open + 1}`} keep />
        </div>
      )}
      <p class="hint">
        Codes are drawn from the distribution of codes that the model has learnt. Diamonds on the map show where they
        lie.
      </p>
    </Part>
  );
}
