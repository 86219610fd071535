/** Draw an image: it is encoded, located on the map, and reconstructed; noise and gaps show what is restored. */
import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import { Part, Slider, Toggle } from "./controls";
import { Thumbs } from "./example";
import { brief, noMarks, useLatest, usePage, useView } from "./page";
import { small } from "./png";
import { Sheet } from "./sheet";
import type { Encoded } from "./types";
import { PngImage } from "./value";
import { errorMeaning, errorName } from "./words";

/** A canvas that draws on a sheet, and tells when it did. */
function Easel({
  sheet,
  ink,
  radius,
  version,
  changed,
}: {
  sheet: Sheet;
  ink: number[];
  radius: number;
  version: number;
  changed(): void;
}) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const last = useRef<[number, number] | null>(null);
  useEffect(() => {
    canvas.current?.getContext("2d")?.putImageData(sheet.image(), 0, 0);
  }, [sheet, version]);
  const spot = (event: PointerEvent): [number, number] => {
    const box = (canvas.current as HTMLCanvasElement).getBoundingClientRect();
    return [
      ((event.clientX - box.left) / box.width) * sheet.width,
      ((event.clientY - box.top) / box.height) * sheet.height,
    ];
  };
  const draw = (event: PointerEvent) => {
    const to = spot(event);
    sheet.stroke(last.current ?? to, to, radius, ink);
    last.current = to;
    changed();
  };
  return (
    <canvas
      class={small(sheet.width, sheet.height) ? "easel pixelated" : "easel"}
      ref={canvas}
      width={sheet.width}
      height={sheet.height}
      style={{ aspectRatio: `${sheet.width} / ${sheet.height}` }}
      aria-label="Draw here with mouse or finger"
      role="img"
      onPointerDown={(event) => {
        event.currentTarget.setPointerCapture(event.pointerId);
        last.current = null;
        draw(event);
      }}
      onPointerMove={(event) => event.buttons && draw(event)}
      onPointerUp={() => (last.current = null)}
    />
  );
}

const inkOf = (colour: string): number[] => [1, 3, 5].map((at) => parseInt(colour.slice(at, at + 2), 16) / 255);

export function DrawPanel() {
  const page = usePage();
  const { model, store } = page;
  const { noise, erase, seed, point, map, x, y } = useView();
  const { height, width, channels } = page.about.image ?? { height: 8, width: 8, channels: 1 };
  const sheet = useMemo(() => new Sheet(height, width, channels), [height, width, channels]);
  const [version, setVersion] = useState(0);
  const [rubber, setRubber] = useState(false);
  const [colour, setColour] = useState("#ffffff");
  const [size, setSize] = useState(Math.max(width / 14, 0.9));
  const changed = () => setVersion((each) => each + 1);
  const made = useLatest<Encoded>(
    () => page.source.encode(model.id, page.chart(model), { pixels: Array.from(sheet.pixels), noise, erase, seed }),
    [model, version, noise, erase, seed, map, x, y],
  );
  useEffect(() => {
    page.marks.set({ ...noMarks, drawn: version > 0 ? (made?.position ?? null) : null });
    return () => page.marks.set(noMarks);
  }, [made, version > 0]);
  const fromExample = async () => {
    const { original } = await page.example(model, point);
    if (!original || !("png" in original)) return;
    const image = new Image();
    image.src = original.png;
    await image.decode();
    sheet.take(image);
    changed();
  };
  const clear = () => {
    sheet.clear();
    changed();
  };
  const ink = rubber ? [0, 0, 0] : inkOf(colour);
  return (
    <>
      <Part title="Draw" id="draw">
        <div class="studio">
          <figure>
            <Easel sheet={sheet} ink={ink} radius={size} version={version} changed={changed} />
            <figcaption>draw here</figcaption>
          </figure>
          {made && "png" in made.input && (
            <figure>
              <PngImage png={made.input.png} title="input" />
              <figcaption>input</figcaption>
            </figure>
          )}
          {made && "png" in made.reconstruction && (
            <figure data-testid="drawn">
              <PngImage png={made.reconstruction.png} title="reconstruction" keep />
              <figcaption>reconstruction</figcaption>
            </figure>
          )}
        </div>
        <div class="fields">
          <button onClick={clear}>Clear</button>
          <button disabled={point < 0 || !page.about.examples} onClick={fromExample}>
            Take #{point < 0 ? "…" : point}
          </button>
          <Toggle label="rubber" value={rubber} onInput={setRubber} />
          {channels > 2 && (
            <label class="choice">
              <span>ink</span>
              <input type="color" value={colour} onInput={(event) => setColour(event.currentTarget.value)} />
            </label>
          )}
        </div>
        <Slider label="brush" value={size} min={0.6} max={Math.max(width / 5, 2)} onInput={setSize} />
        <Slider
          label="noise"
          id="noise"
          value={noise}
          min={0}
          max={1}
          step={0.02}
          onInput={(noise) => store.set({ noise })}
        />
        <Slider
          label="erase"
          id="erase"
          value={erase}
          min={0}
          max={0.9}
          step={0.02}
          onInput={(erase) => store.set({ erase })}
        />
        {made && version > 0 && (
          <p class="hint">
            <span title={errorMeaning(model)}>
              {`${errorName(model)} ${brief(made.error)}${made.score === null ? "" : `, score ${brief(made.score)}`}. `}
              {made.position && "The diamond on the map shows where it lies."}
            </span>
          </p>
        )}
      </Part>
      {made && version > 0 && (
        <Part title="Nearest examples">
          <Thumbs indices={made.nearest.map((each) => each.index)} />
        </Part>
      )}
    </>
  );
}
