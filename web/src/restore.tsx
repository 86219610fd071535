/** Before and after: what a denoiser makes of an example, with noise or without, or of a file of the person's own. */
import { useRef } from "preact/hooks";
import { Head, Invitation, useChosen } from "./chosen";
import { Slider } from "./controls";
import { brief, useLatest, usePage, useView } from "./page";
import { content, save } from "./saving";
import type { Picture, Restored, Restores } from "./types";
import { Wipe, Zooms } from "./wipe";

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

/** An image before and after, and what was taken away. */
function BeforeAfter({ made }: { made: Restored }) {
  const enlarged = made.gain > 1 ? ` × ${made.gain}` : "";
  return (
    <Wipe
      label="Before and after"
      left={{ png: made.before.png, id: "before", title: "before" }}
      right={{ png: made.after.png, id: "after", title: "after" }}
      beside={{ png: made.taken.png, id: "taken", title: "taken away" }}
      caption={`taken away${enlarged}: grey is nothing, brighter where the image was brighter`}
    />
  );
}

export function RestorePanel() {
  const page = usePage();
  const { model, store, source, about } = page;
  const { noise: wished, seed, amount } = useView();
  const restores = model.restores as Restores;
  const noise = Math.min(wished, levels[restores.noise].max);
  const sound = about.kind === "sound";
  const chosen = useChosen();
  const { what, stem, own } = chosen;
  const key = JSON.stringify([model.id, what, noise, seed, amount]);
  const answer = useLatest<{ key: string; made: Restored | null }>(async () => {
    const asked = what && source.restore(model.id, { ...what, noise, seed, strength: amount });
    return { key, made: asked && (await asked.catch((error: Error) => (page.fail(error), null))) };
  }, [key]);
  const made = answer?.made;
  const noun = sound ? "a recording" : "an image";
  const keep = () => made && save(content(made.after.wav ?? made.after.png), `${stem}-after.${sound ? "wav" : "png"}`);
  const computing = what !== null && answer?.key !== key;
  return (
    <section class="part" id="restore" aria-label="Before and after">
      <Head chosen={chosen} accepts={restores.accepts} computing={computing} />
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
            {sound ? <Tracks made={made} /> : <BeforeAfter made={made} />}
          </div>
          <p class="hint" data-testid="note">
            <span>
              {made.note}. <Quality quality={made.quality} name={restores.quality} own={own} />
            </span>
          </p>
        </>
      )}
      <Invitation chosen={chosen} noun={noun} purpose={`what ${model.name} takes away`} act="clean it" />
    </section>
  );
}
