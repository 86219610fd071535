/** Compression: an image at any quality, over the original, or over what other codecs make of as many bytes. */
import { Head, Invitation, useChosen } from "./chosen";
import { Slider } from "./controls";
import { n, useLatest, usePage, useView } from "./page";
import { content, save } from "./saving";
import type { Coded, Compresses, On } from "./types";
import { Wipe, Zooms } from "./wipe";

const original = "original";

interface Answer {
  /** Of what, and at which quality of the model. */
  of: string;
  quality: number | null;
  /** Null where that was refused. */
  made: Coded | null;
}

/** What a codec makes of an image at a quality of the model, or made of it at the last one; null: nothing yet. */
function useCoded(what: On | null, quality: number | null, codec: string): Answer | null {
  const { source, model, fail } = usePage();
  const of = JSON.stringify(what);
  const answer = useLatest<Answer | null>(async () => {
    if (!what || quality === null) return null;
    const made = await source.compress(model.id, { ...what, quality, codec }).catch(fail);
    return { of, quality, made: made ?? null };
  }, [of, codec === original ? quality === null : quality]);
  return answer?.of === of ? answer : null;
}

const decibels = (psnr: number | null): string => (psnr === null ? "no loss" : psnr.toFixed(2));

/** A line of the table; a paler one while it is about another quality than that of the model. */
function Line({ title, coded, look }: { title: string; coded: Coded | null | undefined; look?: "own" | "stale" | "" }) {
  return (
    <tr class={look}>
      <th scope="row" title={title}>
        {title}
      </th>
      <td>{coded && n(coded.bytes)}</td>
      <td>{coded && coded.bpp.toFixed(coded.bpp < 10 ? 3 : 1)}</td>
      <td>{coded && (coded.quality === null ? "–" : decibels(coded.psnr))}</td>
      <td>{coded && (coded.quality ?? "–")}</td>
    </tr>
  );
}

/** Says so where a codec takes more bytes, however coarse it is. */
function Longer({ title, coded, limit }: { title: string; coded: Coded | null | undefined; limit: number }) {
  if (coded?.quality !== 1 || coded.bytes <= limit) return null;
  return (
    <p class="hint">
      {title} takes {n(coded.bytes)} bytes even at quality 1, its lowest.
    </p>
  );
}

export function CompressPanel() {
  const { model, store } = usePage();
  const { quality: wished, codec } = useView();
  const quality = Math.min(Math.max(wished, 0), 100);
  const { accepts, codecs } = model.compresses as Compresses;
  const chosen = useChosen();
  const { what, stem } = chosen;
  const answer = useCoded(what, quality, "isthmus");
  const own = answer?.made ?? null;
  const others = [original, ...codecs].map((id) => ({
    id,
    answer: useCoded(own && what, own && (answer?.quality ?? null), id),
  }));
  const beside = others.find(({ id }) => id === codec) ?? others[0];
  const other = beside.answer?.made;
  const late = beside.id === original ? !beside.answer : beside.answer?.quality !== quality;
  const computing = what !== null && (answer?.quality !== quality || (own !== null && late));
  return (
    <section class="part" id="compress" aria-label="Compression">
      <Head chosen={chosen} accepts={accepts} computing={computing} />
      {what && (
        <div class="knobs">
          <Slider
            label="quality"
            id="quality"
            value={quality}
            min={0}
            max={100}
            step={1}
            onInput={(quality) => store.set({ quality })}
          />
        </div>
      )}
      {what && own && (
        <>
          <table class="rates">
            <thead>
              <tr>
                <th scope="col">file</th>
                <th scope="col">bytes</th>
                <th scope="col">bits per pixel</th>
                <th scope="col" title="Peak signal-to-noise ratio: higher is nearer to the original">
                  PSNR, dB
                </th>
                <th scope="col" title="Each codec has its own scale">
                  quality
                </th>
              </tr>
            </thead>
            <tbody>
              <Line title={original} coded={others[0].answer?.made} />
              <Line title={model.name} coded={own} look="own" />
              {others.slice(1).map(({ id, answer: each }) => (
                <Line title={id} coded={each?.made} look={each?.quality === answer?.quality ? "" : "stale"} />
              ))}
            </tbody>
          </table>
          {others.slice(1).map(({ id, answer }) => (
            <Longer title={id} coded={answer?.made} limit={own.bytes} />
          ))}
          <div class="fields">
            <div class="choices-of" role="group" aria-label={`Beside ${model.name}`}>
              {others.map(({ id }) => (
                <button aria-pressed={id === beside.id} onClick={() => store.set({ codec: id })}>
                  {id}
                </button>
              ))}
            </div>
            <Zooms />
            <button onClick={() => save(content(own.png), `${stem}-${own.quality}.png`)}>Save image</button>
          </div>
          <div class={computing ? "stale" : ""} aria-busy={computing}>
            {other && (
              <Wipe
                label={`${beside.id} and ${model.name}`}
                left={{ png: other.png, id: "other", title: beside.id }}
                right={{ png: own.png, id: "own", title: model.name }}
              />
            )}
          </div>
          <p class="hint" data-testid="note">
            {own.note}. The bytes of the original are those of its pixels. JPEG and WebP files have at most as many as{" "}
            {model.name}'s, as near as their qualities come.
          </p>
        </>
      )}
      <Invitation
        chosen={chosen}
        noun="an image"
        purpose={`it at any rate, as ${model.name} writes it`}
        act="compress it"
      />
    </section>
  );
}
