/** The studio's style sheet, as text: build.mjs sees to that. */
declare module "*.css" {
  const text: string;
  export default text;
}
