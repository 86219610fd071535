/** One example: the original, its reconstruction, what each element contributes, its code as sliders, its neighbours. */
import { useState } from "preact/hooks";
import { Part, Slider } from "./controls";
import { brief, n, useLatest, usePage, usePromise, useView } from "./page";
import type { Code, Example, Model, Value } from "./types";
import { cellText, Pair, Shown, Thumb } from "./value";
import { contributedTo, errorMeaning, errorName, origin } from "./words";

/** Examples as thumbs that open. */
export function Thumbs({ indices, notes }: { indices: number[]; notes?: string[] }) {
  const page = usePage();
  const values = usePromise<(Value | null)[]>(
    () => (page.about.examples ? page.source.values(indices) : null),
    [indices.join()],
  );
  return (
    <div class="thumbs">
      {indices.map((index, i) => (
        <button class="near" onClick={() => page.open(index)} title={`Open #${index}`}>
          <Thumb value={values?.[i]} title={`#${index}`} />
          <small>{notes?.[i] ?? `#${index}`}</small>
        </button>
      ))}
    </div>
  );
}

const shownAtFirst = 12;

export function Sliders({ model, code, onInput }: { model: Model; code: Code; onInput(code: Code): void }) {
  const [all, setAll] = useState(false);
  const shown = all ? code.length : Math.min(code.length, shownAtFirst);
  return (
    <div class="sliders">
      {code.slice(0, shown).map((value, i) => {
        const [low, high] = [model.code_low[i], model.code_high[i]];
        const rim = 0.25 * (high - low) || 1;
        return (
          <Slider
            label={`${i}`}
            id={`code-${i}`}
            value={value}
            min={Math.min(low - rim, value)}
            max={Math.max(high + rim, value)}
            onInput={(to) => onInput(code.map((each, at) => (at === i ? to : each)))}
          />
        );
      })}
      {code.length > shown && <button onClick={() => setAll(true)}>All {code.length} numbers</button>}
    </div>
  );
}

const writtenAtFirst = 48;

/** A code that cannot be changed. */
function Numbers({ code }: { code: Code }) {
  const [all, setAll] = useState(false);
  return (
    <>
      <p class="codes">
        {code
          .slice(0, all ? undefined : writtenAtFirst)
          .map(brief)
          .join("  ")}
      </p>
      {!all && code.length > writtenAtFirst && (
        <button onClick={() => setAll(true)}>All {n(code.length)} numbers</button>
      )}
    </>
  );
}

function Edited({ model, example }: { model: Model; example: Example }) {
  const page = usePage();
  const { edits } = useView();
  const edited = edits.length === example.code.length;
  const code = edited ? edits : example.code;
  const made = useLatest<Value[]>(() => (edited ? page.source.decode(model.id, [code]) : null), [code.join(), edited]);
  return (
    <Part title="Code" id="code">
      {model.decodes && (
        <p class="hint">
          {edited ? "Decoded from the changed code:" : "Move a number, and the decoder answers."}
          {edited && <button onClick={() => page.store.set({ edits: [] })}>Reset</button>}
        </p>
      )}
      {edited && made && (
        <div class="decoded" data-testid="decoded">
          <Shown value={made[0]} title="decoded" keep />
        </div>
      )}
      {model.decodes ? (
        <Sliders model={model} code={code} onInput={(to) => page.store.set({ edits: to })} />
      ) : (
        <>
          {model.why && <p class="hint">Nothing is decoded here: {model.why}.</p>}
          <Numbers code={example.code} />
        </>
      )}
    </Part>
  );
}

function Facts({ model, example }: { model: Model; example: Example }) {
  const from = origin(example, usePage().about);
  return (
    <dl class="facts">
      {example.label !== null && (
        <div>
          <dt>label</dt>
          <dd>{cellText(example.label)}</dd>
        </div>
      )}
      <div>
        <dt title={errorMeaning(model)}>{errorName(model)}</dt>
        <dd>{brief(example.error)}</dd>
      </div>
      {example.score !== null && (
        <div>
          <dt>score</dt>
          <dd class={example.flagged ? "flag" : ""}>
            {brief(example.score)}
            {example.flagged ? " flagged" : ""}
          </dd>
          <dt>threshold {brief(example.threshold)}</dt>
        </div>
      )}
      {from && <div class="from">{from}</div>}
    </dl>
  );
}

export function ExamplePanel() {
  const page = usePage();
  const { point } = useView();
  const { model, versus } = page;
  const chosen = point >= 0 && point < page.about.n;
  const example = usePromise(() => (chosen ? page.example(model, point) : null), [model, point, page.chart(model).map]);
  const other = usePromise(() => (chosen && versus ? page.example(versus, point) : null), [versus, point]);
  if (!chosen) return <Welcome />;
  if (!example || example.index !== point) return <p class="hint">…</p>;
  return (
    <>
      <div class="title">
        <h2>#{n(point)}</h2>
        <Facts model={model} example={example} />
        <button onClick={() => page.store.set({ point: -1, edits: [] })} aria-label="Close" title="Close (Escape)">
          ×
        </button>
      </div>
      {page.about.examples ? (
        <Pair
          before={example.original}
          after={example.reconstruction}
          heads={["original", "reconstruction"]}
          contributions={example.contributions}
          heat={example.heat}
          what={contributedTo(page, model)}
        />
      ) : (
        <p class="hint">The examples themselves were left out of this page.</p>
      )}
      {versus && other?.index === point && other.reconstruction && (
        <Part title={`Reconstruction by ${versus.name}`}>
          <Facts model={versus} example={other} />
          <Pair
            before={other.original}
            after={other.reconstruction}
            heads={["original", "reconstruction"]}
            contributions={other.contributions}
            heat={other.heat}
            what={contributedTo(page, versus)}
          />
        </Part>
      )}
      {model.unrestored && <p class="hint">Before and after are left out: {model.unrestored}.</p>}
      <Edited model={model} example={example} />
      <Part title="Nearest codes" id="neighbours">
        <Thumbs
          indices={example.neighbours.map((each) => each.index)}
          notes={example.neighbours.map((each) => brief(each.distance))}
        />
      </Part>
    </>
  );
}

function Welcome() {
  const { model, about } = usePage();
  return (
    <div class="welcome">
      <p>
        Every point is one of {n(about.n)} examples, where {model.name} puts it.
      </p>
      <ul>
        <li>Point at one to see it and its reconstruction; click to take it apart.</li>
        {model.decodes && (
          <li>
            Choose <b>Walk</b> above the map and drag: the decoder shows what lies there, also between the points.
          </li>
        )}
        <li>
          Draw a <b>lasso</b> to select; scroll or pinch to zoom; drag to move.
        </li>
        <li>By keyboard: arrows go from point to point, Enter opens, Escape closes.</li>
      </ul>
    </div>
  );
}
