import { rgb } from "../palette";
import type { PointTable } from "../pointtable";
import { type PointFrame, type PointRenderer, type Style, sizeCanvas, tooSmall } from "./pointrenderer";
import { FRAGMENT, PALETTE_WIDTH, VERTEX } from "./shaders";
import type { Places } from "./travel";

type Column = Float32Array<ArrayBuffer> | Uint16Array<ArrayBuffer> | Uint8Array<ArrayBuffer>;

interface Program {
  use: WebGLProgram;
  at: (name: string) => WebGLUniformLocation | null;
}

interface Gpu {
  /** Of marks and of dots, linked when there are some to draw: that takes long without a graphics card. */
  programs: Map<boolean, Program>;
  columns: WebGLBuffer[];
  rows: WebGLBuffer;
  onTop: WebGLBuffer;
}

const [X, Y, FROM_X, FROM_Y, GROUP, LOOK] = [0, 1, 2, 3, 4, 5];

/** Draws points with WebGL2, straight from the columns of the table. Appending uploads the new rows only. */
export class GlRenderer implements PointRenderer {
  readonly canvas: HTMLCanvasElement;
  readonly #gl: WebGL2RenderingContext;
  readonly #abort = new AbortController();
  readonly #lengths: number[] = [];
  readonly #lists = new Map<WebGLBuffer, Uint32Array>();
  #gpu: Gpu | null = null;
  #count = 0;
  #travels = false;
  #style: Style | null = null;

