import { counted, h } from "../kit";

export type Tool = "brush" | "eraser" | "rectangle";

type Stroke = { tool: "brush" | "eraser"; width: number; points: number[] };
type Rectangle = { tool: "rectangle"; box: [x: number, y: number, width: number, height: number] };
type Step = Stroke | Rectangle | { tool: "clear" };

export interface Painting {
  canvas: HTMLCanvasElement;
  /** Begins anew, on a picture of this size. */
  reset(width: number, height: number): void;
  use(tool: Tool, width: number): void;
  /** A rectangle in shares of the picture, 0 … 1. */
  rectangle(left: number, top: number, width: number, height: number): void;
  undo(): void;
  clear(): void;
  /** How many steps can be undone. */
  steps(): number;
  /** A PNG in base64, white where it was painted; null where nothing was. */
  mask(): string | null;
}

/** A canvas over a picture that is painted on where the picture may change; `changed` hears of every step. */
export function painting(changed: () => void): Painting {
  const canvas = h("canvas.dc-paint", {
    role: "img",
    label: "What is painted may change",
    on: {
      pointerdown: (event) => begin(event),
      pointermove: (event) => go(event),
      pointerup: () => finish(),
      pointercancel: () => finish(),
    },
  });
  const paper = canvas.getContext("2d")!;
  let done: Step[] = [];
  let now: Stroke | Rectangle | null = null;
  let tool: Tool = "brush";
  let share = 0.12;

  const place = ({ clientX, clientY }: PointerEvent): [x: number, y: number] => {
    const { left, top, width, height } = canvas.getBoundingClientRect();
    return [((clientX - left) * canvas.width) / width, ((clientY - top) * canvas.height) / height];
  };

  const begin = (event: PointerEvent) => {
    if (event.button) return;
    event.preventDefault();
    canvas.setPointerCapture(event.pointerId);
    const [x, y] = place(event);
    const width = Math.max(1, share * Math.max(canvas.width, canvas.height));
    now = tool === "rectangle" ? { tool, box: [x, y, 0, 0] } : { tool, width, points: [x, y, x, y] };
    draw();
  };

  const go = (event: PointerEvent) => {
    if (!now) return;
    const [x, y] = place(event);
    if (now.tool === "rectangle") now.box = [now.box[0], now.box[1], x - now.box[0], y - now.box[1]];
    else for (const each of event.getCoalescedEvents?.() ?? [event]) now.points.push(...place(each));
    draw();
  };

  const finish = () => {
    if (!now) return;
    const step = now;
    now = null;
    if (step.tool !== "rectangle" || (step.box[2] && step.box[3])) done.push(step);
    draw();
    changed();
  };

  const draw = () => {
    paper.clearRect(0, 0, canvas.width, canvas.height);
    paper.lineCap = "round";
    paper.lineJoin = "round";
    const ink = getComputedStyle(canvas).color;
    paper.fillStyle = ink;
    paper.strokeStyle = ink;
    for (const step of now ? [...done, now] : done) {
      paper.globalCompositeOperation = step.tool === "eraser" ? "destination-out" : "source-over";
      if (step.tool === "clear") paper.clearRect(0, 0, canvas.width, canvas.height);
      else if (step.tool === "rectangle") paper.fillRect(...step.box);
      else {
        paper.lineWidth = step.width;
        paper.beginPath();
        for (let i = 0; i < step.points.length; i += 2) paper.lineTo(step.points[i], step.points[i + 1]);
        paper.stroke();
      }
    }
  };

  const step = (last: Step) => {
    done.push(last);
    draw();
    changed();
  };

  const painted = () => {
    const { data } = paper.getImageData(0, 0, canvas.width, canvas.height);
    return data.some((value, i) => i % 4 === 3 && value > 127);
  };

  return {
    canvas,
    reset(width, height) {
      done = [];
      now = null;
      Object.assign(canvas, { width, height });
      changed();
    },
    use(next, width) {
      tool = next;
      share = width;
    },
    rectangle(left, top, width, height) {
      const { width: w, height: t } = canvas;
      step({ tool: "rectangle", box: [left * w, top * t, width * w, height * t] });
      canvas.ariaLabel = `What is painted may change: ${counted(done.length, "step")}`;
    },
    undo() {
      done.pop();
      draw();
      changed();
    },
    clear: () => step({ tool: "clear" }),
    steps: () => done.length,
    mask() {
      if (!painted()) return null;
      const file = document.createElement("canvas");
      Object.assign(file, { width: canvas.width, height: canvas.height });
      const ink = file.getContext("2d")!;
      ink.drawImage(canvas, 0, 0);
      ink.globalCompositeOperation = "source-in";
      ink.fillStyle = "white";
      ink.fillRect(0, 0, file.width, file.height);
      ink.globalCompositeOperation = "destination-over";
      ink.fillStyle = "black";
      ink.fillRect(0, 0, file.width, file.height);
      return base64(file);
    },
  };
}

/** A canvas as a PNG in base64. */
export function base64(canvas: HTMLCanvasElement): string {
  return canvas.toDataURL("image/png").split(",")[1];
}
