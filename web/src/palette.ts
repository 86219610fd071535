/**
 * Colours that people who confuse some can tell apart: Tol's muted scheme for up to ten names, viridis for numbers.
 *
 * Beyond ten names, each further colour is the one that is farthest, in Oklab, from those before it, from the background
 * and from the colour of missing values.
 */

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
  "#121b09",
  "#8700fc",
  "#fc00fc",
  "#0000fc",
  "#00c600",
  "#754800",
  "#5175f3",
  "#51637e",
  "#c690fc",
  "#fc0090",
  "#fc0000",
  "#360036",
  "#5a0000",
  "#7500a2",
  "#ab2400",
  "#fc75cf",
  "#00123f",
  "#bd48ea",
  "#00483f",
  "#907e6c",
  "#4800cf",
  "#6c51ab",
  "#005aab",
  "#997eb4",
  "#513648",
  "#e199bd",
  "#c6125a",
  "#0000ab",
  "#0987b4",
  "#09ab5a",
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
  "#c600fc",
  "#00fc00",
  "#fc0000",
  "#fc00bd",
  "#907500",
  "#d8fc00",
  "#0090bd",
  "#0075fc",
  "#fcd8e1",
  "#75fca2",
  "#a29990",
  "#c65a24",
  "#9051fc",
  "#c6fce1",
  "#00876c",
  "#f31b75",
  "#f363fc",
  "#09c609",
  "#009000",
  "#cfb4fc",
  "#00fcfc",
  "#b448c6",
  "#906c99",
  "#5aabfc",
  "#996c5a",
  "#99d836",
  "#7e9900",
  "#fc7500",
  "#bdc6ab",
  "#bd75fc",
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

/** Colours that go well together. */
export const muted = 10;

/** Categories that have a colour of their own. */
export const distinct = light.length;

/** Beyond the length of the palette its colours repeat. */
export const category = (index: number, night: boolean): string => (night ? dark : light)[index % light.length];
export const missing = (night: boolean): string => (night ? "#59646a" : "#b4bbbf");

const parts = (hex: string): number[] => [1, 3, 5].map((at) => parseInt(hex.slice(at, at + 2), 16));

/** The colour of a fraction in [0, 1]. The ends are kept off what the background swallows. */
export function shade(fraction: number, night: boolean): string {
  const [low, high] = night ? [0.2, 1] : [0, 0.93];
  const at = Math.min(Math.max(low + fraction * (high - low), 0), 1) * (viridis.length - 1);
  const left = Math.min(Math.floor(at), viridis.length - 2);
  const [from, to] = [parts(viridis[left]), parts(viridis[left + 1])];
  const mixed = from.map((each, i) => Math.round(each + (at - left) * (to[i] - each)));
  return `#${mixed.map((each) => each.toString(16).padStart(2, "0")).join("")}`;
}

/** One colour per step of a number, or per category; the last is that of missing values. */
export function scale(names: number, night: boolean): string[] {
  const colours = names
    ? Array.from({ length: names }, (_, index) => category(index, night))
    : Array.from({ length: steps }, (_, index) => shade(index / (steps - 1), night));
  return [...colours, missing(night)];
}

/** The index in `scale` of each value. */
export function indices(values: ArrayLike<number>, names: number, low: number, high: number): Float32Array {
  const result = new Float32Array(values.length);
  const span = high - low || 1;
  for (let i = 0; i < values.length; i++) {
    const value = values[i];
    if (names) result[i] = value < names ? value : names;
    else if (value !== value) result[i] = steps;
    else result[i] = Math.round(Math.min(Math.max((value - low) / span, 0), 1) * (steps - 1));
  }
  return result;
}

/** The same colours, all but one faded to that of missing values. */
export const emphasized = (colours: string[], index: number, night: boolean): string[] =>
  colours.map((each, i) => (i === index ? each : missing(night)));
