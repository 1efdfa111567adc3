export { editing } from "./studio/editing";
export { exporting } from "./studio/exporting";
export { gallery } from "./studio/gallery";
export { lend } from "./studio/kit";
export { picker } from "./studio/picker";
export { strategy } from "./studio/strategy";
export { teach } from "./studio/teach";
export { default as sheet } from "./styles/studio.css";
