import { rgb } from "../palette";
import type { PointTable } from "../pointtable";
import { type PointFrame, type PointRenderer, type Style, sizeCanvas, tooSmall } from "./pointrenderer";
import fragment from "./shaders/fragment.glsl";
import vertex from "./shaders/vertex.glsl";
import type { Places } from "./travel";

type Column = Float32Array<ArrayBuffer> | Uint16Array<ArrayBuffer> | Uint8Array<ArrayBuffer>;

const [X, Y, FROM_X, FROM_Y, GROUP, LOOK] = [0, 1, 2, 3, 4, 5];
/** Classes that fit into a line of the palette's texture. */
const PALETTE_WIDTH = 256;

/**
 * Draws points with WebGL2, straight from the columns of the table. Appending uploads the new rows only. Throws when
 * the canvas gives no WebGL2 context. A context that was lost is empty when it is back.
 */
export function glRenderer(
  canvas: HTMLCanvasElement,
  onLost: () => void,
  onRestored: () => void,
): PointRenderer {
  const gl = canvas.getContext("webgl2", {
    antialias: false,
    depth: false,
    preserveDrawingBuffer: true, // so that appended points are drawn over those that are there
  })!;
  if (!gl) throw new Error("WebGL2 is not available");
  const abort = new AbortController();
  const { signal } = abort;
  /** Of marks and of dots, linked when there are some to draw: that takes long without a graphics card. */
  const programs = new Map<boolean, WebGLProgram>();
  const lists = new Map<WebGLBuffer, Uint32Array>();
  let lengths: number[] = [];
  let columns: WebGLBuffer[] = [];
  let [within, above]: WebGLBuffer[] = [];
  let lost = false;
  let count = 0;
  let travels = false;
  let style: Style | null = null;

  const lose = (event: Event) => {
    event.preventDefault(); // asks for it to be restored
    lost = true;
    onLost();
  };
  const restore = () => {
    setUp();
    onRestored();
  };
  canvas.addEventListener("webglcontextlost", lose, { signal });
  canvas.addEventListener("webglcontextrestored", restore, { signal });
  setUp();

  function setUp(): void {
    lost = false;
    lengths = [];
    lists.clear();
    programs.clear();
    columns = [X, Y, FROM_X, FROM_Y, GROUP, LOOK].map((i) => {
      const buffer = gl.createBuffer();
      gl.bindBuffer(gl.ARRAY_BUFFER, buffer);
      if (i < GROUP) gl.vertexAttribPointer(i, 1, gl.FLOAT, false, 0, 0);
      else gl.vertexAttribIPointer(i, 1, i === GROUP ? gl.UNSIGNED_SHORT : gl.UNSIGNED_BYTE, 0, 0);
      gl.enableVertexAttribArray(i);
      return buffer;
    });
    [within, above] = [gl.createBuffer(), gl.createBuffer()];
    gl.bindTexture(gl.TEXTURE_2D, gl.createTexture());
    gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_MIN_FILTER, gl.NEAREST);
    gl.enable(gl.BLEND);
    gl.blendFunc(gl.ONE, gl.ONE_MINUS_SRC_ALPHA);
  }

  function link(dots: boolean): WebGLProgram {
    const program = gl.createProgram();
    const add = (type: number, source: string) => {
      const shader = gl.createShader(type)!;
      gl.shaderSource(shader, `#version 300 es\n${dots ? "#define DOTS\n" : ""}${source}`);
      gl.compileShader(shader);
      gl.attachShader(program, shader);
    };
    add(gl.VERTEX_SHADER, vertex);
    add(gl.FRAGMENT_SHADER, fragment);
    gl.linkProgram(program);
    if (!gl.getProgramParameter(program, gl.LINK_STATUS) && !gl.isContextLost()) {
      throw new Error(`the map's shaders do not link: ${gl.getProgramInfoLog(program)}`);
    }
    programs.set(dots, program);
    return program;
  }

  /** Uploads rows of a column; all of them when it has grown. */
  function upload(index: number, column: Column, start: number, end: number): void {
    if (lost) return;
    gl.bindBuffer(gl.ARRAY_BUFFER, columns[index]);
    let first = start;
    if (lengths[index] !== column.length) {
      gl.bufferData(gl.ARRAY_BUFFER, column.byteLength, gl.DYNAMIC_DRAW);
      lengths[index] = column.length;
      first = 0;
    }
    if (end > first)
      gl.bufferSubData(gl.ARRAY_BUFFER, first * column.BYTES_PER_ELEMENT, column, first, end - first);
  }

  /** Draws the rows of a list, which is kept on the card until there is another. */
  function list(buffer: WebGLBuffer, rows: Uint32Array<ArrayBuffer>): void {
    if (!rows.length) return;
    gl.bindBuffer(gl.ELEMENT_ARRAY_BUFFER, buffer);
    if (lists.get(buffer) !== rows) gl.bufferData(gl.ELEMENT_ARRAY_BUFFER, rows, gl.DYNAMIC_DRAW);
    lists.set(buffer, rows);
    gl.drawElements(gl.POINTS, rows.length, gl.UNSIGNED_INT, 0);
  }

  return {
    canvas,

    setStyle(next: Style): void {
      style = next;
      if (lost) return;
      const lines = Math.ceil(next.colours.length / PALETTE_WIDTH) || 1;
      const texels = new Uint8Array(PALETTE_WIDTH * lines * 4).fill(128);
      next.colours.forEach((colour, i) => {
        texels.set(
          [...rgb(colour), Number(next.inFull[i])].map((part) => part * 255),
          i * 4,
        );
      });
      gl.texImage2D(gl.TEXTURE_2D, 0, gl.RGBA, PALETTE_WIDTH, lines, 0, gl.RGBA, gl.UNSIGNED_BYTE, texels);
    },

    take(points: PointTable, looks: Uint8Array<ArrayBuffer>, start: number, from: Places | null): void {
      count = points.count;
      travels = from !== null;
      upload(X, points.x, start, count);
      upload(Y, points.y, start, count);
      upload(GROUP, points.classIndex, start, count);
      upload(LOOK, looks, start, count);
      if (!from) return;
      upload(FROM_X, from.x, 0, count);
      upload(FROM_Y, from.y, 0, count);
    },

    restyle(looks: Uint8Array<ArrayBuffer>, start: number, end: number): void {
      upload(LOOK, looks, start, end);
    },

    draw(frame: PointFrame): void {
      if (lost || gl.isContextLost() || !style) return;
      const same = sizeCanvas(canvas, frame);
      gl.viewport(0, 0, canvas.width, canvas.height);
      if (!same || !frame.since) gl.clear(gl.COLOR_BUFFER_BIT);
      if (!count) return;
      const { k, tx, ty } = frame.camera;
      const radius = frame.radius * frame.pixelRatio;
      const dots = tooSmall(radius);
      const program = programs.get(dots) ?? link(dots);
      const at = (name: string) => gl.getUniformLocation(program, name);
      gl.useProgram(program);
      const [scaleX, scaleY] = [2 / frame.width, 2 / frame.height];
      gl.uniform4f(at("view"), k * scaleX, k * scaleY, tx * scaleX - 1, 1 - ty * scaleY);
      gl.uniform1f(at("ratio"), frame.pixelRatio);
      gl.uniform1f(at("travel"), frame.mix);
      gl.uniform1f(at("muted"), style.muted);
      gl.uniform1ui(at("mask"), frame.mask);
      gl.uniform3fv(at("background"), rgb(style.background));
      gl.uniform3fv(at("ink"), rgb(style.ink));
      for (const column of [FROM_X, FROM_Y]) {
        if (travels && frame.mix < 1) gl.enableVertexAttribArray(column);
        else gl.disableVertexAttribArray(column);
      }
      const size = at("radius");
      gl.uniform1f(size, radius);
      if (frame.rows) list(within, frame.rows);
      else {
        const steps = [{ start: 0, size: 1 }, ...frame.growing];
        steps.forEach((step, i) => {
          const first = Math.max(step.start, frame.since);
          const end = steps[i + 1]?.start ?? count;
          gl.uniform1f(size, radius * step.size);
          if (end > first) gl.drawArrays(gl.POINTS, first, end - first);
        });
        gl.uniform1f(size, radius);
      }
      list(above, frame.onTop);
    },

    dispose(): void {
      abort.abort();
      lost = true;
      gl.getExtension("WEBGL_lose_context")?.loseContext(); // browsers keep only so many contexts
      canvas.width = canvas.height = 0;
    },
  };
}