  /** Throws when the canvas gives no WebGL2 context. A context that was lost is empty when it is back. */
  constructor(canvas: HTMLCanvasElement, onLost: () => void, onRestored: () => void) {
    const gl = canvas.getContext("webgl2", {
      antialias: false,
      depth: false,
      preserveDrawingBuffer: true, // so that appended points are drawn over those that are there
    });
    if (!gl) throw new Error("WebGL2 is not available");
    this.canvas = canvas;
    this.#gl = gl;
    const on = (name: string, listener: (event: Event) => void) =>
      canvas.addEventListener(name, listener, { signal: this.#abort.signal });
    on("webglcontextlost", (event) => {
      event.preventDefault(); // asks for it to be restored
      this.#gpu = null;
      onLost();
    });
    on("webglcontextrestored", () => {
      this.#gpu = this.#setUp();
      onRestored();
    });
    this.#gpu = this.#setUp();
  }

  setStyle(style: Style): void {
    this.#style = style;
    if (!this.#gpu) return;
    const gl = this.#gl;
    const lines = Math.ceil(style.colours.length / PALETTE_WIDTH) || 1;
    const texels = new Uint8Array(PALETTE_WIDTH * lines * 4).fill(128);
    style.colours.forEach((colour, i) => {
      texels.set(
        [...rgb(colour), style.inFull[i] ? 1 : 0].map((part) => part * 255),
        i * 4,
      );
    });
    gl.texImage2D(gl.TEXTURE_2D, 0, gl.RGBA, PALETTE_WIDTH, lines, 0, gl.RGBA, gl.UNSIGNED_BYTE, texels);
  }

  take(points: PointTable, looks: Uint8Array<ArrayBuffer>, start: number, from: Places | null): void {
    this.#count = points.count;
    this.#travels = from !== null;
    if (!this.#gpu) return;
    const { count } = points;
    this.#upload(X, points.x, start, count);
    this.#upload(Y, points.y, start, count);
    this.#upload(GROUP, points.classIndex, start, count);
    this.#upload(LOOK, looks, start, count);
    if (from) {
      this.#upload(FROM_X, from.x, 0, count);
      this.#upload(FROM_Y, from.y, 0, count);
    }
  }

  restyle(looks: Uint8Array<ArrayBuffer>, start: number, end: number): void {
    if (this.#gpu) this.#upload(LOOK, looks, start, end);
  }

  draw(frame: PointFrame): void {
    const gl = this.#gl;
    const gpu = this.#gpu;
    if (!gpu || gl.isContextLost() || !this.#style) return;
    const same = sizeCanvas(this.canvas, frame);
    const { width, height } = this.canvas;
    gl.viewport(0, 0, width, height);
    if (!same || !frame.since) gl.clear(gl.COLOR_BUFFER_BIT);
    if (!this.#count) return;
    const { k, tx, ty } = frame.camera;
    const radius = frame.radius * frame.pixelRatio;
    const dots = tooSmall(radius);
    const { use, at } = gpu.programs.get(dots) ?? this.#link(dots);
    gpu.programs.set(dots, { use, at });
    gl.useProgram(use);
    const [scaleX, scaleY] = [2 / frame.width, 2 / frame.height];
    gl.uniform4f(at("view"), k * scaleX, k * scaleY, tx * scaleX - 1, 1 - ty * scaleY);
    gl.uniform1f(at("ratio"), frame.pixelRatio);
    gl.uniform1f(at("travel"), frame.mix);
    gl.uniform1f(at("muted"), this.#style.muted);
    gl.uniform1ui(at("mask"), frame.mask);
    gl.uniform3fv(at("background"), rgb(this.#style.background));
    gl.uniform3fv(at("ink"), rgb(this.#style.ink));
    for (const column of [FROM_X, FROM_Y]) {
      if (this.#travels && frame.mix < 1) gl.enableVertexAttribArray(column);
      else gl.disableVertexAttribArray(column);
    }
    const grown = (size: number) => gl.uniform1f(at("radius"), radius * size);
    grown(1);
    if (frame.rows) this.#list(gpu.rows, frame.rows);
    else {
      const steps = [{ start: 0, size: 1 }, ...frame.growing];
      steps.forEach(({ start, size }, i) => {
        const first = Math.max(start, frame.since);
        const end = steps[i + 1]?.start ?? this.#count;
        grown(size);
        if (end > first) gl.drawArrays(gl.POINTS, first, end - first);
      });
      grown(1);
    }
    this.#list(gpu.onTop, frame.onTop);
  }

  dispose(): void {
    this.#abort.abort();
    this.#gpu = null;
    this.#gl.getExtension("WEBGL_lose_context")?.loseContext(); // browsers keep only so many contexts
    this.canvas.width = this.canvas.height = 0;
  }

  /** Draws the rows of a list, which is kept on the card until there is another. */
  #list(buffer: WebGLBuffer, rows: Uint32Array<ArrayBuffer>): void {
    if (!rows.length) return;
    const gl = this.#gl;
    gl.bindBuffer(gl.ELEMENT_ARRAY_BUFFER, buffer);
    if (this.#lists.get(buffer) !== rows) gl.bufferData(gl.ELEMENT_ARRAY_BUFFER, rows, gl.DYNAMIC_DRAW);
    this.#lists.set(buffer, rows);
    gl.drawElements(gl.POINTS, rows.length, gl.UNSIGNED_INT, 0);
  }

  /** Uploads rows of a column; all of them when it has grown. */
  #upload(index: number, column: Column, start: number, end: number): void {
    const gl = this.#gl;
    gl.bindBuffer(gl.ARRAY_BUFFER, this.#gpu!.columns[index]);
    let first = start;
    if (this.#lengths[index] !== column.length) {
      gl.bufferData(gl.ARRAY_BUFFER, column.byteLength, gl.DYNAMIC_DRAW);
      this.#lengths[index] = column.length;
      first = 0;
    }
    if (end > first) {
      gl.bufferSubData(gl.ARRAY_BUFFER, first * column.BYTES_PER_ELEMENT, column, first, end - first);
    }
  }

  #setUp(): Gpu {
    const gl = this.#gl;
    this.#lengths.length = 0;
    this.#lists.clear();
    const columns = Array.from({ length: 6 }, (_, i) => {
      const buffer = gl.createBuffer();
      gl.bindBuffer(gl.ARRAY_BUFFER, buffer);
      if (i < GROUP) gl.vertexAttribPointer(i, 1, gl.FLOAT, false, 0, 0);
      else gl.vertexAttribIPointer(i, 1, i === GROUP ? gl.UNSIGNED_SHORT : gl.UNSIGNED_BYTE, 0, 0);
      gl.enableVertexAttribArray(i);
      return buffer;
    });
    gl.bindTexture(gl.TEXTURE_2D, gl.createTexture());
    gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_MIN_FILTER, gl.NEAREST);
    gl.enable(gl.BLEND);
    gl.blendFunc(gl.ONE, gl.ONE_MINUS_SRC_ALPHA);
    return {
      programs: new Map(),
      columns,
      rows: gl.createBuffer(),
      onTop: gl.createBuffer(),
    };
  }

  #link(dots: boolean): Program {
    const gl = this.#gl;
    const use = gl.createProgram();
    for (const [type, source] of [
      [gl.VERTEX_SHADER, VERTEX],
      [gl.FRAGMENT_SHADER, FRAGMENT],
    ] as const) {
      const shader = gl.createShader(type)!;
      gl.shaderSource(shader, `#version 300 es\n${dots ? "#define DOTS\n" : ""}${source}`);
      gl.compileShader(shader);
      gl.attachShader(use, shader);
    }
    gl.linkProgram(use);
    if (!gl.getProgramParameter(use, gl.LINK_STATUS) && !gl.isContextLost()) {
      throw new Error(`the map's shaders do not link: ${gl.getProgramInfoLog(use)}`);
    }
    const known = new Map<string, WebGLUniformLocation | null>();
    const at = (name: string) => {
      if (!known.has(name)) known.set(name, gl.getUniformLocation(use, name));
      return known.get(name)!;
    };
    return { use, at };
  }
}
