/** A decoder in plain JavaScript: a list of operations, each of which makes the next register. */
import { type Packed, unpack } from "./arrays";

export type Numbers = Float64Array;

export interface Op {
  op: string;
  of: number[];
  weight?: Packed | null;
  bias?: Packed | null;
  eps?: number;
  scale?: number;
  offset?: number;
  start?: number;
  stop?: number;
  low?: number | null;
  high?: number | null;
  values?: Packed;
}

/** The error function, to 1.5e-7 (Abramowitz & Stegun 7.1.26). */
export function erf(x: number): number {
  const t = 1 / (1 + 0.3275911 * Math.abs(x));
  const series = ((((1.061405429 * t - 1.453152027) * t + 1.421413741) * t - 0.284496736) * t + 0.254829592) * t;
  return Math.sign(x) * (1 - series * Math.exp(-x * x));
}

const each: Record<string, (x: number) => number> = {
  gelu: (x) => 0.5 * x * (1 + erf(x * Math.SQRT1_2)),
  relu: (x) => Math.max(x, 0),
  tanh: Math.tanh,
  sigmoid: (x) => 1 / (1 + Math.exp(-x)),
  silu: (x) => x / (1 + Math.exp(-x)),
};

function linear(x: Numbers, weight: Float32Array, bias: Float32Array | null): Numbers {
  const rows = weight.length / x.length;
  const y = new Float64Array(rows);
  for (let row = 0, at = 0; row < rows; row++) {
    let sum = bias ? bias[row] : 0;
    for (let i = 0; i < x.length; i++) sum += weight[at++] * x[i];
    y[row] = sum;
  }
  return y;
}

function layernorm(x: Numbers, weight: Float32Array | null, bias: Float32Array | null, eps: number): Numbers {
  const mean = x.reduce((sum, value) => sum + value, 0) / x.length;
  const variance = x.reduce((sum, value) => sum + (value - mean) ** 2, 0) / x.length;
  const scale = 1 / Math.sqrt(variance + eps);
  return Float64Array.from(x, (value, i) => (value - mean) * scale * (weight?.[i] ?? 1) + (bias?.[i] ?? 0));
}

function softmax(x: Numbers): Numbers {
  const most = x.reduce((a, b) => Math.max(a, b), -Infinity);
  const powers = Float64Array.from(x, (value) => Math.exp(value - most));
  const sum = powers.reduce((a, b) => a + b, 0);
  return powers.map((value) => value / sum);
}

function pairwise(a: Numbers, b: Numbers, join: (x: number, y: number) => number): Numbers {
  const length = Math.max(a.length, b.length);
  return Float64Array.from({ length }, (_, i) => join(a[a.length === 1 ? 0 : i], b[b.length === 1 ? 0 : i]));
}

type Step = (inputs: Numbers[]) => Numbers;

function step(op: Op): Step {
  const [weight, bias] = [op.weight ? unpack(op.weight) : null, op.bias ? unpack(op.bias) : null];
  if (op.op in each) return ([x]) => Float64Array.from(x, each[op.op]);
  switch (op.op) {
    case "linear":
      return ([x]) => linear(x, weight as Float32Array, bias);
    case "layernorm":
      return ([x]) => layernorm(x, weight, bias, op.eps ?? 1e-5);
    case "add":
      return ([a, b]) => pairwise(a, b, (x, y) => x + y);
    case "mul":
      return ([a, b]) => pairwise(a, b, (x, y) => x * y);
    case "affine":
      return ([x]) => Float64Array.from(x, (value) => value * (op.scale ?? 1) + (op.offset ?? 0));
    case "concat":
      return (inputs) => Float64Array.from(inputs.flatMap((x) => Array.from(x)));
    case "slice":
      return ([x]) => x.slice(op.start, op.stop);
    case "softmax":
      return ([x]) => softmax(x);
    case "clip":
      return ([x]) =>
        Float64Array.from(x, (value) => Math.min(Math.max(value, op.low ?? -Infinity), op.high ?? Infinity));
    case "const": {
      const values = Float64Array.from(unpack(op.values as Packed));
      return () => values;
    }
    default:
      throw new Error(`the decoder has an operation "${op.op}" that this page does not know`);
  }
}

/** Make a function from a code to what the decoder makes of it. */
export function decoder(ops: Op[], result: number): (z: ArrayLike<number>) => Numbers {
  const steps = ops.map(step);
  return (z) => {
    const registers: Numbers[] = [Float64Array.from(z)];
    steps.forEach((run, i) => registers.push(run(ops[i].of.map((register) => registers[register]))));
    return registers[result];
  };
}
