/** Windows of a signal as an image. */
import { type Curve, ranges, strokes } from "./lanes";
import { brief, useBox, usePage } from "./page";
import { category } from "./palette";
import { drawn, saveImage } from "./saving";

const wide = 360;
const inset = 3;

interface Props {
  /** Of each what is shown over each other: the first solid, the others dashed. */
  windows: Curve[][];
  /** What fills the lanes from below. */
  area?: number[][];
  title: string;
  /** Without words, as a thumb. */
  small?: boolean;
  keep?: boolean;
}

export function Curves({ windows, area, title, small, keep }: Props) {
  const page = usePage();
  const night = useBox(page.night);
  const names = page.about.signal?.channels ?? [];
  const bounds = ranges(windows, page.about);
  const lane = Math.min(Math.max(240 / bounds.length, 38), 110);
  const most = Math.max(...(area ?? []).flat(), 1e-12);
  const [ink, back, warm] = night ? ["#a5b0b6", "#11171a", "#f29560"] : ["#566168", "#ffffff", "#b9460f"];
  const path = (curve: Curve, c: number): string =>
    strokes(curve, bounds[c])
      .map((each) =>
        each.map(([x, y]) => `${(x * wide).toFixed(1)} ${(lane * c + inset + y * (lane - 2 * inset)).toFixed(1)}`),
      )
      .map((each) => `M${each.join("L")}${each.length === 1 ? "h1" : ""}`)
      .join("");
  const filled = (heights: number[], c: number): string => {
    const floor = lane * (c + 1);
    const tops = heights.map((each, i) => {
      const height = 0.6 * lane * Math.max(each ?? 0, 0);
      return `${((i / (heights.length - 1 || 1)) * wide).toFixed(1)} ${(floor - height / most).toFixed(1)}`;
    });
    return `M0 ${floor}L${tops.join("L")}L${wide} ${floor}Z`;
  };
  const word = (text: string, x: number, y: number, end: boolean) => (
    <text x={x} y={y} font-size="10" fill={ink} stroke={back} stroke-width="3" text-anchor={end ? "end" : "start"}>
      {text}
    </text>
  );
  const height = lane * bounds.length;
  const save = async (event: MouseEvent) => {
    const svg = (event.currentTarget as HTMLElement).parentElement?.querySelector("svg") as SVGSVGElement;
    saveImage(await drawn(svg, wide, height, back), `${title.replaceAll(/\W+/g, "-")}.png`);
  };
  return (
    <span class={small ? "curves small" : "curves"}>
      <svg
        viewBox={`0 0 ${wide} ${height}`}
        preserveAspectRatio={small ? "none" : undefined}
        role="img"
        aria-label={title}
        font-family="system-ui, sans-serif"
        paint-order="stroke"
      >
        {bounds.map(([low, high], c) => (
          <g>
            {area && <path d={filled(area[c], c)} fill={warm} fill-opacity="0.35" />}
            {windows.map((window, which) => (
              <path
                d={path(window[c], c)}
                fill="none"
                stroke={category(c + 2, night)}
                stroke-width="1.6"
                stroke-dasharray={which ? "5 3" : undefined}
                vector-effect="non-scaling-stroke"
              />
            ))}
            {!small && (
              <>
                {c > 0 && <path d={`M0 ${lane * c}H${wide}`} stroke={ink} stroke-opacity="0.25" />}
                {word(names[c] ?? "", 4, lane * c + 11, false)}
                {word(brief(high), wide - 4, lane * c + 11, true)}
                {word(brief(low), wide - 4, lane * (c + 1) - 4, true)}
              </>
            )}
          </g>
        ))}
      </svg>
      {keep && (
        <button class="keep" title="Save as PNG" aria-label={`Save ${title} as PNG`} onClick={save}>
          ↓
        </button>
      )}
    </span>
  );
}
