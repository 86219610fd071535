/** What the explorer's API says; see apps/explorer on the Python side. */

export type Cell = string | number | boolean | null;
export type Picture = { png: string; wav?: string };
export type Value = Picture | { cells: Cell[] } | { curve: (number | null)[][] };
/** How much each element contributes to the score or the error of an example; without a server, its difference. */
export type Contributions = { png: string } | { values: number[] } | { curve: number[][] };
export type Point = [number, number];
export type Code = number[];

export interface Field {
  name: string;
  kind: string;
  shape: number[];
  categories: Cell[];
  low: number | null;
  high: number | null;
}

export interface Model {
  id: number;
  name: string;
  variant: string;
  latent_dim: number;
  maps: { id: string; title: string }[];
  decodes: boolean;
  /** Why a code, as the page shows it, cannot be decoded. */
  why: string | null;
  samples: boolean;
  /** What is shown before and after; null where the model was not trained to remove noise. */
  restores: Restores | null;
  /** Why a denoiser is not shown before and after. */
  unrestored: string | null;
  /** What is shown at any rate; null where the model writes no files. */
  compresses: Compresses | null;
  /** Whether errors are minus the log of a probability or density. */
  nats: boolean;
  scores: boolean;
  threshold: number | null;
  code_low: number[];
  code_high: number[];
}

export interface Restores {
  /** Which files can be opened. */
  accepts: string;
  /** What the level of the noise is: a deviation, where black to white is 1, or the ratio to the recording. */
  noise: "deviation" | "ratio";
  /** The measure, in decibels, of how near to the clean example. */
  quality: string;
}

export interface Compresses {
  /** Which files can be opened. */
  accepts: string;
  /** With which codecs it can be compared. */
  codecs: string[];
}

export interface Colour {
  id: string;
  title: string;
  kind: "category" | "number";
  names?: string[];
  low?: number | null;
  high?: number | null;
}

export interface About {
  title: string;
  n: number;
  demo: boolean;
  fields: Field[];
  kind: "table" | "pixels" | "signal" | "sound";
  models: Model[];
  colours: Colour[];
  examples: boolean;
  limited?: number | null;
  image?: { height: number; width: number; channels: number };
  /** Of each column of a table the standard deviation; null where it has none. */
  deviation?: (number | null)[];
  signal?: {
    window: number;
    channels: string[];
    low: (number | null)[] | null;
    high: (number | null)[] | null;
    deviation: number[];
  };
}

/** The values that colour the points: indices of categories, or numbers with the range to show. */
export interface Colouring {
  values: ArrayLike<number>;
  low: number;
  high: number;
}

export interface Near {
  index: number;
  distance: number;
}

export interface Example {
  index: number;
  row: number;
  label: Cell;
  error: number | null;
  score: number | null;
  threshold: number | null;
  flagged: boolean | null;
  original: Value | null;
  reconstruction: Value | null;
  contributions: Contributions | null;
  /** With its heat map over it, where a detector has one. */
  heat: Value | null;
  code: Code;
  neighbours: Near[];
}

/** How far a map is that is still being made; a total of 0: it is not known. */
export interface Progress {
  stage: string;
  done: number;
  total: number;
  seconds: number;
}

/** Which map: its id and, for the map "codes", two code numbers. */
export interface Chart {
  map: string;
  x: number;
  y: number;
}

/** What codes decode to, and where they lie on the map. */
export interface Decoded {
  codes: Code[];
  values: Value[];
  positions?: (Point | null)[] | null;
}

export interface Asked {
  pixels?: number[];
  noise: number;
  erase: number;
  seed: number;
}

export interface Encoded {
  /** What the model sees: the image with its noise and gaps. */
  input: Value;
  reconstruction: Value;
  error: number;
  score: number | null;
  code: Code;
  position: Point | null;
  nearest: Near[];
}

/** An example, or a file that was opened. */
export interface On {
  index?: number;
  file?: number;
}

export interface RestoreAsked extends On {
  noise: number;
  seed: number;
  strength: number;
}

export interface Restored {
  before: Picture;
  after: Picture;
  /** Before less after. */
  taken: Picture;
  /** How much that is enlarged. */
  gain: number;
  note: string;
  /** Before and after against what the noise was added to; null without noise. */
  quality: (number | null)[] | null;
}

export interface CompressAsked extends On {
  /** Of the model. */
  quality: number;
  /** Whose file of at most as many bytes is wanted, "original" or "isthmus". */
  codec: string;
}

/** An image as a codec gives it back. */
export interface Coded {
  png: string;
  note: string;
  /** Of the codec; null of the original. */
  quality: number | null;
  bytes: number;
  /** Bits per pixel. */
  bpp: number;
  /** In decibels; null where nothing is lost. */
  psnr: number | null;
}

export interface Scores {
  threshold: number | null;
  edges: number[];
  counts: number[];
  /** "excess": how far scores are above the thresholds of their groups. */
  what: "score" | "error" | "excess";
}

export interface Flagged {
  flagged: number;
  rows: { index: number; label: Cell; score: number; contributors: { name: string; fraction: number }[] }[];
}

/** Where the page's numbers come from: a server, or the file itself. */
export interface Source {
  readonly live: boolean;
  about(): Promise<About>;
  map(model: number, chart: Chart): Promise<Float32Array | { progress: Progress }>;
  colour(colour: Colour): Promise<Colouring>;
  example(model: number, index: number, map: string): Promise<Example>;
  values(indices: number[]): Promise<(Value | null)[]>;
  decode(model: number, z: Code[]): Promise<Value[]>;
  walk(model: number, chart: Chart, points: Point[], code: Code | null): Promise<Decoded>;
  grid(model: number, chart: Chart, bounds: number[], columns: number, rows: number): Promise<Value[]>;
  interpolate(model: number, chart: Chart, from: number, to: number, steps: number): Promise<Decoded>;
  direction(model: number, from: number[], to: number[]): Promise<Code>;
  sample(model: number, chart: Chart, n: number, seed: number, temperature: number): Promise<Decoded>;
  encode(model: number, chart: Chart, asked: Asked): Promise<Encoded>;
  /** The number of a file that the person opened. */
  file(model: number, file: File): Promise<number>;
  restore(model: number, asked: RestoreAsked): Promise<Restored>;
  compress(model: number, asked: CompressAsked): Promise<Coded>;
  scores(model: number): Promise<Scores>;
  anomalies(model: number, threshold: number, limit: number): Promise<Flagged>;
  search(text: string): Promise<{ indices: number[]; total: number }>;
  flaggedRows(model: number, threshold: number): Promise<Blob>;
  rows(indices: number[]): Promise<Blob>;
}
