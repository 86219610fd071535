/** What a person works on, an example or a file of their own: how it is chosen, opened or dropped, and named. */
import { useEffect, useRef, useState } from "preact/hooks";
import { n, useBox, usePage, useView } from "./page";
import type { On } from "./types";

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

/** What is worked on; null: nothing yet. */
export interface Chosen {
  what: On | null;
  /** How it is called, and what names of files that are saved of it begin with. */
  title: string;
  stem: string;
  /** Whether it is a file of the person's own. */
  own: boolean;
  /** The example that is there beside the file; −1: none. */
  point: number;
  /** The name of the file that is being read. */
  opening: string;
  /** Whether a file is held over the page. */
  over: boolean;
  open(file: File): void;
}

export function useChosen(): Chosen {
  const page = usePage();
  const { model, source, about } = page;
  const { point } = useView();
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
  return {
    what: own ? { file: own.file } : chosen ? { index: point } : null,
    title: own ? own.name : chosen ? `#${n(point)}` : "",
    stem: own ? own.name.replace(/\.[^.]*$/, "") : `${point}`,
    own: own !== null,
    point: chosen ? point : -1,
    opening,
    over,
    open,
  };
}

/** The name of what is worked on, the ways to another, and whether there is something to wait for. */
export function Head({ chosen, accepts, computing }: { chosen: Chosen; accepts: string; computing: boolean }) {
  const page = usePage();
  const { title, own, point, opening, open } = chosen;
  return (
    <div class="fields">
      {title && <h2 class="named">{title}</h2>}
      <Open accepts={accepts} open={open} />
      {own && point >= 0 && <button onClick={() => page.opened.set(null)}>Back to #{n(point)}</button>}
      <span class="busy" role="status">
        {opening ? `opening ${opening} …` : computing ? "computing …" : ""}
      </span>
    </div>
  );
}

/** What is said where nothing is chosen, and while a file is over the page. */
export function Invitation({
  chosen,
  noun,
  purpose,
  act,
}: Record<"noun" | "purpose" | "act", string> & { chosen: Chosen }) {
  const { about } = usePage();
  return (
    <>
      {!chosen.what && (
        <div class="welcome dropped">
          <p>
            {about.examples ? "Click a point on the map, or drop" : "Drop"} {noun} here to see {purpose}.
          </p>
        </div>
      )}
      {chosen.over && (
        <div class="dropping">
          Drop {noun} to {act}
        </div>
      )}
    </>
  );
}
