/** The bar on top: which model, which map, which colour; search, saving, sharing, light and dark. */
import { useEffect, useMemo, useState } from "preact/hooks";
import { Choice } from "./controls";
import { settled } from "./latest";
import { n, useBox, usePage, useView } from "./page";
import { saveImage } from "./saving";

function Search() {
  const page = usePage();
  const view = useView();
  const matches = useBox(page.matches);
  const look = useMemo(
    () =>
      settled((text: string) => {
        if (!text.trim()) return page.matches.set(null);
        page.source.search(text).then((hits) => {
          page.matches.set(hits);
          if (hits.indices.length === 1) page.open(hits.indices[0]);
        }, page.fail);
      }, 250),
    [],
  );
  useEffect(() => look(view.search), [view.search]);
  return (
    <label class="search">
      <span>Search</span>
      <input
        type="search"
        placeholder={page.about.kind === "table" ? "index, text, column>3" : "index or label"}
        value={view.search}
        onInput={(event) => page.store.set({ search: event.currentTarget.value })}
      />
      <output aria-live="polite">{matches ? `${n(matches.total)} found` : ""}</output>
    </label>
  );
}

/** Light or dark: as the system says, until the person says otherwise. */
function useNight(): [boolean, () => void] {
  const { night } = usePage();
  const dark = useBox(night);
  useEffect(() => {
    const system = matchMedia("(prefers-color-scheme: dark)");
    const follow = () => night.set(chosen() ? chosen() === "dark" : system.matches);
    follow();
    system.addEventListener("change", follow);
    return () => system.removeEventListener("change", follow);
  }, []);
  useEffect(() => {
    document.documentElement.dataset.theme = dark ? "dark" : "light";
  }, [dark]);
  const turn = () => {
    try {
      localStorage.setItem("isthmus-theme", dark ? "light" : "dark");
    } catch {
      // a page from disk may have no storage: the choice then lasts as long as the page
    }
    night.set(!dark);
  };
  return [dark, turn];
}

function chosen(): string | null {
  try {
    return localStorage.getItem("isthmus-theme");
  } catch {
    return null;
  }
}

export function Header() {
  const page = usePage();
  const view = useView();
  const { about, store, model } = page;
  const [dark, turn] = useNight();
  const [shared, setShared] = useState(false);
  const chart = page.chart(model);
  const codes = Array.from({ length: model.latent_dim }, (_, i): [number, string] => [i, `${i}`]);
  const rest = {
    at: [0, 0, 1] as [number, number, number],
    lasso: [],
    groupA: [],
    groupB: [],
    cursor: [],
    cursorBeside: [],
  };
  const others = about.models.filter((each) => each.id !== model.id);
  const copy = () =>
    navigator.clipboard?.writeText(location.href).then(() => {
      setShared(true);
      setTimeout(() => setShared(false), 1500);
    }, page.fail);
  return (
    <header>
      <div class="brand">
        <svg viewBox="0 0 40 20" aria-hidden="true">
          <path d="M0 0C14 0 14 8 20 8S26 0 40 0V20C26 20 26 12 20 12S14 20 0 20Z" />
        </svg>
        <h1>{about.title}</h1>
        <p>
          {n(about.n)} {about.limited ? `of ${n(about.limited)} ` : ""}points · {n(model.latent_dim)} code numbers
        </p>
      </div>
      <div class="choices">
        {about.models.length > 1 && (
          <>
            <Choice
              label="Model"
              value={model.id}
              options={about.models.map((each) => [each.id, each.name])}
              onInput={(id) => store.set({ model: +id, versus: -1, edits: [], threshold: NaN, ...rest })}
            />
            <Choice
              label="Beside"
              value={page.versus?.id ?? -1}
              options={[[-1, "nothing"], ...others.map((each): [number, string] => [each.id, each.name])]}
              onInput={(id) => store.set({ versus: +id, cursorBeside: [] })}
            />
          </>
        )}
        <Choice
          label="Map"
          value={chart.map}
          options={model.maps.map((each) => [each.id, each.title])}
          onInput={(map) => store.set({ map, ...rest })}
        />
        {chart.map === "codes" && model.latent_dim > 2 && (
          <>
            <Choice label="Across" value={chart.x} options={codes} onInput={(x) => store.set({ x: +x, ...rest })} />
            <Choice label="Up" value={chart.y} options={codes} onInput={(y) => store.set({ y: +y, ...rest })} />
          </>
        )}
        <Choice
          label="Colour"
          value={view.colour || about.colours[0]?.id || ""}
          options={about.colours.map((each) => [each.id, each.title])}
          onInput={(colour) => store.set({ colour, hidden: [] })}
        />
        <Search />
      </div>
      <div class="actions">
        <button
          onClick={() => page.images.forEach((make, side) => saveImage(make(), `map${side || ""}.png`))}
          title="Save the map as PNG"
        >
          PNG
        </button>
        <button onClick={copy} title="Copy the address of this view">
          {shared ? "Copied" : "Share"}
        </button>
        <button
          onClick={turn}
          aria-label={dark ? "Light colours" : "Dark colours"}
          title={dark ? "Light colours" : "Dark colours"}
        >
          {dark ? "☀" : "☾"}
        </button>
      </div>
    </header>
  );
}
