/** Arrays of an exported page: base64 text, little-endian, row-major; value = raw × scale + offset. */

export interface Packed {
  dtype: "float32" | "int16" | "uint16";
  shape: number[];
  data: string;
  scale?: number | number[];
  offset?: number | number[];
}

const kinds = { float32: Float32Array, int16: Int16Array, uint16: Uint16Array };

export function unpack({ dtype, shape, data, scale, offset }: Packed): Float32Array {
  const bytes = Uint8Array.from(atob(data), (each) => each.charCodeAt(0));
  const raw = new kinds[dtype](bytes.buffer);
  const values = Float32Array.from(raw);
  if (scale === undefined && offset === undefined) return values;
  const last = shape[shape.length - 1] || 1;
  const of = (term: number | number[] | undefined, i: number, neutral: number): number =>
    Array.isArray(term) ? term[i % last] : (term ?? neutral);
  return values.map((each, i) => each * of(scale, i, 1) + of(offset, i, 0));
}
