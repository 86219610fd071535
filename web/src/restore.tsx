/** Before and after: what a denoiser makes of an example, with noise or without, or of a file of the person's own. */
import { useEffect, useRef, useState } from "preact/hooks";
import { Slider } from "./controls";
import { brief, n, useBox, useLatest, usePage, useView } from "./page";
import { content, save } from "./saving";
import type { Picture, Restored, Restores } from "./types";
import { Wipe } from "./wipe";

const levels = { deviation: { max: 0.4, step: 0.01 }, ratio: { max: 1, step: 0.02 } };

/** A level of noise, as people in the field say it. */
function levelText(noise: number, unit: Restores["noise"]): string {
  if (!noise) return "none";
  return unit === "deviation" ? `${Math.round(255 * noise)} of 255` : `${Math.round(-20 * Math.log10(noise))} dB`;
}

const levelMeaning = {
  deviation: "Standard deviation of the noise that is added, where black to white is 255",
  ratio: "Signal-to-noise ratio of the recording to the noise that is added, in decibels: lower is noisier",
};

/** Files that are dropped anywhere on the page. */
function useDrop(open: (file: File) => void): boolean {
  const [over, setOver] = useState(false);
  const latest = useRef(open);
  latest.current = open;
  useEffect(() => {
    const drag = (event: DragEvent) => {
      if (!event.dataTransfer?.types.includes("Files")) return;
      event.preventDefault();
      setOver(true);
    };
    const leave = (event: DragEvent) => event.relatedTarget === null && setOver(false);
    const drop = (event: DragEvent) => {
      event.preventDefault();
      setOver(false);
      const file = event.dataTransfer?.files[0];
      if (file) latest.current(file);
    };
    addEventListener("dragover", drag);
    addEventListener("dragleave", leave);
    addEventListener("drop", drop);
    return () => {
      removeEventListener("dragover", drag);
      removeEventListener("dragleave", leave);
      removeEventListener("drop", drop);
    };
  }, []);
  return over;
}

/** A button that opens a file. */
function Open({ accepts, open }: { accepts: string; open(file: File): void }) {
  const input = useRef<HTMLInputElement>(null);
  const take = () => {
    const file = input.current?.files?.[0];
    if (file) open(file);
    if (input.current) input.current.value = ""; // so that the same file can be opened again
  };
  return (
    <>
      <button onClick={() => input.current?.click()}>Open a file…</button>
      <input
        type="file"
        class="visually-hidden"
        ref={input}
        accept={accepts}
        tabIndex={-1}
        aria-label="A file of your own"
        onChange={take}
      />
    </>
  );
}

/** Recordings before and after, with players of which one plays at a time, and goes on where the last one was. */
function Tracks({ made }: { made: Restored }) {
  const holder = useRef<HTMLDivElement>(null);
  const at = useRef(0);
  const alone = (playing: HTMLAudioElement) => {
    const players = Array.from(holder.current?.querySelectorAll("audio") ?? []);
    const last = players.find((each) => each !== playing && !each.paused);
    if (last) playing.currentTime = at.current = last.currentTime;
    for (const each of players) if (each !== playing) each.pause();
  };
  const tracks: [Picture, string, string][] = [
    [made.before, "before", "before"],
    [made.after, "after", "after"],
    [made.taken, "taken", "taken away"],
  ];
  return (
    <div class="tracks" ref={holder}>
      {tracks.map(([{ png, wav }, id, title]) => (
        <figure>
          <figcaption>{title}</figcaption>
          <img src={png} alt={`Spectrogram, ${title}`} data-testid={id} />
          <audio
            controls
            preload="metadata"
            src={wav}
            aria-label={title}
            onPlay={(event) => alone(event.currentTarget)}
          />
        </figure>
      ))}
    </div>
  );
}

const zooms: [number, string, string][] = [
  [0, "Whole", "The whole image"],
  [1, "1 : 1", "A pixel of the screen for each of the image"],
  [2, "2 : 1", "Four pixels of the screen for each of the image"],
];

