/** Colours that people who confuse some can tell apart: Tol's muted scheme for names, viridis for numbers. */

const light = [
  "#332288",
  "#d9812e",
  "#44aa99",
  "#aa4499",
  "#117733",
  "#6fb4dd",
  "#cc6677",
  "#999933",
  "#882255",
  "#b8a13c",
];
const dark = [
  "#8f86e8",
  "#f0a45d",
  "#55c9b5",
  "#d97fca",
  "#52b86f",
  "#93d0f5",
  "#f08a98",
  "#c2c257",
  "#cf6a9c",
  "#e6d27a",
];
const viridis = [
  "#440154",
  "#482878",
  "#3e4a89",
  "#31688e",
  "#26828e",
  "#1f9e89",
  "#35b779",
  "#6ece58",
  "#b5de2b",
  "#fde725",
];
const steps = 128;

/** Categories that have a colour of their own. */
export const distinct = light.length;

/** Of categories beyond the palette's length the colours come again. */
export const category = (place: number, night: boolean): string => (night ? dark : light)[place % light.length];
export const missing = (night: boolean): string => (night ? "#59646a" : "#b4bbbf");

const parts = (hex: string): number[] => [1, 3, 5].map((at) => parseInt(hex.slice(at, at + 2), 16));

/** The colour of a share in [0, 1]. The ends are kept off what the background swallows. */
export function shade(share: number, night: boolean): string {
  const [low, high] = night ? [0.2, 1] : [0, 0.93];
  const at = Math.min(Math.max(low + share * (high - low), 0), 1) * (viridis.length - 1);
  const left = Math.min(Math.floor(at), viridis.length - 2);
  const [from, to] = [parts(viridis[left]), parts(viridis[left + 1])];
  const mixed = from.map((each, i) => Math.round(each + (at - left) * (to[i] - each)));
  return `#${mixed.map((each) => each.toString(16).padStart(2, "0")).join("")}`;
}

/** One colour per step of a number, or per category; the last is that of missing values. */
export function scale(names: number, night: boolean): string[] {
  const colours = names
    ? Array.from({ length: names }, (_, place) => category(place, night))
    : Array.from({ length: steps }, (_, place) => shade(place / (steps - 1), night));
  return [...colours, missing(night)];
}

/** The place in `scale` of each value. */
export function places(values: ArrayLike<number>, names: number, low: number, high: number): Float32Array {
  const found = new Float32Array(values.length);
  const span = high - low || 1;
  for (let i = 0; i < values.length; i++) {
    const value = values[i];
    if (names) found[i] = value < names ? value : names;
    else if (value !== value) found[i] = steps;
    else found[i] = Math.round(Math.min(Math.max((value - low) / span, 0), 1) * (steps - 1));
  }
  return found;
}
