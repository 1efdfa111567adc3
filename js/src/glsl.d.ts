/** A shader, without its comments: build.mjs sees to that. */
declare module "*.glsl" {
  const source: string;
  export default source;
}