function Zooms() {
  const { store } = usePage();
  const { zoom } = useView();
  return (
    <div class="choices-of" role="group" aria-label="Size">
      {zooms.map(([id, title, hint]) => (
        <button aria-pressed={zoom === id} title={hint} onClick={() => store.set({ zoom: id })}>
          {title}
        </button>
      ))}
    </div>
  );
}

/** How near to what the noise was added to. */
function Quality({ quality, name, own }: { quality: Restored["quality"]; name: string; own: boolean }) {
  if (!quality) return null;
  const [before, after] = quality.map((each) => brief(each === null ? null : +each.toFixed(1)));
  return (
    <span data-testid="quality">
      {name} {before} → <b>{after} dB</b>, against the {own ? "file" : "example"} without the noise that was added.
    </span>
  );
}

export function RestorePanel() {
  const page = usePage();
  const { model, store, source, about } = page;
  const { point, noise: wished, seed, amount } = useView();
  const restores = model.restores as Restores;
  const noise = Math.min(wished, levels[restores.noise].max);
  const sound = about.kind === "sound";
  const opened = useBox(page.opened);
  const [opening, setOpening] = useState("");
  const own = opened?.model === model.id ? opened : null;
  const open = (file: File) => {
    setOpening(file.name);
    source
      .file(model.id, file)
      .then((number) => page.opened.set({ model: model.id, file: number, name: file.name }), page.fail)
      .finally(() => setOpening(""));
  };
  const over = useDrop(open);
  const chosen = point >= 0 && point < about.n && about.examples;
  const what = own ? { file: own.file } : chosen ? { index: point } : null;
  const key = JSON.stringify([model.id, what, noise, seed, amount]);
  const answer = useLatest<{ key: string; made: Restored | null }>(async () => {
    const asked = what && source.restore(model.id, { ...what, noise, seed, strength: amount });
    return { key, made: asked && (await asked.catch((error: Error) => (page.fail(error), null))) };
  }, [key]);
  const made = answer?.made;
  const noun = sound ? "a recording" : "an image";
  const title = own ? own.name : chosen ? `#${n(point)}` : "";
  const stem = own ? own.name.replace(/\.[^.]*$/, "") : `${point}`;
  const keep = () => made && save(content(made.after.wav ?? made.after.png), `${stem}-after.${sound ? "wav" : "png"}`);
  const computing = what !== null && answer?.key !== key;
  return (
    <section class="part" id="restore" aria-label="Before and after">
      <div class="fields">
        {title && <h2 class="named">{title}</h2>}
        <Open accepts={restores.accepts} open={open} />
        {own && chosen && <button onClick={() => page.opened.set(null)}>Back to #{n(point)}</button>}
        <span class="busy" role="status">
          {opening ? `opening ${opening} …` : computing ? "computing …" : ""}
        </span>
      </div>
      {what && (
        <div class="knobs">
          <Slider
            label="noise added"
            id="noise"
            value={noise}
            min={0}
            {...levels[restores.noise]}
            text={levelText(noise, restores.noise)}
            onInput={(noise) => store.set({ noise })}
          />
          <Slider
            label="strength"
            id="amount"
            value={amount}
            min={0}
            max={1}
            step={0.05}
            onInput={(amount) => store.set({ amount })}
          />
        </div>
      )}
      {what && made && (
        <>
          <div class="fields">
            {!sound && <Zooms />}
            <button onClick={keep}>Save after</button>
            <button
              disabled={!noise}
              onClick={() => store.set({ seed: seed + 1 })}
              title={levelMeaning[restores.noise]}
            >
              Other noise
            </button>
          </div>
          <div class={computing ? "stale" : ""} aria-busy={computing}>
            {sound ? <Tracks made={made} /> : <Wipe made={made} />}
          </div>
          <p class="hint" data-testid="note">
            <span>
              {made.note}. <Quality quality={made.quality} name={restores.quality} own={own !== null} />
            </span>
          </p>
        </>
      )}
      {!what && (
        <div class="welcome dropped">
          <p>
            {about.examples ? "Click a point on the map, or drop" : "Drop"} {noun} here to see what {model.name} takes
            away.
          </p>
        </div>
      )}
      {over && <div class="dropping">Drop {noun} to clean it</div>}
    </section>
  );
}
